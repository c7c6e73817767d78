"""Reads of what persons hold and what they share."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
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
    AwardReview,
    Credential,
)
from lti_tool.badges.particulars import NOTHING, Particulars
from lti_tool.badges.queries.achievements import earned_name
from lti_tool.badges.queries.sharing import OpenShare, list_open_shares, says_the_dates
from lti_tool.badges.rules import CauseKind
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    CredentialId,
    PersonId,
)
from lti_tool.platforms.models import Institution


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
        name: as the edition has it that was earned, and signed.
        image_path: of the artwork, on our own host.
        shares: open ones of every form, the newest first.
        detailed: the newest first.
        particulars: what the form of `credential_id` says beyond the minimal.
        has_points: whether an attempt earned it that a link could show the points of.
        newest_edition: of the achievement; a later one than `edition` is earned by who begins now.
        replaced_by: name and id of the achievement that has taken its place, if one has.
        in_review: its reason has fallen away, and somebody is to decide what becomes of it.
    """

    award_id: AwardId
    person_id: PersonId
    achievement_id: AchievementId
    edition: int
    newest_edition: int
    name: str
    image_path: str
    awarded_at: datetime
    valid_until: datetime | None
    credential_id: CredentialId | None
    issued_at: datetime | None
    shares: Sequence[OpenShare] = ()
    detailed: Sequence[DetailedForm] = ()
    particulars: Particulars = NOTHING
    has_points: bool = False
    replaced_by: tuple[str, AchievementId] | None = None
    in_review: bool = False


def list_held(session: Session, person_id: PersonId) -> list[HeldBadge]:
    """Return what a person holds now, the newest award first; withdrawn awards are left out.

    A duplicate shows as the award that counts, with the links to both.
    """
    rows = session.execute(
        select(
            Award,
            Achievement,
            Credential.id,
            Credential.issued_at,
            Institution.slug,
            earned_name().label("name"),
            _has_points(),
            _in_review(),
        )
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
    shares, detailed = list_open_shares(session, award_ids), _detailed_forms(session, award_ids)
    successors = _successors(session, [row.Achievement.replaced_by_id for row in rows])
    return [
        HeldBadge(
            award_id=award.id,
            person_id=person_id,
            achievement_id=achievement.id,
            edition=award.edition,
            name=name,
            image_path=image_path(slug, achievement.id, award.edition),
            awarded_at=award.awarded_at,
            valid_until=award.valid_until,
            credential_id=credential_id,
            issued_at=issued_at,
            shares=shares.get(award.id, ()),
            detailed=detailed.get(award.id, ()),
            has_points=has_points,
            newest_edition=achievement.edition,
            replaced_by=successors.get(achievement.replaced_by_id),
            in_review=in_review,
        )
        for award, achievement, credential_id, issued_at, slug, name, has_points, in_review in rows
    ]


def _successors(
    session: Session, achievement_ids: Sequence[AchievementId | None]
) -> dict[AchievementId | None, tuple[str, AchievementId]]:
    return {
        id_: (name, id_)
        for id_, name in session.execute(
            select(Achievement.id, Achievement.name).where(Achievement.id.in_(achievement_ids))
        )
    }


def _has_points() -> ColumnElement[bool]:
    """Return the condition that an attempt with points earned an award; as `find_points`."""
    return exists().where(
        AwardCause.award_id == Award.id,
        AwardCause.kind == CauseKind.PASS.value,
        AwardCause.counts,
        Attempt.id == AwardCause.cause_id,
        Attempt.passed.is_(True),
        Attempt.points_earned.is_not(None),
        Attempt.points_possible.is_not(None),
        says_the_dates(),
    )


def _in_review() -> ColumnElement[bool]:
    return exists().where(AwardReview.award_id == Award.id, AwardReview.decided_at.is_(None))


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


def list_evidence(session: Session, award_id: AwardId) -> list[Evidence]:
    """Return what the decisions for an award rest on, the oldest first, as far as they count."""
    stored = session.scalars(
        select(AwardCause.evidence)
        .where(AwardCause.award_id == award_id, AwardCause.counts)
        .order_by(AwardCause.caused_at, AwardCause.id)
    )
    return [Evidence(**piece) for pieces in stored for piece in pieces]
