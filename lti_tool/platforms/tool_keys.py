"""Messages of ours to platforms, signed (Security Framework 1.0 §5.2)."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc import jwt
from joserfc.jwk import RSAKey

from lti_tool.core import keys


def sign(claims: Mapping[str, object]) -> str:
    """Return the claims as a JWT, RS256, by the key that `/lti/jwks.json` shows first.

    Loads the key the first time, so never inside a transaction.
    """
    key = keys.current("lti")
    if not isinstance(key.private, RSAPrivateKey):
        raise TypeError(f"the key for platforms is a {type(key.private).__name__}")
    header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
    return jwt.encode(header, dict(claims), RSAKey.import_key(key.private), algorithms=["RS256"])
