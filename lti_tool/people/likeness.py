"""Whether two persons are one, by what their platforms say of them. Pure.

A student number from a register that the institution vouches for identifies; an e-mail address
only suggests, since families share addresses and addresses are given out again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Likeness(StrEnum):
    """What is to be done with two persons; the values in between are why they are put forward."""

    SAME = "same"
    NUMBER = "number"
    EMAIL = "email"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What a person is known by, over all accounts.

    Attributes:
        numbers: (register, student number), only those that an institution vouches for.
        emails: in lower case.
    """

    numbers: frozenset[tuple[str, str]]
    emails: frozenset[str]


def compare(one: Identifiers, other: Identifiers) -> Likeness:
    """Return whether two persons are the same.

    The same number is the same person, unless a register tells another number of one of them,
    too: then people have to look. Two numbers of one register are two people, whatever their
    addresses say.
    """
    mine, theirs = _by_register(one.numbers), _by_register(other.numbers)
    contradicts = any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys())
    if one.numbers & other.numbers:
        return Likeness.NUMBER if contradicts else Likeness.SAME
    if one.emails & other.emails and not contradicts:
        return Likeness.EMAIL
    return Likeness.DIFFERENT


def _by_register(numbers: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for register, number in numbers:
        found[register].add(number)
    return found
