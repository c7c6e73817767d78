"""Keys of ours."""

import hashlib
import hmac

from lti_tool.core import settings


def mac(purpose: str, *parts: bytes) -> bytes:
    """Return HMAC-SHA256 over length-prefixed parts, under a key of this purpose."""
    key = hmac.digest(settings.current().secret_keys[0], purpose.encode(), hashlib.sha256)
    message = b"".join(len(part).to_bytes(8) + part for part in parts)
    return hmac.digest(key, message, hashlib.sha256)
