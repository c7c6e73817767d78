"""Whether two persons are one, by what is said of them."""

import pytest

from lti_tool.people.likeness import Identifiers, Likeness, compare


def known(numbers: str = "", emails: str = "") -> Identifiers:
    """Make identifiers of words such as `sis:7`."""
    pairs = [word.partition(":") for word in numbers.split()]
    return Identifiers(
        numbers=frozenset((register, number) for register, _, number in pairs),
        emails=frozenset(emails.split()),
    )


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        (known("sis:7"), known("sis:7"), Likeness.SAME),
        (known("sis:7", "a@x"), known("sis:7", "b@y"), Likeness.SAME),
        (known("sis:7"), known("hr:7"), Likeness.DIFFERENT),
        (known("sis:7"), known("sis:7 sis:8"), Likeness.NUMBER),
        (known("sis:7 hr:1"), known("sis:7 hr:2"), Likeness.NUMBER),
        (known("sis:7 hr:1"), known("sis:7"), Likeness.SAME),
        (known("", "a@x"), known("", "a@x"), Likeness.EMAIL),
        (known("sis:7", "a@x"), known("", "a@x"), Likeness.EMAIL),
        # A family's address: the register knows them apart.
        (known("sis:7", "a@x"), known("sis:8", "a@x"), Likeness.DIFFERENT),
        (known(), known(), Likeness.DIFFERENT),
    ],
)
def test_a_number_identifies_and_an_address_suggests(
    one: Identifiers, other: Identifiers, likeness: Likeness
) -> None:
    assert compare(one, other) is likeness
    assert compare(other, one) is likeness
