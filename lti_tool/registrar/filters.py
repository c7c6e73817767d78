"""Which learners of a pathway a page asks for. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from lti_tool.pathways.standing import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, UTC, from the first to the last; None: without an end there."""

    since: date | None = None
    until: date | None = None

    def begin(self) -> datetime | None:
        """Return the first instant of it."""
        return None if self.since is None else datetime.combine(self.since, time(), tzinfo=UTC)

    def end(self) -> datetime | None:
        """Return the first instant after it."""
        if self.until is None or self.until == date.max:  # no day follows it
            return None
        return datetime.combine(self.until, time(), tzinfo=UTC) + timedelta(days=1)

    def conditions(self, instant: InstrumentedAttribute[datetime]) -> Iterator[ColumnElement[bool]]:
        """Yield what an instant of a row has to meet."""
        begin, end = self.begin(), self.end()
        if begin is not None:
            yield instant >= begin
        if end is not None:
            yield instant < end

    def words(self) -> dict[str, str]:
        """Return it as the query of an address, without what was not chosen."""
        return {
            name: day.isoformat()
            for name, day in (("since", self.since), ("until", self.until))
            if day is not None
        }


ALWAYS = Period()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Which entries of the audit trail; None: all.

    Attributes:
        act: as the code calls it.
        who: of the staff.
        person: about whom it is, or about whose badges.
    """

    act: str | None = None
    who: UUID | None = None
    person: UUID | None = None
    period: Period = ALWAYS

    def words(self) -> dict[str, str]:
        """Return them as the query of an address, without what was not chosen."""
        chosen = {"act": self.act, "who": self.who, "person": self.person}
        return {
            **{name: str(value) for name, value in chosen.items() if value is not None},
            **self.period.words(),
        }


EVERY = Entries()
_JUNE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What somebody chose; None or empty: everybody.

    The first six are of everything that a pathway's page shows, the others of its list only.

    Attributes:
        programme: another pathway that they are on.
        cohort: the half-year in which they came onto the pathway: `2026-1`.
        platform: an issuer that they have an account at.
        course: where they began an activity.
        since: the first day, UTC, on which they came onto the pathway; `until` the last.
        q: part of a name.
        missing: who lacks so many stones, or fewer.
        weeks: for how long nothing has counted: one of `figures.QUIET_WEEKS`.
        month: in which time may take something from them: `2026-11`.
    """

    programme: UUID | None = None
    cohort: str | None = None
    platform: str | None = None
    course: UUID | None = None
    since: date | None = None
    until: date | None = None
    q: str = ""
    state: State | None = None
    missing: int | None = None
    weeks: int | None = None
    month: str | None = None

    def words(self) -> dict[str, str]:
        """Return them as the query of an address, without what was not chosen."""
        return {
            name: str(value)
            for name in (*SHARED, *OF_LIST)
            if (value := getattr(self, name)) not in {None, ""}
        }

    def shared(self) -> "Filters":
        """Return those of the whole page alone."""
        return replace(self, q="", state=None, missing=None, weeks=None, month=None)

    def joined(self) -> list[Period]:
        """Return all periods in which they came onto the pathway."""
        return [
            Period(since=self.since, until=self.until),
            *([half_year(self.cohort)] if self.cohort else []),
        ]


SHARED = ("programme", "cohort", "platform", "course", "since", "until")
OF_LIST = ("q", "state", "missing", "weeks", "month")


def half_year(word: str) -> Period:
    """Return the days of a cohort: of `2026-1` the first of January to the end of June."""
    year, _, half = word.partition("-")
    if half == "1":
        return Period(since=date(int(year), 1, 1), until=date(int(year), 6, 30))
    return Period(since=date(int(year), 7, 1), until=date(int(year), 12, 31))


def cohorts(first: date, last: date) -> list[str]:
    """Return the half-years from one day to another, the newest first, not more than 20."""
    number, least = (one.year * 2 + (one.month > _JUNE) for one in (last, first))
    return [
        f"{one // 2}-{one % 2 + 1}" for one in range(number, max(least, number - 20 + 1) - 1, -1)
    ]
