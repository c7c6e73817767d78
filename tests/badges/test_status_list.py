import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.badges import data_integrity, multikey, status_list
from tests.badges.samples import AT, INDEX, METHOD, published

# Bitstring Status List 1.0, example 3: a list with no bit set.
W3C_EMPTY = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"

indexes = st.sets(st.integers(0, status_list.LENGTH - 1), max_size=40)


def test_the_w3c_example_reads_as_empty() -> None:
    assert status_list.decode(W3C_EMPTY) == bytes(status_list.LENGTH // 8)


@settings(max_examples=40)
@given(indexes, st.integers(0, status_list.LENGTH - 1))
def test_exactly_the_given_bits_are_set(chosen: set[int], other: int) -> None:
    bits = status_list.decode(status_list.encode(chosen))

    assert all(status_list.is_set(bits, index) for index in chosen)
    assert status_list.is_set(bits, other) == (other in chosen)
    assert sum(byte.bit_count() for byte in bits) == len(chosen)


def test_index_zero_is_the_leftmost_bit() -> None:
    assert status_list.decode(status_list.encode([0]))[0] == 0b1000_0000
    assert status_list.decode(status_list.encode([15]))[1] == 0b0000_0001


def test_the_same_bits_give_the_same_text() -> None:
    encoded = status_list.encode([5, 3])

    assert encoded == status_list.encode([3, 5])
    assert multikey.from_base64url(encoded[1:])[4:8] == bytes(4)  # gzip's own time stamp: none


@pytest.mark.parametrize("index", [-1, status_list.LENGTH])
def test_an_index_outside_is_refused_by_both_sides(index: int) -> None:
    with pytest.raises(IndexError):
        status_list.encode([index])
    with pytest.raises(IndexError):
        status_list.is_set(bytes(status_list.LENGTH // 8), index)


def packed(bits: bytes) -> str:
    return "u" + multikey.to_base64url(gzip.compress(bits, mtime=0))


@pytest.mark.parametrize(
    ("encoded", "problem"),
    [
        (W3C_EMPTY[1:], "multibase"),
        ("u!!!", r"base64|[Ii]nvalid"),
        ("uAAAA", "gzip"),
        (W3C_EMPTY[:40], "cut short"),
        (packed(bytes(100)), "fewer than"),
        (packed(bytes(status_list.LENGTH // 8 - 1)), "fewer than"),
        (packed(bytes((1 << 21) + 1)), "larger than"),
        (packed(bytes(1 << 24)), "larger than"),
    ],
)
def test_a_list_we_cannot_trust_is_refused(encoded: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        status_list.decode(encoded)


@pytest.mark.parametrize("size", [status_list.LENGTH // 8, 1 << 21])
def test_the_smallest_and_the_largest_list_are_read(size: int) -> None:
    assert len(status_list.decode(packed(bytes(size)))) == size


def test_a_credential_points_at_its_bit() -> None:
    assert status_list.LENGTH == 131_072  # the least that is allowed, and what is published
    assert status_list.entry("https://badges.example/status/1", 7) == {
        "id": "https://badges.example/status/1#7",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://badges.example/status/1",
    }


def test_the_list_is_itself_a_signed_credential() -> None:
    document: dict[str, Any] = published(revoked=True).status_list

    assert data_integrity.verify(document, methods=[METHOD], at=AT).verified
    bits = status_list.decode(document["credentialSubject"]["encodedList"])
    assert status_list.is_set(bits, INDEX)
    assert not status_list.is_set(bits, INDEX + 1)
