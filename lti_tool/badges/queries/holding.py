"""Reads of what persons hold and what they share."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt
from lti_tool.badges import particulars
from lti_tool.badges.details import Evidence
from lti_tool.badges.issuer import image_path
from lti_tool.badges.models import (
    DETAILED,
    MINIMAL,
    Achievement,
    Award,
    AwardCause,
    Credential,
    Share,
)
from lti_tool.badges.particulars import NOTHING, Particulars
from lti_tool.badges.queries.achievements import edition_content
from lti_tool.badges.rules import AchievementDraft, CauseKind
from lti_tool.core import clock
from lti_tool.core.ids import (
    AchievementId,
    AttemptId,
    AwardId,
    CredentialId,
    PersonId,
    ShareId,
)
from lti_tool.platforms.models import Institution


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShare:
    """A link that still shows a credential; the link itself is known to its maker alone.

    Attributes:
        is_detailed: it shows a detailed form.
    """

    id: ShareId
    is_detailed: bool
    show_name: bool
    show_result: bool
    label: str | None
    opened: int
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedForm:
    """A detailed form that the holder had signed."""

    credential_id: CredentialId
    issued_at: datetime
    particulars: Particulars


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBadge:
    """An award that a person holds, as their badge page shows it.

    Attributes:
        credential_id: of the minimal form, unless a detailed one was asked for; None while it is
            being signed, as is `issued_at`.
        image_path: of the artwork, on our own host.
        shares: open ones of every form, the newest first.
        detailed: the newest first.
        particulars: what the form of `credential_id` says beyond the minimal.
    """

    award_id: AwardId
    person_id: PersonId
    achievement_id: AchievementId
    edition: int
    achievement_type: str
    name: str
    description: str
    artwork: dict[str, Any]
    image_path: str
    awarded_at: datetime
    valid_until: datetime | None
    credential_id: CredentialId | None
    issued_at: datetime | None
    shares: Sequence[OpenShare] = ()
    detailed: Sequence[DetailedForm] = ()
    particulars: Particulars = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What an attempt came to."""

    earned: Decimal
    possible: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What stands behind a link: a signed credential and what its holder shows with it.

    Attributes:
        content: what the edition said that was earned.
        replaced_by_id: the achievement that has taken its place, if one has.
        points: None unless the holder shows them.
    """

    person_id: PersonId
    credential_id: CredentialId
    achievement_id: AchievementId
    edition: int
    newest_edition: int
    replaced_by_id: AchievementId | None
    content: AchievementDraft
    document: dict[str, Any]
    show_name: bool
    points: Points | None


def list_held(session: Session, person_id: PersonId) -> list[HeldBadge]:
    """Return what a person holds now, the newest award first; withdrawn awards are left out.

    A duplicate shows as the award that counts, with the links to both.
    """
    rows = session.execute(
        select(Award, Achievement, Credential.id, Credential.issued_at, Institution.slug)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .join(Institution, Institution.id == Award.institution_id)
        .outerjoin(
            Credential,
            (Credential.award_id == Award.id)
            & (Credential.form == MINIMAL)
            & Credential.revoked_at.is_(None)
            & Credential.issued_at.is_not(None),
        )
        .where(
            Award.person_id == person_id,
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
        .order_by(Award.awarded_at.desc(), Award.id.desc())
    ).all()
    award_ids = [row.Award.id for row in rows]
    shares, detailed = _open_shares(session, award_ids), _detailed_forms(session, award_ids)
    return [
        HeldBadge(
            award_id=award.id,
            person_id=person_id,
            achievement_id=achievement.id,
            edition=award.edition,
            achievement_type=achievement.achievement_type,
            name=achievement.name,
            description=achievement.description,
            artwork=achievement.artwork,
            image_path=image_path(slug, achievement.id, award.edition),
            awarded_at=award.awarded_at,
            valid_until=award.valid_until,
            credential_id=credential_id,
            issued_at=issued_at,
            shares=shares.get(award.id, ()),
            detailed=detailed.get(award.id, ()),
        )
        for award, achievement, credential_id, issued_at, slug in rows
    ]


def _open_shares(session: Session, award_ids: Sequence[AwardId]) -> dict[AwardId, list[OpenShare]]:
    shares: defaultdict[AwardId, list[OpenShare]] = defaultdict(list)
    for share, award_id, form in session.execute(
        select(Share, func.coalesce(Award.duplicate_of_id, Award.id), Credential.form)
        .join(Credential, Credential.id == Share.credential_id)
        .join(Award, Award.id == Credential.award_id)
        .where(
            or_(Award.id.in_(award_ids), Award.duplicate_of_id.in_(award_ids)),
            Credential.revoked_at.is_(None),
            Share.ended_at.is_(None),
            (Share.expires_at.is_(None)) | (Share.expires_at > clock.now()),
        )
        .order_by(Share.created_at.desc(), Share.id.desc())
    ):
        shares[award_id].append(
            OpenShare(
                id=share.id,
                is_detailed=form == DETAILED,
                show_name=share.show_name,
                show_result=share.show_result,
                label=share.label,
                opened=share.opened,
                created_at=share.created_at,
                expires_at=share.expires_at,
            )
        )
    return shares


def _detailed_forms(
    session: Session, award_ids: Sequence[AwardId]
) -> dict[AwardId, list[DetailedForm]]:
    forms: defaultdict[AwardId, list[DetailedForm]] = defaultdict(list)
    for credential in session.scalars(
        select(Credential)
        .where(
            Credential.award_id.in_(award_ids),
            Credential.form == DETAILED,
            Credential.revoked_at.is_(None),
            Credential.issued_at.is_not(None),
        )
        .order_by(Credential.issued_at.desc(), Credential.id.desc())
    ):
        if credential.document is None or credential.issued_at is None:
            continue  # never, says the table's check
        forms[credential.award_id].append(
            DetailedForm(
                credential_id=credential.id,
                issued_at=credential.issued_at,
                particulars=particulars.read(credential.document),
            )
        )
    return forms


def find_shared(session: Session, token_hash: bytes, at: datetime) -> Shared | None:
    """Return what an open link shows, or None: there is no such link, or it has ended."""
    row = session.execute(
        select(
            Award.id.label("award_id"),
            Award.person_id,
            Award.edition,
            Achievement,
            Credential.id.label("credential_id"),
            Credential.document,
            Share.show_name,
            Share.show_result,
        )
        .select_from(Share)
        .join(Credential, Credential.id == Share.credential_id)
        .join(Award, Award.id == Credential.award_id)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .where(
            Share.token_hash == token_hash,
            Share.ended_at.is_(None),
            (Share.expires_at.is_(None)) | (Share.expires_at > at),
        )
    ).one_or_none()
    if row is None or row.document is None:
        return None
    achievement: Achievement = row.Achievement
    return Shared(
        person_id=row.person_id,
        credential_id=row.credential_id,
        achievement_id=achievement.id,
        edition=row.edition,
        newest_edition=achievement.edition,
        replaced_by_id=achievement.replaced_by_id,
        content=edition_content(session, achievement, row.edition),
        document=row.document,
        show_name=row.show_name,
        points=find_points(session, row.award_id) if row.show_result else None,
    )


def find_points(session: Session, award_id: AwardId) -> Points | None:
    """Return the points of the first passed attempt that caused an award, if one did."""
    attempt_id = find_first_pass(session, award_id)
    attempt = attempt_id and session.scalar(select(Attempt).where(Attempt.id == attempt_id))
    if not attempt or attempt.points_earned is None or attempt.points_possible is None:
        return None
    return Points(earned=attempt.points_earned, possible=attempt.points_possible)


def find_first_pass(session: Session, award_id: AwardId) -> AttemptId | None:
    """Return the first passed attempt that caused an award, if one did."""
    return session.scalar(
        select(Attempt.id)
        .join(AwardCause, AwardCause.cause_id == Attempt.id)
        .where(AwardCause.award_id == award_id, AwardCause.kind == CauseKind.PASS.value)
        .order_by(AwardCause.caused_at, AwardCause.id)
        .limit(1)
    )


def list_evidence(session: Session, award_id: AwardId) -> list[Evidence]:
    """Return what the decisions for an award rest on, the oldest first."""
    stored = session.scalars(
        select(AwardCause.evidence)
        .where(AwardCause.award_id == award_id)
        .order_by(AwardCause.caused_at, AwardCause.id)
    )
    return [Evidence(**piece) for pieces in stored for piece in pieces]
