"""What staff see of how an attempt went: when what happened, by whom, and time by question."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.queries import Happening, TimelineEntry
from lti_tool.core.ids import ItemVersionId
from lti_tool.platforms.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened, in a sentence. `by`: who of the staff did it; None for the learner.

    `until`: when a window was last heard of.
    """

    at: datetime
    says: str
    by: str | None
    reason: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How an attempt went.

    Attributes:
        times: how long each question was in view; empty where no page has told.
    """

    moments: tuple[Moment, ...]
    times: dict[ItemVersionId, timedelta]

    @property
    def longest(self) -> timedelta:
        """Return the longest time that a question was in view."""
        return max(self.times.values(), default=timedelta())


def course_of(session: Session, attempt: Attempt) -> Course:
    """Return how an attempt went."""
    timeline = assessments.attempt_timeline(session, attempt)
    actors = {entry.actor_id for entry in timeline if entry.actor_id is not None}
    found = select(User.id, User.name).where(User.id.in_(actors))
    names: dict[UUID, str | None] = {row.id: row.name for row in session.execute(found)}
    return Course(
        moments=tuple(
            Moment(
                at=entry.at,
                says=_sentence(entry),
                by=_name(names, entry.actor_id),
                reason=entry.reason,
                until=entry.until,
            )
            for entry in timeline
        ),
        times=dict(assessments.time_by_item(session, attempt)),
    )


def _name(names: Mapping[UUID, str | None], actor_id: UUID | None) -> str | None:
    if actor_id is None:
        return None
    return names.get(actor_id) or "Somebody of the staff"


def _sentence(entry: TimelineEntry) -> str:
    words = _WORDS[entry.kind]
    if entry.kind in _SEVERAL and (entry.minutes or len(entry.numbers)) != 1:
        words = _SEVERAL[entry.kind]
    return words.format(numbers=", ".join(map(str, entry.numbers)), minutes=entry.minutes)


_WORDS = {
    Happening.STARTED: "The attempt was begun.",
    Happening.RESUMED: "Its page was opened again.",
    Happening.BESIDE: "Its page was opened in another window, beside one that was open.",
    Happening.SAVED: "The answer to question {numbers} was saved as it stands.",
    Happening.MORE_TIME: "One more minute was given.",
    Happening.SUBMITTED: "It was handed in.",
    Happening.TIME_UP: "Time was up, and what was saved was handed in.",
    Happening.LATE: "An answer to question {numbers} arrived after the end.",
    Happening.LATE_TAKEN: "An answer that came late was let count.",
    Happening.LATE_LEFT: "An answer that came late was left out.",
    Happening.REOPENED: "It was opened again for the learner.",
    Happening.MARKED: "The answer to question {numbers} was marked.",
    Happening.REGRADED: "It was scored by another edition.",
    Happening.DELETED: "It was deleted.",
    Happening.RESTORED: "It was put back.",
}
_SEVERAL = {
    Happening.SAVED: "The answers to questions {numbers} were saved as they stand.",
    Happening.MORE_TIME: "{minutes} more minutes were given.",
}
