"""Publishing achievements, granting and withdrawing awards, sharing what one holds."""

from typing import cast
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges.details import Details
from lti_tool.badges.errors import (
    AchievementExistsError,
    ReplacesItselfError,
    UnknownCredentialError,
    UnknownShareError,
)
from lti_tool.badges.events import AwardGranted, AwardWithdrawn
from lti_tool.badges.models import (
    Achievement,
    AchievementEdition,
    Award,
    AwardCause,
    Credential,
    Share,
    StatusList,
)
from lti_tool.badges.queries import (
    edition_content,
    find_achievement_of_assessment,
    get_achievement,
    get_award,
)
from lti_tool.badges.rules import AchievementDraft, Cause, CauseKind, Shows, ends_at
from lti_tool.core import audit, clock, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    CredentialId,
    InstitutionId,
    PersonId,
    ShareId,
    new_id,
)
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.people.queries import current_person

TOKEN_BYTES = 16  # 128 bits: nobody finds a link by trying


def publish_achievement(
    institution_id: InstitutionId, draft: AchievementDraft, *, actor: Actor = audit.SYSTEM
) -> AchievementId:
    """Publish an achievement; it can be earned from now on.

    Raises:
        AchievementExistsError: the assessment has one.
    """
    with transaction(institution_id) as session:
        if (
            draft.assessment_id is not None
            and find_achievement_of_assessment(session, draft.assessment_id) is not None
        ):
            raise AchievementExistsError(f"assessment {draft.assessment_id} has an achievement")
        achievement = Achievement(
            id=AchievementId(new_id()), edition=1, assessment_id=draft.assessment_id
        )
        _write(achievement, draft)
        session.add(achievement)
        session.flush()  # the edition refers to it
        session.add(_edition(achievement, draft))
        _note_publication(session, achievement, actor)
    return achievement.id


def revise_achievement(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    draft: AchievementDraft,
    *,
    actor: Actor,
) -> int:
    """Publish a new edition of an achievement; its address stays, and so do earlier awards.

    Returns:
        The number of the edition; the one before if nothing differs.

    Raises:
        NotFoundError: the achievement is not here.
    """
    with transaction(institution_id) as session:
        achievement = get_achievement(session, achievement_id, lock=True)
        if draft.to_json() == edition_content(session, achievement, achievement.edition).to_json():
            return achievement.edition
        achievement.edition += 1
        _write(achievement, draft)
        session.add(_edition(achievement, draft))
        _note_publication(session, achievement, actor)
    return achievement.edition


def replace_achievement(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    *,
    replaced_by: AchievementId | None,
    actor: Actor,
) -> None:
    """Say which achievement has taken an achievement's place, or that none has.

    Raises:
        NotFoundError: one of them is not here.
        ReplacesItselfError: following the replacements would never end.
    """
    with transaction(institution_id) as session:
        achievement = get_achievement(session, achievement_id, lock=True)
        following = replaced_by
        while following is not None:
            if following == achievement_id:
                raise ReplacesItselfError("It would come after itself.")
            following = get_achievement(session, following).replaced_by_id
        achievement.replaced_by_id = replaced_by
        audit.record(
            session,
            actor=actor,
            act="replace_achievement",
            object_kind="achievement",
            object_id=achievement_id,
            facts={"replaced_by": str(replaced_by) if replaced_by else None},
        )


def _write(achievement: Achievement, draft: AchievementDraft) -> None:
    """Have an achievement say what the draft says."""
    content = draft.to_json()
    for name in ("achievement_type", "name", "description", "criteria", "artwork", "details"):
        setattr(achievement, name, content[name])
    achievement.credits = draft.credits
    achievement.published_at = clock.now()


def _note_publication(session: Session, achievement: Achievement, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        act="publish_achievement",
        object_kind="achievement",
        object_id=achievement.id,
        facts={"edition": achievement.edition},
    )


def _edition(achievement: Achievement, draft: AchievementDraft) -> AchievementEdition:
    return AchievementEdition(
        achievement_id=achievement.id,
        edition=achievement.edition,
        content=draft.to_json(),
        published_at=achievement.published_at,
    )


def grant_award(
    institution_id: InstitutionId,
    person_id: PersonId,
    achievement_id: AchievementId,
    *,
    cause: Cause,
    actor: Actor | None = None,
) -> AwardId:
    """Grant an achievement to a person, once; a further cause is added to the award it has.

    A withdrawn award comes back with a cause it did not have before, and only then. The same
    cause twice changes nothing and announces nothing. `actor` is whose decision it was, if one.

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
        is_new_cause = _append_cause(session, award_id, cause)
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
            if standing.withdrawn_at is None or not is_new_cause:
                return award_id
            standing.withdrawn_at = standing.withdrawn_reason = None
            standing.awarded_at = cause.caused_at
            standing.valid_until = ends_at(cause.caused_at, months)
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


def _current_edition(session: Session, achievement_id: AchievementId) -> tuple[int, int | None]:
    """Return the number of an achievement's newest edition and for how many months it is valid."""
    row = session.execute(
        select(Achievement.edition, Achievement.details).where(Achievement.id == achievement_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no achievement {achievement_id}")
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
        award.withdrawn_at = award.withdrawn_reason = None
        _note(session, "restore_award", award_id, reason, actor)
        outbox.record(
            session,
            AwardGranted(
                institution_id=institution_id,
                award_id=award_id,
                person_id=award.person_id,
                achievement_id=award.achievement_id,
                awarded_at=award.awarded_at,
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


def _append_cause(session: Session, award_id: AwardId, cause: Cause) -> bool:
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
        )
        .on_conflict_do_nothing()
        .returning(AwardCause.id)
    )
    return added is not None


def withdraw_award(
    institution_id: InstitutionId, award_id: AwardId, *, reason: str, actor: Actor
) -> None:
    """Withdraw an award and revoke its credential. A second withdrawal changes nothing.

    Its duplicates fall with it: it is the same achievement of the same person.

    The status list is signed anew by `publish_status_lists`, which hears of it.

    Raises:
        UnknownAwardError: there is no such award here.
    """
    with transaction(institution_id) as session:
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
        lists = session.scalars(
            update(Credential)
            .where(
                Credential.award_id.in_([award_id, *duplicates]), Credential.revoked_at.is_(None)
            )
            .values(revoked_at=now)
            .returning(Credential.status_list_id)
        ).all()
        session.execute(
            update(StatusList).where(StatusList.id.in_(lists)).values(changed_at=now, document=None)
        )
        _note(session, "withdraw_award", award_id, reason, actor)
        outbox.record(
            session,
            AwardWithdrawn(
                institution_id=institution_id,
                award_id=award_id,
                person_id=award.person_id,
                achievement_id=award.achievement_id,
            ),
        )


def share(
    institution_id: InstitutionId,
    credential_id: CredentialId,
    *,
    person_id: PersonId,
    shows: Shows,
) -> str:
    """Make a link that shows a credential to whoever has it.

    Returns:
        The token for `Issuer.share_url`. It is not kept and cannot be told again.

    Raises:
        UnknownCredentialError: the person holds no such credential, or it is not signed yet.
    """
    token = new_secret(TOKEN_BYTES)
    with transaction(institution_id) as session:
        _get_own_credential(session, credential_id, person_id)
        session.add(
            Share(
                credential_id=credential_id,
                token_hash=hash_of(token),
                show_name=shows.name,
                show_result=shows.result,
                label=shows.label,
                created_at=clock.now(),
                expires_at=shows.until,
            )
        )
    return token


def end_share(institution_id: InstitutionId, share_id: ShareId, *, person_id: PersonId) -> None:
    """End a link: it shows nothing from now on. Ending it twice changes nothing.

    Raises:
        UnknownShareError: the person made no such link.
    """
    with transaction(institution_id) as session:
        found = session.scalar(
            select(Share)
            .join(Credential, Credential.id == Share.credential_id)
            .join(Award, Award.id == Credential.award_id)
            .where(Share.id == share_id, Award.person_id == person_id)
            .with_for_update(of=Share)
        )
        if found is None:
            raise UnknownShareError(f"no share {share_id}")
        found.ended_at = found.ended_at or clock.now()


def count_opening(session: Session, token_hash: bytes) -> None:
    """Note that a link was opened: how often, and neither when nor by whom."""
    session.execute(
        update(Share).where(Share.token_hash == token_hash).values(opened=Share.opened + 1)
    )


def _get_own_credential(
    session: Session, credential_id: CredentialId, person_id: PersonId
) -> Credential:
    credential = session.scalar(
        select(Credential)
        .join(Award, Award.id == Credential.award_id)
        .where(
            Credential.id == credential_id,
            Credential.issued_at.is_not(None),
            Award.person_id == person_id,
        )
    )
    if credential is None:
        raise UnknownCredentialError(f"no credential {credential_id}")
    return credential
