"""Reads of issuers, achievements, what persons hold and what they share."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt
from lti_tool.badges.artwork import Artwork
from lti_tool.badges.details import Details
from lti_tool.badges.errors import UnknownAwardError
from lti_tool.badges.issuer import Issuer, image_path
from lti_tool.badges.models import (
    MINIMAL,
    Achievement,
    AchievementEdition,
    Award,
    AwardCause,
    Credential,
    Share,
    StatusList,
)
from lti_tool.badges.rules import AchievementDraft, AchievementType, CauseKind
from lti_tool.core import clock, settings
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    AwardId,
    CredentialId,
    InstitutionId,
    PersonId,
    ShareId,
)
from lti_tool.people.queries import display_names
from lti_tool.platforms.models import Institution
from lti_tool.platforms.queries import get_institution, get_institution_by_slug


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShare:
    """A link that still shows a credential; the link itself is known to its maker alone."""

    id: ShareId
    show_name: bool
    show_result: bool
    label: str | None
    opened: int
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBadge:
    """An award that a person holds, as their badge page shows it.

    Attributes:
        credential_id: None while it is being signed, as is `issued_at`.
        image_path: of the artwork, on our own host.
        shares: open ones, the newest first.
    """

    award_id: AwardId
    achievement_id: AchievementId
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


def get_issuer(session: Session, slug: str) -> Issuer:
    """Return the issuer of that name.

    Raises:
        NotFoundError: no institution has it.
    """
    return _issuer(get_institution_by_slug(session, slug))


def get_issuer_of(session: Session, institution_id: InstitutionId) -> Issuer:
    """Return an institution as an issuer.

    Raises:
        NotFoundError: there is no such institution.
    """
    return _issuer(get_institution(session, institution_id))


def _issuer(institution: Institution) -> Issuer:
    return Issuer(
        institution_id=institution.id,
        slug=institution.slug,
        name=institution.name,
        host_url=settings.current().issuer_url,
    )


def get_achievement(
    session: Session, achievement_id: AchievementId, *, lock: bool = False
) -> Achievement:
    """Return a published achievement.

    Raises:
        NotFoundError: there is none of that id here.
    """
    query = select(Achievement).where(Achievement.id == achievement_id)
    achievement = session.scalar(query.with_for_update() if lock else query)
    if achievement is None:
        raise NotFoundError(f"no achievement {achievement_id}")
    return achievement


def edition_content(session: Session, achievement: Achievement, edition: int) -> AchievementDraft:
    """Return what an edition of an achievement says."""
    stored = session.scalar(
        select(AchievementEdition.content).where(
            AchievementEdition.achievement_id == achievement.id,
            AchievementEdition.edition == edition,
        )
    )
    if stored is not None:
        return AchievementDraft.from_json(stored)
    return AchievementDraft(
        name=achievement.name,
        description=achievement.description,
        criteria=achievement.criteria,
        achievement_type=AchievementType(achievement.achievement_type),
        artwork=Artwork.from_json(achievement.artwork),
        credits=achievement.credits,
        details=Details.from_json(achievement.details),
    )


def list_editions(session: Session, achievement_id: AchievementId) -> list[AchievementEdition]:
    """Return an achievement's editions, the newest first."""
    return list(
        session.scalars(
            select(AchievementEdition)
            .where(AchievementEdition.achievement_id == achievement_id)
            .order_by(AchievementEdition.edition.desc())
        )
    )


def find_achievement_of_assessment(
    session: Session, assessment_id: AssessmentId
) -> Achievement | None:
    """Return what a pass of the assessment earns, or None."""
    return session.scalar(select(Achievement).where(Achievement.assessment_id == assessment_id))


def list_achievements(session: Session) -> list[Achievement]:
    """Return the institution's achievements by name."""
    return list(session.scalars(select(Achievement).order_by(Achievement.name, Achievement.id)))


def list_achievements_with_holders(session: Session) -> list[tuple[Achievement, int]]:
    """Return the institution's achievements by name, each with how many people hold it."""
    holders = (
        select(Award.achievement_id, func.count().label("holders"))
        .where(Award.withdrawn_at.is_(None))
        .group_by(Award.achievement_id)
        .subquery()
    )
    rows = session.execute(
        select(Achievement, func.coalesce(holders.c.holders, 0))
        .outerjoin(holders, holders.c.achievement_id == Achievement.id)
        .order_by(Achievement.name, Achievement.id)
    )
    return [(achievement, count) for achievement, count in rows]


def list_awards(
    session: Session, achievement_id: AchievementId, *, limit: int = 100
) -> list[tuple[Award, str | None]]:
    """Return the newest awards of an achievement with the holders' names, withdrawn ones too."""
    awards = session.scalars(
        select(Award)
        .where(Award.achievement_id == achievement_id)
        .order_by(Award.awarded_at.desc(), Award.id.desc())
        .limit(limit)
    ).all()
    names = display_names(session, [award.person_id for award in awards])
    return [(award, names.get(award.person_id)) for award in awards]


def get_award(session: Session, award_id: AwardId, *, lock: bool = False) -> Award:
    """Return an award, withdrawn ones too.

    Raises:
        UnknownAwardError: there is none of that id here.
    """
    query = select(Award).where(Award.id == award_id)
    award = session.scalar(query.with_for_update() if lock else query)
    if award is None:
        raise UnknownAwardError(f"no award {award_id}")
    return award


def list_held(session: Session, person_id: PersonId) -> list[HeldBadge]:
    """Return what a person holds now, the newest award first; withdrawn awards are left out."""
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
        .where(Award.person_id == person_id, Award.withdrawn_at.is_(None))
        .order_by(Award.awarded_at.desc(), Award.id.desc())
    ).all()
    shares = _open_shares(session, [row.id for row in rows if row.id is not None])
    return [
        HeldBadge(
            award_id=award.id,
            achievement_id=achievement.id,
            achievement_type=achievement.achievement_type,
            name=achievement.name,
            description=achievement.description,
            artwork=achievement.artwork,
            image_path=image_path(slug, achievement.id),
            awarded_at=award.awarded_at,
            valid_until=award.valid_until,
            credential_id=credential_id,
            issued_at=issued_at,
            shares=shares.get(credential_id, ()),
        )
        for award, achievement, credential_id, issued_at, slug in rows
    ]


def _open_shares(
    session: Session, credential_ids: Sequence[CredentialId]
) -> dict[CredentialId, list[OpenShare]]:
    shares: defaultdict[CredentialId, list[OpenShare]] = defaultdict(list)
    for share in session.scalars(
        select(Share)
        .where(
            Share.credential_id.in_(credential_ids),
            Share.ended_at.is_(None),
            (Share.expires_at.is_(None)) | (Share.expires_at > clock.now()),
        )
        .order_by(Share.created_at.desc(), Share.id.desc())
    ):
        shares[share.credential_id].append(
            OpenShare(
                id=share.id,
                show_name=share.show_name,
                show_result=share.show_result,
                label=share.label,
                opened=share.opened,
                created_at=share.created_at,
                expires_at=share.expires_at,
            )
        )
    return shares


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
    row = session.execute(
        select(Attempt.points_earned, Attempt.points_possible)
        .join(AwardCause, AwardCause.cause_id == Attempt.id)
        .where(AwardCause.award_id == award_id, AwardCause.kind == CauseKind.PASS.value)
        .order_by(AwardCause.caused_at)
        .limit(1)
    ).one_or_none()
    if row is None or row.points_earned is None or row.points_possible is None:
        return None
    return Points(earned=row.points_earned, possible=row.points_possible)


def find_status_list(session: Session, number: int) -> StatusList | None:
    """Return the institution's status list of that number, or None."""
    return session.scalar(select(StatusList).where(StatusList.number == number))


def list_revoked_indexes(session: Session, status_list_id: UUID) -> list[int]:
    """Return the entries whose bit is set: those of revoked credentials."""
    return list(
        session.scalars(
            select(Credential.status_index).where(
                Credential.status_list_id == status_list_id, Credential.revoked_at.is_not(None)
            )
        )
    )


def is_revoked(session: Session, status_list_id: UUID, index: int) -> bool:
    """Return whether the entry's bit is set."""
    revoked = exists().where(
        Credential.status_list_id == status_list_id,
        Credential.status_index == index,
        Credential.revoked_at.is_not(None),
    )
    return bool(session.scalar(select(revoked)))
