"""How a key of ours is shown to the world: JSON Web Key, RFC 7517."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


def public_jwk(private: PrivateKey) -> dict[str, Any]:
    """Return the public half (RFC 7518 §6.3.1, RFC 8037 §2) with `kid`, `alg` and `use`.

    `kid` is the key's thumbprint (RFC 7638), so that a name never means another key.
    """
    if isinstance(private, RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        members = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        algorithm = "RS256"
    else:
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        members = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw)}
        algorithm = "EdDSA"
    return {**members, "kid": thumbprint(members), "alg": algorithm, "use": "sig"}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the thumbprint of a public key (RFC 7638 §3, RFC 8037 §2).

    Raises:
        KeyError: it lacks what its kind of key needs.
    """
    names = {"RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    canonical = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
