"""The issuer's did document, which says with which keys it signs.

did:web, https://w3c-ccg.github.io/did-method-web/; Controlled Identifiers 1.0 §2.2 for the keys.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lti_tool.badges import multikey
from lti_tool.badges.data_integrity import VerificationMethod

CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
MEDIA_TYPE = "application/did+json"


def did_of(issuer_url: str) -> str:
    """Return the did of an issuer whose document lies under an address.

    Args:
        issuer_url: such as `https://cairn.example:8443/i/northfell`, without a final slash. Its
            host has a name: did:web knows no addresses of numbers.
    """
    parts = urlsplit(issuer_url)
    host = (parts.hostname or "") + (f"%3A{parts.port}" if parts.port else "")
    return ":".join(["did:web", host, *parts.path.strip("/").split("/")]).rstrip(":")


def verification_method(did: str, public_key: Ed25519PublicKey) -> VerificationMethod:
    """Return the method for a key of the issuer.

    Its fragment is the key itself: some verifiers then need no request, and a name can never
    come to mean another key.
    """
    return VerificationMethod(
        id=f"{did}#{multikey.encode_public_key(public_key)}", controller=did, public_key=public_key
    )


def document(did: str, public_keys: Iterable[Ed25519PublicKey]) -> dict[str, Any]:
    """Return the did document.

    Args:
        did: the issuer's.
        public_keys: the one that signs now and every earlier one that was not compromised: what
            they signed stays valid only while they are listed.
    """
    methods = [verification_method(did, key) for key in public_keys]
    return {
        "@context": CONTEXT,
        "id": did,
        "verificationMethod": [
            {
                "id": method.id,
                "type": "Multikey",
                "controller": method.controller,
                "publicKeyMultibase": multikey.encode_public_key(method.public_key),
            }
            for method in methods
        ],
        "assertionMethod": [method.id for method in methods],
    }


def key_set(did: str, public_keys: Iterable[Ed25519PublicKey]) -> dict[str, Any]:
    """Return the same keys as a JWK set (RFC 8037 §2), for verifiers that read no Multikey."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": verification_method(did, key).id,
                "x": multikey.to_base64url(key.public_bytes_raw()),
            }
            for key in public_keys
        ]
    }
