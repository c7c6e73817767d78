import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.badges import multikey

# 1EdTech Open Badges 3.0 Implementation Guide, "Key pair & Multikey".
PUBLIC_KEY = "4bdeafde2ea8beefadd8c699b5c7e0704cf51154d52e17b20b71337ca04cc5a5"
MULTIKEY = "z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"


def test_a_key_reads_and_writes_as_published() -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC_KEY))

    assert multikey.encode_public_key(key) == MULTIKEY
    assert multikey.decode_public_key(MULTIKEY) == key


@given(st.binary(max_size=80))
def test_bytes_come_back_from_base_58(data: bytes) -> None:
    assert multikey.from_base58btc(multikey.to_base58btc(data)) == data


@given(st.binary(max_size=80))
def test_bytes_come_back_from_base_64(data: bytes) -> None:
    assert multikey.from_base64url(multikey.to_base64url(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        MULTIKEY[1:],  # no multibase prefix
        MULTIKEY[:-1],  # a letter lost
        MULTIKEY.replace("Z", "0", 1),  # 0 is no letter of this alphabet
        "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP",  # a P-256 key
    ],
)
def test_another_text_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|no base 58"):
        multikey.decode_public_key(text)


def test_a_long_text_is_not_worked_out() -> None:
    """Base 58 takes quadratic time."""
    with pytest.raises(ValueError, match="not a short"):
        multikey.from_base58btc("z" + "2" * 10_000)


def test_a_letter_outside_the_url_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="not base64url"):
        multikey.from_base64url("ab+/")
