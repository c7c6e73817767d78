"""The order of results, their pages, and their rows as a table to take along. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from decimal import Decimal
from uuid import UUID

from lti_tool.core.ids import UserId
from lti_tool.grading.queries import SyncState
from lti_tool.instructor.queries import ResultRow

RESULTS = 50
SORTS = ("name", "points", "result", "time", "handed_in", "grade")


# Whose most is of interest first.
_DOWNWARD = frozenset({"points", "handed_in", "time"})

# What needs somebody comes first.
_GRADES = [
    SyncState.REFUSED,
    SyncState.DIFFERS,
    "on_its_way",
    SyncState.IN_GRADEBOOK,
    SyncState.NOT_SENT,
    "none",
]

_STANDINGS = ["passed", "waiting", "not_passed", "unmarked", "open", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, and whose rows the parts before and after it end and begin with.

    Attributes:
        before: the page before ends in front of this learner's row; None: this is the first.
        after: the next page begins behind this learner's row; None: this is the last.
    """

    rows: Sequence[ResultRow]
    before: UUID | None
    after: UUID | None


def in_order(rows: Sequence[ResultRow], sort: str) -> list[ResultRow]:
    """Return results in an order; whoever has nothing to sort by comes last in both directions.

    Args:
        rows: in the order of names, which decides between equals.
        sort: one of `SORTS`; with "-" before it the other way round.
    """
    name = sort.removeprefix("-")
    key = _KEYS[name]
    known = [row for row in rows if key(row) is not None]
    ordered = sorted(known, key=key, reverse=sort.startswith("-"))  # type: ignore[arg-type]  # none is None
    return ordered + [row for row in rows if key(row) is None]


def turned(sort: str, name: str) -> str:
    """Return the order to which the heading of a column leads: the other way, if it is this."""
    if sort.removeprefix("-") == name:
        return name if sort.startswith("-") else f"-{name}"
    return f"-{name}" if name in _DOWNWARD else name


def heading(sort: str, name: str, url: str) -> dict[str, str]:
    """Return what a heading says of its column: where it leads, and how it is sorted now."""
    if sort.removeprefix("-") != name:
        return {"url": url}
    return {"url": url, "sort": "descending" if sort.startswith("-") else "ascending"}


def page_of(rows: Sequence[ResultRow], *, after: UUID | None, before: UUID | None) -> Page:
    """Return the rows behind one learner's or in front of one's; from the top without either.

    Pages hold on to people and not to numbers, so that nobody is skipped or shown twice while
    others hand in. Whoever is no longer in the list leads to the top.
    """
    places = {row.user_id: number for number, row in enumerate(rows)}
    start = 0
    if after is not None:
        start = places.get(UserId(after), -1) + 1
    elif before is not None:
        start = max(0, places.get(UserId(before), 0) - RESULTS)
    shown = rows[start : start + RESULTS]
    return Page(
        rows=shown,
        before=shown[0].user_id if start > 0 and shown else None,
        after=shown[-1].user_id if start + RESULTS < len(rows) else None,
    )


def export_header(zone: tzinfo) -> list[str]:
    """Return what stands above the columns of `exported`."""
    return [
        "Name",
        "Attempts",
        "Points",
        "Points possible",
        "Passed",
        f"Last handed in ({zone})",
        "Minutes used",
    ]


def exported(row: ResultRow, zone: tzinfo) -> list[str | int | None]:
    """Return a row of the table to take along, with times by the clock of a zone."""
    handed_in, result = row.last_submitted_at, row.result
    return [
        row.name,
        row.attempts,
        f"{result.points_earned.normalize():f}" if result else None,
        f"{result.points_possible.normalize():f}" if result else None,
        _PASSED.get(row.standing),
        f"{handed_in.astimezone(zone):%Y-%m-%d %H:%M}" if handed_in else None,
        f"{row.time_used / timedelta(minutes=1):.1f}" if row.time_used is not None else None,
    ]


_PASSED = {
    "passed": "yes",
    "not_passed": "no",
    "waiting": "waiting for marking",
    "unmarked": "erased before it was marked",
}


def _name(row: ResultRow) -> str | None:
    return row.name.casefold() if row.name else None


def _points(row: ResultRow) -> Decimal | None:
    return row.result.points_earned / row.result.points_possible if row.result else None


def _result(row: ResultRow) -> int:
    return _STANDINGS.index(row.standing)


def _grade(row: ResultRow) -> int:
    return _GRADES.index(row.state)


_KEYS: dict[str, Callable[[ResultRow], object]] = {
    "name": _name,
    "points": _points,
    "result": _result,
    "time": lambda row: row.time_used,
    "handed_in": lambda row: row.last_submitted_at,
    "grade": _grade,
}
