"""Reads of issuers, achievements and who was awarded them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Assessment
from lti_tool.badges.artwork import Artwork
from lti_tool.badges.details import Details
from lti_tool.badges.errors import UnknownAwardError
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import (
    Achievement,
    AchievementEdition,
    Award,
)
from lti_tool.badges.rules import AchievementDraft, AchievementType
from lti_tool.core import settings
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    AwardId,
    InstitutionId,
    PersonId,
)
from lti_tool.core.language import phrase
from lti_tool.people.contacts import NOBODY, Contact, list_contacts
from lti_tool.platforms.models import Institution
from lti_tool.platforms.queries import get_institution, get_institution_by_slug


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
        raise NotFoundError(phrase("There is no badge at this address."))
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


def earned_name() -> ColumnElement[str]:
    """Return the name of what an award is for, in a statement of awards and achievements.

    As the edition has it that was earned: another may be called otherwise.
    """
    of_edition = (
        select(AchievementEdition.content["name"].astext)
        .where(
            AchievementEdition.achievement_id == Award.achievement_id,
            AchievementEdition.edition == Award.edition,
        )
        .scalar_subquery()
    )
    return func.coalesce(of_edition, Achievement.name)


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


def list_unearned_assessments(session: Session) -> list[Assessment]:
    """Return the assessments whose pass earns nothing yet, by title."""
    earned = select(Achievement.id).where(Achievement.assessment_id == Assessment.id)
    return list(
        session.scalars(
            select(Assessment).where(~earned.exists()).order_by(Assessment.title, Assessment.id)
        )
    )


def list_achievements(session: Session) -> list[Achievement]:
    """Return the institution's achievements by name."""
    return list(session.scalars(select(Achievement).order_by(Achievement.name, Achievement.id)))


def list_achievements_with_holders(session: Session) -> list[tuple[Achievement, int]]:
    """Return the institution's achievements by name, each with how many people hold it."""
    holders = (
        select(Award.achievement_id, func.count().label("holders"))
        .where(Award.withdrawn_at.is_(None), Award.duplicate_of_id.is_(None))
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
) -> list[tuple[Award, Contact]]:
    """Return the newest awards of an achievement and whose they are, withdrawn ones too."""
    awards = session.scalars(
        select(Award)
        .where(Award.achievement_id == achievement_id)
        .order_by(Award.awarded_at.desc(), Award.id.desc())
        .limit(limit)
    ).all()
    contacts = list_contacts(session, [award.person_id for award in awards])
    return [(award, contacts.get(award.person_id, NOBODY)) for award in awards]


def list_holders(
    session: Session,
    achievement_id: AchievementId,
    person_ids: Collection[PersonId],
    *,
    at: datetime,
) -> set[PersonId]:
    """Return which of these people hold the newest edition of an achievement, not ended."""
    return set(
        session.scalars(
            select(Award.person_id)
            .join(Achievement, Achievement.id == Award.achievement_id)
            .where(
                Award.person_id.in_(person_ids),
                Award.achievement_id == achievement_id,
                Award.edition == Achievement.edition,
                Award.withdrawn_at.is_(None),
                Award.duplicate_of_id.is_(None),
                or_(Award.valid_until.is_(None), Award.valid_until > at),
            )
        )
    )


def get_award(session: Session, award_id: AwardId, *, lock: bool = False) -> Award:
    """Return an award, withdrawn ones too.

    Raises:
        UnknownAwardError: there is none of that id here.
    """
    query = select(Award).where(Award.id == award_id)
    award = session.scalar(query.with_for_update() if lock else query)
    if award is None:
        raise UnknownAwardError
    return award
