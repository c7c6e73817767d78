from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.assessments.items import numbers


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", ["5"]),
        (" +5. ", ["5"]),
        (".5", ["0.5"]),
        ("-0.5", ["-0.5"]),
        ("\u22120.5", ["-0.5"]),
        ("0,5", ["0.5"]),
        ("1,250", ["1.250", "1250"]),
        ("0,125", ["0.125"]),
        ("1.250", ["1.250"]),
        ("1.250.000", ["1250000"]),
        ("1,250.5", ["1250.5"]),
        ("1.250,5", ["1250.5"]),
        ("1 250 000", ["1250000"]),
        ("1\u202f250,5", ["1250.5"]),
        ("1'250", ["1250"]),
        ("1,250,000", ["1250000"]),
        ("3e8", ["3E8"]),
        ("3 x 10^8", ["3E8"]),
        ("3·10^(-8)", ["3E-8"]),
        ("1/4", ["0.25"]),
        ("-1 / 4", ["-0.25"]),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, meant: list[str]) -> None:
    assert set(numbers.readings(text)) == set(map(Decimal, meant))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "five", "5 kg", "1 2", "1,2,3", "1..2", "--1", "1e9999", "NaN", "Infinity"),
        *("1/0", "٣", "1_000", "0x10", "1e", "²"),
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert numbers.readings(text) == ()


@given(st.decimals("-1e12", "1e12", allow_nan=False, allow_infinity=False, places=12))
def test_every_number_is_read_as_itself(number: Decimal) -> None:
    assert number in numbers.readings(f"{number:f}")


@given(st.text(max_size=64))
def test_nothing_that_people_type_breaks_it(text: str) -> None:
    for number in numbers.readings(text):
        assert number.is_finite()
