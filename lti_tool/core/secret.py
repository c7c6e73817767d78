"""Secrets that a cookie or a link carries: made once, kept only as a hash."""

import hashlib
import secrets


def new_secret(size: int = 32) -> str:
    """Return a random text for an address or a cookie, of so many bytes."""
    return secrets.token_urlsafe(size)


def hash_of(secret: str) -> bytes:
    """Return the form in which a secret is kept: reading the table opens nothing.

    It is random, so a plain SHA-256 suffices.
    """
    return hashlib.sha256(secret.encode()).digest()
