"""Ed25519 public keys and byte strings as text: Multikey and Multibase.

Controlled Identifiers 1.0 §2.2.2 and §2.4, https://www.w3.org/TR/cid-1.0/
"""

import base64
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_ED25519_PUBLIC = b"\xed\x01"  # multicodec ed25519-pub, as a variable-length integer
_KEY_BYTES = 32
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")  # Python's decoder takes + and / as well
# Base 58 takes time quadratic in the length; a signature has 89 letters, a key 48.
_MOST_LETTERS = 128


def to_base58btc(data: bytes) -> str:
    """Return the multibase text: `z` and base 58 with Bitcoin's alphabet."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, value = divmod(number, 58)
        letters.append(_ALPHABET[value])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _ALPHABET[0] * zeros + "".join(reversed(letters))


def from_base58btc(text: str) -> bytes:
    """Return the bytes of a multibase text.

    Raises:
        ValueError: not base58btc, or longer than any key or signature of ours.
    """
    if not text.startswith("z") or len(text) > _MOST_LETTERS:
        raise ValueError("not a short multibase base58btc text")
    letters = text[1:]
    number = 0
    for letter in letters:
        if letter not in _VALUES:
            raise ValueError(f"{letter!r} is no base 58 letter")
        number = number * 58 + _VALUES[letter]
    zeros = len(letters) - len(letters.lstrip(_ALPHABET[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_public_key(key: Ed25519PublicKey) -> str:
    """Return the key as `publicKeyMultibase`: 48 letters that begin with z6Mk."""
    return to_base58btc(_ED25519_PUBLIC + key.public_bytes_raw())


def decode_public_key(text: str) -> Ed25519PublicKey:
    """Return the key of a `publicKeyMultibase`.

    Raises:
        ValueError: another kind of key, or not a Multikey at all.
    """
    data = from_base58btc(text)
    if not data.startswith(_ED25519_PUBLIC) or len(data) != len(_ED25519_PUBLIC) + _KEY_BYTES:
        raise ValueError("not an Ed25519 Multikey")
    return Ed25519PublicKey.from_public_bytes(data[len(_ED25519_PUBLIC) :])


def to_base64url(data: bytes) -> str:
    """Return base 64 in the URL-safe alphabet, without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of an unpadded base 64 text.

    Raises:
        ValueError: a letter outside the URL-safe alphabet, or an impossible length.
    """
    if not _BASE64URL.fullmatch(text):
        raise ValueError("a letter that is not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
