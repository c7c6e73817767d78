"""The institution's signing keys, and signing in a way that is checked before it is believed."""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from lti_tool.badges import data_integrity, did_web, kept_proofs, multikey, vc_jwt
from lti_tool.badges.data_integrity import VerificationMethod
from lti_tool.badges.issuer import Issuer
from lti_tool.core import clock, keys

PURPOSE: Final = "credential"
JWT_PURPOSE: Final = "credential_jwt"  # a key of its own, so that neither form can stand in


class SelfCheckError(RuntimeError):
    """We would not believe our own signature: a bug or a damaged key, never published."""


def public_keys(issuer: Issuer) -> list[Ed25519PublicKey]:
    """Return the keys that the issuer publishes: the one that signs, then earlier ones.

    No transaction may be open: the first key is made in one of its own.
    """
    return [
        Ed25519PublicKey.from_public_bytes(multikey.from_base64url(key.public_jwk["x"]))
        for key in keys.published(PURPOSE, issuer.institution_id)
    ]


def methods(issuer: Issuer) -> list[VerificationMethod]:
    """Return the same keys as the issuer's did document lists them."""
    return [did_web.verification_method(issuer.did, key) for key in public_keys(issuer)]


def sign(issuer: Issuer, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the issuer's proof, which is one that outsiders can verify.

    No transaction may be open: the first key is made in one of its own.

    Raises:
        UnsafeDocumentError: the signature would not cover all that the document says.
        SelfCheckError: it does not verify with the keys that the issuer publishes.
    """
    private = keys.current(PURPOSE, issuer.institution_id).private
    if not isinstance(private, Ed25519PrivateKey):
        raise SelfCheckError("the credential key is not Ed25519")
    now = clock.now()
    method = did_web.verification_method(issuer.did, private.public_key())
    signed = data_integrity.sign(document, key=private, method_id=method.id, created_at=now)
    check = kept_proofs.verify(signed, methods=methods(issuer), at=now)
    if not check.verified:
        raise SelfCheckError(f"{check.outcome}: {check.detail}")
    return signed


def published_jwks(issuer: Issuer) -> list[dict[str, Any]]:
    """Return the public RSA keys of compact credentials, with the issuer they belong to.

    No transaction may be open: the first key is made in one of its own.
    """
    return [
        {**key.public_jwk, "iss": issuer.did}
        for key in keys.published(JWT_PURPOSE, issuer.institution_id)
    ]


def sign_compact(issuer: Issuer, document: dict[str, Any]) -> str:
    """Return a credential as a compact JWS that outsiders can verify.

    Args:
        issuer: who signs.
        document: a credential without its embedded proof.

    Raises:
        SelfCheckError: it does not verify with the keys that the issuer publishes.
        ValueError: as `vc_jwt.sign`.
    """
    private = keys.current(JWT_PURPOSE, issuer.institution_id).private
    if not isinstance(private, RSAPrivateKey):
        raise SelfCheckError("the key of compact credentials is not RSA")
    compact = vc_jwt.sign(document, key=private)
    check = vc_jwt.verify(compact, published=published_jwks(issuer))
    if not check.verified or vc_jwt.read(compact) != document:
        raise SelfCheckError(f"{check.outcome}: {check.detail}")
    return compact
