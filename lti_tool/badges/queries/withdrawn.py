"""Reads of what persons held and hold no more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, Placement
from lti_tool.badges.issuer import image_path
from lti_tool.badges.models import Achievement, Award, AwardCause
from lti_tool.badges.queries.achievements import earned_name
from lti_tool.badges.queries.sharing import OpenShare, list_open_shares
from lti_tool.badges.rules import CauseKind
from lti_tool.core.ids import AchievementId, AwardId, PersonId
from lti_tool.platforms.models import Context, Institution


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnBadge:
    """An award that was taken back, as the badge page of whoever held it shows it.

    Attributes:
        image_path: of the artwork, on our own host.
        reason: as whoever took it back gave it.
        shares: links that still show that it was taken back, the newest first.
    """

    award_id: AwardId
    achievement_id: AchievementId
    name: str
    image_path: str
    awarded_at: datetime
    withdrawn_at: datetime
    reason: str
    shares: Sequence[OpenShare]


def list_withdrawn(session: Session, person_id: PersonId) -> list[WithdrawnBadge]:
    """Return what was taken back from a person and not given again, the latest first.

    Given again is also a newer edition. What a link still shows is named in any case.
    """
    rows = session.execute(
        select(Award, Achievement.id, Institution.slug, earned_name().label("name"))
        .join(Achievement, Achievement.id == Award.achievement_id)
        .join(Institution, Institution.id == Award.institution_id)
        .where(
            Award.person_id == person_id,
            Award.withdrawn_at.is_not(None),
            Award.duplicate_of_id.is_(None),
        )
        .order_by(Award.withdrawn_at.desc(), Award.id.desc())
    ).all()
    again = set(
        session.scalars(
            select(Award.achievement_id).where(
                Award.person_id == person_id,
                Award.withdrawn_at.is_(None),
                Award.duplicate_of_id.is_(None),
            )
        )
    )
    shares = list_open_shares(session, [row.Award.id for row in rows])
    return [
        WithdrawnBadge(
            award_id=award.id,
            achievement_id=achievement_id,
            name=name,
            image_path=image_path(slug, achievement_id, award.edition),
            awarded_at=award.awarded_at,
            withdrawn_at=award.withdrawn_at,
            reason=award.withdrawn_reason or "",
            shares=shares.get(award.id, ()),
        )
        for award, achievement_id, slug, name in rows
        if award.withdrawn_at is not None
        and (award.achievement_id not in again or award.id in shares)
    ]


def list_courses(session: Session, award_ids: Collection[AwardId]) -> dict[AwardId, str]:
    """Return the titles of the courses whose assessments earned awards, where there is one."""
    rows = session.execute(
        select(AwardCause.award_id, Context.title)
        .join(Attempt, Attempt.id == AwardCause.cause_id)
        .join(Placement, Placement.id == Attempt.placement_id)
        .join(Context, Context.id == Placement.context_id)
        .where(
            AwardCause.award_id.in_(award_ids),
            AwardCause.kind == CauseKind.PASS.value,
            Context.title.is_not(None),
        )
        .order_by(AwardCause.caused_at.desc(), AwardCause.id.desc())
    )
    return {award_id: title for award_id, title in rows if title}
