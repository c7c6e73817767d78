"""Which of the people on a pathway: conditions that pages, exports and decisions share."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_
from sqlalchemy.orm import InstrumentedAttribute

from lti_tool.core import clock
from lti_tool.core.ids import PersonId, first_of
from lti_tool.pathways.models import Progress
from lti_tool.pathways.standing import State

STALLED_DAYS, EXPIRING_DAYS = 90, 60

COMPLETED = Progress.missing == 0
LAPSED = and_(Progress.completed_at.is_not(None), Progress.missing > 0)
ONE_AWAY = and_(Progress.completed_at.is_(None), Progress.missing == 1)
UNDER_WAY = and_(Progress.completed_at.is_(None), Progress.missing > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which of the people on a pathway; what is None does not matter.

    Attributes:
        missing_at_most: who lacks so many stones, or fewer.
        quiet_since: nothing has counted for them since this instant or later, and before
            `quiet_until`.
        changes_since: time may take something from them at this instant or later, and before
            `changes_until`.
        person_ids: only these, such as those whose name was searched for.
        among: only people whom each of these finds, such as those of a course.
        joined_since: on the pathway since this instant or later, and before `joined_until`.
    """

    state: State | None = None
    missing_at_most: int | None = None
    quiet_since: datetime | None = None
    quiet_until: datetime | None = None
    changes_since: datetime | None = None
    changes_until: datetime | None = None
    person_ids: Collection[PersonId] | None = None
    among: Sequence[Select[PersonId]] = ()
    joined_since: datetime | None = None
    joined_until: datetime | None = None


# Nobody is left out.
EVERYBODY = Which()


def conditions(which: Which) -> Iterator[ColumnElement[bool]]:
    """Yield what a row of `Progress` has to meet."""
    if which.state is not None:
        yield _in_state(which.state)
    if which.missing_at_most is not None:
        yield Progress.missing <= which.missing_at_most
    yield from _between(Progress.quiet_since, which.quiet_since, which.quiet_until)
    yield from _between(Progress.changes_at, which.changes_since, which.changes_until)
    if which.person_ids is not None:
        yield Progress.person_id.in_(which.person_ids)
    for people in which.among:
        yield Progress.person_id.in_(people)
    # Ids are in order of time: a row's tells since when somebody is on the pathway.
    if which.joined_since is not None:
        yield Progress.id >= first_of(which.joined_since)
    if which.joined_until is not None:
        yield Progress.id < first_of(which.joined_until)


def _between(
    column: InstrumentedAttribute[Any], since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


def _in_state(state: State) -> ColumnElement[bool]:
    now = clock.now()
    if state == "stalled":
        return and_(UNDER_WAY, Progress.quiet_since < now - timedelta(days=STALLED_DAYS))
    if state == "expiring":
        return Progress.changes_at <= now + timedelta(days=EXPIRING_DAYS)
    return {
        "completed": COMPLETED,
        "lapsed": LAPSED,
        "one_away": ONE_AWAY,
        "under_way": UNDER_WAY,
    }[state]
