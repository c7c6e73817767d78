"""What a regrade would do to badges, said before it is done; `jobs` and `reviewing` do it.

It asks what they ask, of how things would be then: a test holds both together.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, Placement
from lti_tool.assessments.regrading import Change
from lti_tool.badges.details import Details
from lti_tool.badges.models import Achievement, Award, AwardCause, AwardReview
from lti_tool.badges.queries import find_achievement_of_assessment
from lti_tool.badges.reviewing import SPEAKS_UNTIL
from lti_tool.badges.rules import CauseKind, ends_at
from lti_tool.core import clock
from lti_tool.core.ids import AssessmentId, AttemptId, AwardId, PersonId, UserId
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import User


class BadgeChange(StrEnum):
    """What becomes of a learner's badge. It is never withdrawn by this: a person looks at it."""

    NONE = "none"
    EARNED = "earned"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would become of badges.

    Attributes:
        by_user: of those whose badge changes.
        earned: how many badges would be earned.
        to_review: how many would be put before a person.
    """

    by_user: Mapping[UserId, BadgeChange]
    earned: int
    to_review: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Attempts at one placement that would pass and did not, or the other way round, and whose."""

    gives_badge: bool
    won: Mapping[AttemptId, UserId]
    lost: Mapping[AttemptId, UserId]

    @classmethod
    def of(cls, placement: Placement, changes: Iterable[Change]) -> Self:
        """Return those of a dry run."""
        seen = list(changes)
        return cls(
            gives_badge=placement.gives_badge,
            won={attempt_id: one.user_id for one in seen for attempt_id in one.won},
            lost={attempt_id: one.user_id for one in seen for attempt_id in one.lost},
        )


def foresee(session: Session, assessment_id: AssessmentId, places: Sequence[Passes]) -> Outlook:
    """Return what would become of badges if attempts at an assessment came to pass, or not.

    A pass that is won earns the badge, unless its learner holds it. One that is lost puts the badge
    to review, unless something else speaks for it: a pass elsewhere, or a decision.
    """
    achievement = find_achievement_of_assessment(session, assessment_id)
    told = {} if achievement is None else _joined(one.won for one in places if one.gives_badge)
    people = _people(session, set(told.values()))
    held = {} if achievement is None else _held(session, achievement, people)
    earning = _earning(session, told, people, held)
    # Who wins a pass has one more reason for the badge of now, for as long as that lasts.
    backed = {} if achievement is None else _backed(session, achievement, told, people, held)
    won, lost = _joined(one.won for one in places), _joined(one.lost for one in places)
    reviewed = _reviewed(session, won, lost, backed)
    by_user = dict.fromkeys(reviewed.values(), BadgeChange.REVIEW)
    by_user |= dict.fromkeys(earning, BadgeChange.EARNED)
    return Outlook(
        by_user=by_user,
        earned=len({people[user_id] for user_id in earning}),
        to_review=len(reviewed),
    )


def _joined(parts: Iterable[Mapping[AttemptId, UserId]]) -> dict[AttemptId, UserId]:
    return {attempt_id: user_id for part in parts for attempt_id, user_id in part.items()}


def _people(session: Session, user_ids: Collection[UserId]) -> dict[UserId, PersonId | UserId]:
    """Return who users are, without visitors; of whom nobody asked yet, the user."""
    asked = session.scalars(
        select(User.id).where(User.id.in_(user_ids), User.is_visitor.is_(False))
    ).all()
    known = dict(
        session.execute(
            select(PersonUser.id, PersonUser.person_id).where(PersonUser.id.in_(asked))
        ).all()
    )
    return {user_id: known.get(user_id, user_id) for user_id in asked}


def _held(
    session: Session, achievement: Achievement, people: Mapping[UserId, PersonId | UserId]
) -> dict[PersonId | UserId, Award]:
    """Return the award of the achievement's newest edition, standing or withdrawn, by person."""
    found = session.scalars(
        select(Award).where(
            Award.person_id.in_(set(people.values())),
            Award.achievement_id == achievement.id,
            Award.edition == achievement.edition,
            Award.duplicate_of_id.is_(None),
        )
    )
    return {award.person_id: award for award in found}


def _earning(
    session: Session,
    won: Mapping[AttemptId, UserId],
    people: Mapping[UserId, PersonId | UserId],
    held: Mapping[PersonId | UserId, Award],
) -> set[UserId]:
    """Return who earns a badge that they do not hold now."""
    withdrawn = [award.id for award in held.values() if award.withdrawn_at is not None]
    # A withdrawn award comes back by a reason that it did not have, and only then.
    known = {
        (award_id, attempt_id)
        for award_id, attempt_id in session.execute(
            select(AwardCause.award_id, AwardCause.cause_id).where(
                AwardCause.award_id.in_(withdrawn), AwardCause.kind == CauseKind.PASS.value
            )
        )
    }
    earning = set()
    for attempt_id, user_id in won.items():
        if user_id not in people:
            continue
        award = held.get(people[user_id])
        if award is None or (
            award.withdrawn_at is not None and (award.id, attempt_id) not in known
        ):
            earning.add(user_id)
    return earning


def _backed(
    session: Session,
    achievement: Achievement,
    won: Mapping[AttemptId, UserId],
    people: Mapping[UserId, PersonId | UserId],
    held: Mapping[PersonId | UserId, Award],
) -> dict[tuple[AwardId, AttemptId], datetime | None]:
    """Return until when each pass that is won would speak for an award that is held."""
    months = Details.from_json(achievement.details).valid_months
    ended: dict[AttemptId, datetime | None] = dict(
        session.execute(select(Attempt.id, Attempt.submitted_at).where(Attempt.id.in_(won))).all()
    )
    return {
        (held[people[user_id]].id, attempt_id): ends_at(ended[attempt_id] or clock.now(), months)
        for attempt_id, user_id in won.items()
        if user_id in people and people[user_id] in held
    }


def _reviewed(
    session: Session,
    won: Mapping[AttemptId, UserId],
    lost: Mapping[AttemptId, UserId],
    backed: Mapping[tuple[AwardId, AttemptId], datetime | None],
) -> dict[AwardId, UserId]:
    """Return the awards for which nothing would speak for as long, and whose they are."""
    counting = func.coalesce(Award.duplicate_of_id, Award.id)
    resting: dict[AwardId, UserId] = {}
    for award_id, attempt_id in session.execute(
        select(counting, AwardCause.cause_id)
        .join(AwardCause, AwardCause.award_id == Award.id)
        .where(AwardCause.cause_id.in_(lost), AwardCause.counts)
    ):
        resting[award_id] = lost[AttemptId(attempt_id)]
    standing: dict[AwardId, datetime | None] = dict(
        session.execute(
            select(Award.id, Award.valid_until).where(
                Award.id.in_(resting),
                Award.withdrawn_at.is_(None),
                ~select(AwardReview.id)
                .where(AwardReview.award_id == Award.id, AwardReview.decided_at.is_(None))
                .exists(),
            )
        ).all()
    )
    speaking = {pair: end for pair, end in backed.items() if pair[0] in standing}
    for award_id, kind, cause_id, passed, counts, end in session.execute(
        select(
            counting,
            AwardCause.kind,
            AwardCause.cause_id,
            Attempt.passed,
            AwardCause.counts,
            SPEAKS_UNTIL,
        )
        .join(AwardCause, AwardCause.award_id == Award.id)
        .outerjoin(Attempt, Attempt.id == AwardCause.cause_id)
        .where(counting.in_(standing), Award.withdrawn_at.is_(None))
    ):
        attempt_id = AttemptId(cause_id)
        speaks = attempt_id in won or (passed and attempt_id not in lost)
        if not counts:
            speaking.pop((award_id, attempt_id), None)
        elif kind != CauseKind.PASS.value or speaks:
            speaking[award_id, attempt_id] = end
    founded = {
        award_id
        for (award_id, _), end in speaking.items()
        if end is None or (lasts := standing[award_id]) is None or end >= lasts
    }
    return {award_id: resting[award_id] for award_id in standing if award_id not in founded}
