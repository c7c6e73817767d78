"""Which of the people on a pathway: conditions that pages, exports and decisions share."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists

from lti_tool.core import clock
from lti_tool.core.ids import PersonId, first_of
from lti_tool.pathways.models import Contribution, Progress
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
        person_ids: only these, such as those whose name was searched for.
        among: only people whom each of these finds, such as those of a course.
        joined_since: on the pathway since this instant or later, and before `joined_until`.
    """

    state: State | None = None
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
    if which.person_ids is not None:
        yield Progress.person_id.in_(which.person_ids)
    for people in which.among:
        yield Progress.person_id.in_(people)
    # Ids are in order of time: a row's tells since when somebody is on the pathway.
    if which.joined_since is not None:
        yield Progress.id >= first_of(which.joined_since)
    if which.joined_until is not None:
        yield Progress.id < first_of(which.joined_until)


def _in_state(state: State) -> ColumnElement[bool]:
    now = clock.now()
    if state == "stalled":
        lately = exists().where(
            Contribution.pathway_id == Progress.pathway_id,
            Contribution.person_id == Progress.person_id,
            Contribution.counted_at > now - timedelta(days=STALLED_DAYS),
        )
        return and_(UNDER_WAY, ~lately)
    if state == "expiring":
        return Progress.changes_at <= now + timedelta(days=EXPIRING_DAYS)
    return {
        "completed": COMPLETED,
        "lapsed": LAPSED,
        "one_away": ONE_AWAY,
        "under_way": UNDER_WAY,
    }[state]
