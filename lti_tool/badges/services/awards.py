"""Granting awards, withdrawing them and giving them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges.details import Details
from lti_tool.badges.events import AwardEarnedAgain, AwardGranted, AwardWithdrawn
from lti_tool.badges.models import Achievement, Award, AwardCause, Credential, StatusList
from lti_tool.badges.queries import get_award
from lti_tool.badges.rules import Cause, CauseKind, ends_at
from lti_tool.badges.transcripts import revoking
from lti_tool.core import audit, clock, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, InstitutionId, PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.people.queries import current_person


def grant_award(
    institution_id: InstitutionId,
    person_id: PersonId,
    achievement_id: AchievementId,
    *,
    cause: Cause,
    actor: Actor | None = None,
) -> AwardId:
    """Grant an achievement to a person, once; a further cause is added to the award it has.

    Then it was earned again, and ends as much later; a decision about somebody whose award runs
    only speaks for it. A withdrawn award comes back with a cause it did not have before, and only
    then: those of before count no longer. The same cause twice changes nothing, and announces
    only that a pass may have come back. `actor` is whose decision it was, if one.

    Raises:
        NotFoundError: the achievement is not here.
    """
    with transaction(institution_id) as session:
        person_id = current_person(session, person_id)
        edition, months = _current_edition(session, achievement_id)
        standing = None
        award_id = session.scalar(
            insert(cast("Table", Award.__table__))
            .values(
                institution_id=tenant(),
                id=new_id(),
                person_id=person_id,
                achievement_id=achievement_id,
                edition=edition,
                awarded_at=cause.caused_at,
                valid_until=ends_at(cause.caused_at, months),
            )
            .on_conflict_do_nothing()
            .returning(Award.id)
        )
        if award_id is None:
            standing = session.scalars(
                select(Award)
                .where(
                    Award.person_id == person_id,
                    Award.achievement_id == achievement_id,
                    Award.edition == edition,
                    Award.duplicate_of_id.is_(None),
                )
                .with_for_update()
            ).one()
            award_id = standing.id
        ends = ends_at(cause.caused_at, months)
        renews = standing is not None and _is_renewed_by(standing, cause)
        is_new_cause = _append_cause(
            session, award_id, cause, renews=renews, valid_until=ends if renews else None
        )
        if is_new_cause and actor is not None:
            audit.record(
                session,
                actor=actor,
                act="award_by_hand",
                object_kind="award",
                object_id=award_id,
                reason=cause.reason,
            )
        if standing is not None:
            if is_new_cause and renews:
                _renew(session, standing, cause, ends)
            elif not is_new_cause and cause.kind is CauseKind.PASS:
                tell_earned_again(session, standing, cause.id)
            if standing.withdrawn_at is None or not is_new_cause:
                return award_id
            _leave_behind(session, standing.id, cause)
            standing.withdrawn_at = standing.withdrawn_reason = None
            standing.awarded_at = cause.caused_at
            standing.valid_until, standing.first_valid_until = ends, None
        outbox.record(
            session,
            AwardGranted(
                institution_id=institution_id,
                award_id=award_id,
                person_id=person_id,
                achievement_id=achievement_id,
                awarded_at=cause.caused_at,
            ),
        )
    return award_id


def _is_renewed_by(standing: Award, cause: Cause) -> bool:
    """Tell whether an award that stands was earned again, at whatever time the cause is of.

    Whoever decides means to give an award, not to prolong one that runs.
    """
    if standing.withdrawn_at is not None:
        return False
    return cause.kind is not CauseKind.DECISION or has_ended(standing, cause.caused_at)


def has_ended(award: Award, at: datetime) -> bool:
    """Tell whether an award is over by an instant."""
    return award.valid_until is not None and award.valid_until <= at


def _leave_behind(session: Session, award_id: AwardId, cause: Cause) -> None:
    """Let causes of before a withdrawal count no longer, now that the award has a new one."""
    session.execute(
        update(AwardCause)
        .where(AwardCause.award_id == award_id, AwardCause.cause_id != cause.id)
        .values(counts=False)
    )


def _renew(session: Session, standing: Award, cause: Cause, ends: datetime | None) -> None:
    """Let an award end later, if it ends, and say that it was earned again."""
    if standing.valid_until is not None and ends is not None and ends > standing.valid_until:
        standing.first_valid_until = standing.first_valid_until or standing.valid_until
        standing.valid_until = ends
    _announce_again(session, standing, cause.caused_at)


def tell_earned_again(session: Session, award: Award, attempt_id: UUID) -> None:
    """Have an award counted anew if a pass that is lost, or came back, had earned it again."""
    earned_at = session.scalar(
        select(func.max(AwardCause.caused_at))
        .join(Award, Award.id == AwardCause.award_id)
        .where(
            or_(Award.id == award.id, Award.duplicate_of_id == award.id),
            AwardCause.cause_id == attempt_id,
            AwardCause.kind == CauseKind.PASS.value,
            AwardCause.renews,
            AwardCause.counts,
        )
    )
    if earned_at is not None:
        _announce_again(session, award, earned_at)


def _announce_again(session: Session, award: Award, earned_at: datetime) -> None:
    outbox.record(
        session,
        AwardEarnedAgain(
            institution_id=tenant(),
            award_id=award.id,
            person_id=award.person_id,
            achievement_id=award.achievement_id,
            earned_at=earned_at,
        ),
    )


def _current_edition(session: Session, achievement_id: AchievementId) -> tuple[int, int | None]:
    """Return the number of an achievement's newest edition and for how many months it is valid."""
    row = session.execute(
        select(Achievement.edition, Achievement.details).where(Achievement.id == achievement_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(phrase("There is no badge at this address."))
    return row.edition, Details.from_json(row.details).valid_months


def restore_award(
    institution_id: InstitutionId,
    award_id: AwardId,
    *,
    decision_id: UUID,
    reason: str,
    actor: Actor,
) -> None:
    """Let a withdrawn award stand again, from the day it was made; one that stands is left alone.

    Its revoked credential stays revoked; a new one is signed.

    Raises:
        UnknownAwardError: there is no such award here.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        award = get_award(session, award_id, lock=True)
        if award.withdrawn_at is None:
            return
        cause = Cause(kind=CauseKind.DECISION, id=decision_id, caused_at=now, reason=reason.strip())
        if not _append_cause(session, award.id, cause):
            return  # a form sent again after the next withdrawal decides nothing anew
        # With its duplicates that fell with it; not those withdrawn before.
        duplicates = session.scalars(
            update(Award)
            .where(
                Award.duplicate_of_id == award_id,
                Award.withdrawn_at == award.withdrawn_at,
                Award.withdrawn_reason == award.withdrawn_reason,
            )
            .values(withdrawn_at=None, withdrawn_reason=None)
            .returning(Award)
            .execution_options(populate_existing=True)
        ).all()
        award.withdrawn_at = award.withdrawn_reason = None
        _note(session, "restore_award", award_id, reason, actor)
        for given_back in (award, *duplicates):
            outbox.record(
                session,
                AwardGranted(
                    institution_id=institution_id,
                    award_id=given_back.id,
                    person_id=award.person_id,
                    achievement_id=award.achievement_id,
                    awarded_at=given_back.awarded_at,
                ),
            )


def _note(session: Session, act: str, award_id: AwardId, reason: str, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        act=act,
        object_kind="award",
        object_id=award_id,
        reason=reason.strip(),
    )


def _append_cause(
    session: Session,
    award_id: AwardId,
    cause: Cause,
    *,
    renews: bool = False,
    valid_until: datetime | None = None,
) -> bool:
    """Add a cause to an award; False when it was there."""
    added = session.scalar(
        insert(cast("Table", AwardCause.__table__))
        .values(
            institution_id=tenant(),
            id=new_id(),
            award_id=award_id,
            kind=cause.kind.value,
            cause_id=cause.id,
            reason=cause.reason,
            evidence=[piece.to_json() for piece in cause.evidence],
            caused_at=cause.caused_at,
            renews=renews,
            valid_until=valid_until,
        )
        .on_conflict_do_nothing()
        .returning(AwardCause.id)
    )
    return added is not None


def withdraw_award(
    institution_id: InstitutionId, award_id: AwardId, *, reason: str, actor: Actor
) -> None:
    """Withdraw an award and revoke its credential. A second withdrawal changes nothing.

    Its duplicates fall with it: it is the same achievement of the same person. So do transcripts
    that hold one of these.

    The status list is signed anew by `publish_status_lists`, which hears of it.

    Raises:
        UnknownAwardError: there is no such award here.
    """
    with transaction(institution_id) as session:
        withdraw_within(session, award_id, reason=reason, actor=actor)


def withdraw_within(session: Session, award_id: AwardId, *, reason: str, actor: Actor) -> None:
    """Withdraw an award as part of what is decided beside it; see `withdraw_award`."""
    award = get_award(session, award_id, lock=True)
    if award.withdrawn_at is not None:
        return
    now = clock.now()
    award.withdrawn_at, award.withdrawn_reason = now, reason
    duplicates = session.scalars(
        update(Award)
        .where(Award.duplicate_of_id == award_id, Award.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_reason=reason)
        .returning(Award.id)
    ).all()
    revoke_credentials(session, [award_id, *duplicates])
    _note(session, "withdraw_award", award_id, reason, actor)
    outbox.record(
        session,
        AwardWithdrawn(
            institution_id=InstitutionId(tenant()),
            award_id=award_id,
            person_id=award.person_id,
            achievement_id=award.achievement_id,
        ),
    )


def revoke_credentials(session: Session, award_ids: Sequence[AwardId]) -> None:
    """Revoke what is signed of these awards, and transcripts that hold one of these."""
    now = clock.now()
    lists = session.scalars(
        update(Credential)
        .where(Credential.award_id.in_(award_ids), Credential.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Credential.status_list_id)
    ).all()
    session.execute(
        update(StatusList).where(StatusList.id.in_(lists)).values(changed_at=now, document=None)
    )
    revoking.revoke_where(session, revoking.holds_award(award_ids))
