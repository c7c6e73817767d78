"""One bit per credential that says whether it is revoked.

Bitstring Status List 1.0, https://www.w3.org/TR/vc-bitstring-status-list/. Everybody's bits are in
one long list, so that asking for it does not say whose credential is being checked.
"""

import gzip
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from lti_tool.badges import multikey
from lti_tool.badges.data_integrity import xml_datetime

LENGTH = 131_072  # bits; the least the specification allows (§6.1), 16 KiB before compression
_MOST_BYTES = 1 << 21  # of a list that somebody else publishes
_BITS = 8
_GZIP = 31  # zlib's window bits for "gzip, and nothing else"


def encode(indexes: Iterable[int], *, length: int = LENGTH) -> str:
    """Return the `encodedList` in which the given indexes are set.

    Args:
        indexes: of revoked credentials, each from 0 to `length` - 1, in any order.
        length: in bits, a multiple of 8.

    Raises:
        IndexError: an index outside the list.
    """
    bits = bytearray(length // _BITS)
    for index in indexes:
        if not 0 <= index < length:
            raise IndexError(f"{index} is not in a list of {length}")
        # Index 0 is the leftmost bit of the first byte (§3.2).
        bits[index // _BITS] |= 0x80 >> index % _BITS
    return "u" + multikey.to_base64url(gzip.compress(bytes(bits), mtime=0))


def decode(encoded: str) -> bytes:
    """Return the bits of an `encodedList`, packed, index 0 leftmost.

    Raises:
        ValueError: not multibase base64url of gzip, too short to hide anybody in (§6.1), or
            larger than 2 MiB.
    """
    if not encoded.startswith("u"):
        raise ValueError("not multibase base64url")
    unzip = zlib.decompressobj(wbits=_GZIP)
    try:
        bits = unzip.decompress(multikey.from_base64url(encoded[1:]), _MOST_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"not gzip: {error}") from error
    if not unzip.eof or len(bits) > _MOST_BYTES:
        raise ValueError("cut short, or larger than 2 MiB")
    if len(bits) * _BITS < LENGTH:
        raise ValueError(f"fewer than {LENGTH} entries")
    return bits


def is_set(bits: bytes, index: int) -> bool:
    """Return whether an entry's bit is set.

    Raises:
        IndexError: the list has no such entry; it must not be read as "not revoked" (§3.2).
    """
    if not 0 <= index < len(bits) * _BITS:
        raise IndexError(f"{index} is not in a list of {len(bits) * _BITS}")
    return bool(bits[index // _BITS] & (0x80 >> index % _BITS))


def entry(list_url: str, index: int) -> dict[str, str]:
    """Return the `credentialStatus` that points a credential at its bit."""
    return {
        "id": f"{list_url}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }


def credential_document(
    *, list_url: str, issuer_id: str, encoded: str, valid_from: datetime
) -> dict[str, Any]:
    """Return the credential that carries the list, to be signed by the same issuer.

    Args:
        list_url: where it is published, and its id.
        issuer_id: the did of the issuer.
        encoded: from `encode`.
        valid_from: when it was made, aware.
    """
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": list_url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_id,
        "validFrom": xml_datetime(valid_from),
        "credentialSubject": {
            "id": f"{list_url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded,
        },
    }
