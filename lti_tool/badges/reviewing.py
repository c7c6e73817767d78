"""Awards whose reason has fallen away: put before a person, never withdrawn by themselves."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments.models import Attempt
from lti_tool.badges.models import Achievement, Award, AwardCause, AwardReview
from lti_tool.badges.rules import CauseKind
from lti_tool.badges.services import withdraw_award
from lti_tool.badges.services.awards import tell_earned_again
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, AwardId, InstitutionId, new_id
from lti_tool.core.language import phrase
from lti_tool.people.contacts import NOBODY, Contact, list_contacts

# Until when a cause makes its award valid: what did not renew it, as long as it was at first.
SPEAKS_UNTIL = func.coalesce(AwardCause.valid_until, Award.first_valid_until, Award.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """An award to decide about, and whose it is."""

    review: AwardReview
    award: Award
    achievement: Achievement
    contact: Contact


def open_review(institution_id: InstitutionId, attempt_id: AttemptId) -> None:
    """Put the award that an attempt had earned before a person, if nothing else speaks for it.

    Nothing happens if the attempt passes again by now, or the award is withdrawn. Pathways count
    anew in any case what it had earned again.
    """
    with transaction(institution_id) as session:
        awards = session.scalars(
            select(Award)
            .where(Award.id.in_(_resting_on(attempt_id)), Award.withdrawn_at.is_(None))
            .with_for_update(of=Award)
        ).all()
        for award in awards:
            tell_earned_again(session, award, attempt_id)
            if _is_founded(session, award.id):
                continue
            session.execute(
                insert(AwardReview)
                .values(
                    institution_id=tenant(),
                    id=new_id(),
                    award_id=award.id,
                    attempt_id=attempt_id,
                    opened_at=clock.now(),
                )
                .on_conflict_do_nothing()
            )


def settle_review(institution_id: InstitutionId, award_id: AwardId) -> None:
    """Close an award's open review when something speaks for the award again."""
    with transaction(institution_id) as session:
        review = session.scalar(
            select(AwardReview)
            .where(AwardReview.award_id == award_id, AwardReview.decided_at.is_(None))
            .with_for_update()
        )
        if review is not None and _is_founded(session, award_id):
            review.decided_at, review.outcome = clock.now(), "settled"


def list_reviews(session: Session) -> list[OpenReview]:
    """Return the awards to decide about, the longest waiting first."""
    rows = session.execute(
        select(AwardReview, Award, Achievement)
        .join(Award, Award.id == AwardReview.award_id)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .where(
            AwardReview.decided_at.is_(None),
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
        .order_by(AwardReview.opened_at, AwardReview.id)
    ).all()
    contacts = list_contacts(session, [award.person_id for _, award, _ in rows])
    return [
        OpenReview(
            review=review,
            award=award,
            achievement=achievement,
            contact=contacts.get(award.person_id, NOBODY),
        )
        for review, award, achievement in rows
    ]


def decide_review(
    institution_id: InstitutionId, review_id: UUID, *, keeps: bool, reason: str, actor: Actor
) -> None:
    """Keep the award, or withdraw it. Deciding twice changes nothing.

    Kept, it counts on pathways for as long as the pass that is lost had made it valid.

    Raises:
        NotFoundError: there is no such review here.
    """
    with transaction(institution_id) as session:
        review = session.scalar(select(AwardReview).where(AwardReview.id == review_id))
    if review is None:
        raise NotFoundError(phrase("There is nothing of this kind to decide."))
    if review.decided_at is not None:
        return
    if not keeps:  # first: until the award is withdrawn, its review stays open
        withdraw_award(institution_id, review.award_id, reason=reason, actor=actor)
    with transaction(institution_id) as session:
        open_one = session.scalar(
            select(AwardReview)
            .where(AwardReview.id == review_id, AwardReview.decided_at.is_(None))
            .with_for_update()
        )
        if open_one is None:
            return
        open_one.decided_at = clock.now()
        open_one.outcome = "kept" if keeps else "withdrawn"
        if keeps:
            award = session.scalars(select(Award).where(Award.id == open_one.award_id)).one()
            tell_earned_again(session, award, open_one.attempt_id)
            audit.record(
                session,
                actor=actor,
                act="keep_award",
                object_kind="award",
                object_id=open_one.award_id,
                reason=reason,
            )


def rests_on(session: Session, attempt_id: AttemptId) -> bool:
    """Tell whether an attempt is all that speaks for an award that stands."""
    award_ids = session.scalars(
        select(Award.id).where(Award.id.in_(_resting_on(attempt_id)), Award.withdrawn_at.is_(None))
    ).all()
    return any(not _is_founded(session, each, without=attempt_id) for each in award_ids)


def _resting_on(attempt_id: AttemptId) -> Select[AwardId]:
    """Return the awards that an attempt earned; of a duplicate, the one that counts."""
    return (
        select(func.coalesce(Award.duplicate_of_id, Award.id))
        .join(AwardCause, AwardCause.award_id == Award.id)
        .where(AwardCause.cause_id == attempt_id, AwardCause.counts)
    )


def _is_founded(session: Session, award_id: AwardId, *, without: AttemptId | None = None) -> bool:
    """Tell whether something speaks for an award: an attempt that passes, or no attempt at all.

    Of one that was earned again it must speak for as long as the award is valid. An attempt that
    was deleted is seen by nobody, and speaks for nothing; nor does `without`. What speaks for one
    of its duplicates that stands speaks for it.
    """
    counting = aliased(Award)
    cause = (
        select(AwardCause.id)
        .outerjoin(
            Attempt, (Attempt.id == AwardCause.cause_id) & (AwardCause.kind == CauseKind.PASS.value)
        )
        .join(Award, Award.id == AwardCause.award_id)
        .join(counting, counting.id == award_id)
        .where(
            or_(
                Award.id == award_id,
                (Award.duplicate_of_id == award_id) & Award.withdrawn_at.is_(None),
            ),
            AwardCause.counts,
            counting.valid_until.is_(None)
            | SPEAKS_UNTIL.is_(None)
            | (counting.valid_until <= SPEAKS_UNTIL),
            (AwardCause.kind != CauseKind.PASS.value) | Attempt.passed,
            AwardCause.cause_id.is_distinct_from(without),
        )
    )
    return bool(session.scalar(select(cause.exists())))
