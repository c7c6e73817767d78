"""What staff see of how an attempt went: when what happened, by whom, and time by question."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments import taking
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.queries import Happening, TimelineEntry
from lti_tool.assessments.taking import Question
from lti_tool.core.ids import ItemVersionId
from lti_tool.core.language import marked, phrase, phrases
from lti_tool.platforms.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened, in a sentence. `by`: who did it; None for the learner.

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
        seen: the questions as the learner had them, with what was answered, whatever a later
            edition made of them; empty once answers are no longer kept.
    """

    moments: tuple[Moment, ...]
    times: dict[ItemVersionId, timedelta]
    seen: dict[ItemVersionId, Question]

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
                by=_by(names, entry),
                reason=entry.reason,
                until=entry.until,
            )
            for entry in timeline
        ),
        times=dict(assessments.time_by_item(session, attempt)),
        seen=_seen(session, attempt),
    )


def _seen(session: Session, attempt: Attempt) -> dict[ItemVersionId, Question]:
    if attempt.answers_gone_at is not None:
        return {}
    sheet = taking.lay_out(
        "",
        assessments.form_by(session, attempt, attempt.edition_id),
        assessments.list_responses(session, attempt.id),
        attempt.closes_at,
        attempt.started_at,
    )
    return {question.id: question for question in sheet.questions}


def _by(names: Mapping[UUID, str | None], entry: TimelineEntry) -> str | None:
    if entry.kind is Happening.TIME_UP:
        return phrase("The clock")
    if entry.actor_id is None and entry.kind in _BY_LEARNERS:
        return None
    if entry.actor_id is None:
        return phrase("Somebody of the staff")
    return names.get(entry.actor_id) or phrase("Somebody of the staff")


_BY_LEARNERS = {
    Happening.STARTED,
    Happening.RESUMED,
    Happening.BESIDE,
    Happening.SAVED,
    Happening.SUBMITTED,
    Happening.LATE,
}


def _sentence(entry: TimelineEntry) -> str:
    numbers = ", ".join(map(str, entry.numbers))
    if entry.kind is Happening.SAVED:
        return phrases(
            "The answer to question %(numbers)s was saved as it stands.",
            "The answers to questions %(numbers)s were saved as they stand.",
            len(entry.numbers),
            numbers=numbers,
        )
    if entry.kind is Happening.MORE_TIME:
        return phrases(
            "One more minute was given.", "%(num)s more minutes were given.", entry.minutes or 0
        )
    return phrase(_WORDS[entry.kind], numbers=numbers)


_WORDS = {
    Happening.STARTED: marked("The attempt was begun."),
    Happening.RESUMED: marked("Its page was opened again."),
    Happening.BESIDE: marked("Its page was opened in another window, beside one that was open."),
    Happening.SUBMITTED: marked("It was handed in."),
    Happening.TIME_UP: marked("Time was up, and what was saved was handed in."),
    Happening.LATE: marked("An answer to question %(numbers)s arrived after the end."),
    Happening.LATE_TAKEN: marked("An answer that came late was let count."),
    Happening.LATE_LEFT: marked("An answer that came late was left out."),
    Happening.REOPENED: marked("It was opened again for the learner."),
    Happening.MARKED: marked("The answer to question %(numbers)s was marked."),
    Happening.REGRADED: marked("It was scored by another edition."),
    Happening.DELETED: marked("It was deleted."),
    Happening.RESTORED: marked("It was put back."),
}
