"""An institution with a learner and something to earn; each function is a transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from lti_tool.assessments.models import Assessment
from lti_tool.badges import issuing, queries, services
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.rules import AchievementDraft, AchievementType, Cause, CauseKind, Shows
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    AwardId,
    CredentialId,
    InstitutionId,
    PersonId,
    UserId,
    new_id,
)
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from lti_tool.platforms.services import add_institution

DRAFT = AchievementDraft(
    name="Reading Statistics Critically",
    description="Judges whether figures support what is said about them.",
    criteria="Passes the assessment, 18 questions in 40 minutes.",
    achievement_type=AchievementType.MICRO_CREDENTIAL,
    artwork=Artwork(outline=Outline.STONE, field=Field.STATISTICS, level=2),
)
SHOWS_NOTHING = Shows(name=False)


@dataclass(frozen=True, kw_only=True)
class Place:
    institution_id: InstitutionId
    achievement_id: AchievementId
    user_id: UserId
    person_id: PersonId


def place(slug: str = "northfell", *, name: str | None = "Amara Nwosu") -> Place:
    institution_id = add_institution(slug, f"{slug.capitalize()} University")
    with transaction(institution_id) as session:
        user_id = UserId(new_id())
        session.add(User(id=user_id, issuer="https://lms.example", subject=uuid4().hex, name=name))
        session.flush()  # the person refers to the user
        person_id = person_of(session, user_id)
    return Place(
        institution_id=institution_id,
        achievement_id=services.publish_achievement(institution_id, DRAFT),
        user_id=user_id,
        person_id=person_id,
    )


def assessment(at: Place) -> AssessmentId:
    with transaction(at.institution_id) as session:
        row = Assessment(id=AssessmentId(new_id()), title="Statistics", created_at=clock.now())
        session.add(row)
    return row.id


def another_achievement(at: Place, name: str) -> Place:
    achievement_id = services.publish_achievement(at.institution_id, replace(DRAFT, name=name))
    return replace(at, achievement_id=achievement_id)


def passed(cause_id: UUID | None = None, *, at: datetime | None = None) -> Cause:
    return Cause(kind=CauseKind.PASS, id=cause_id or uuid4(), caused_at=at or clock.now())


def grant(at: Place, cause: Cause | None = None) -> AwardId:
    return services.grant_award(
        at.institution_id, at.person_id, at.achievement_id, cause=cause or passed()
    )


def issue(at: Place) -> CredentialId:
    """Grant and sign; returns the credential."""
    issuing.issue_credential(at.institution_id, grant(at))
    (held,) = (badge for badge in held_badges(at) if badge.achievement_id == at.achievement_id)
    assert held.credential_id is not None
    return held.credential_id


def held_badges(at: Place) -> list[queries.HeldBadge]:
    with transaction(at.institution_id) as session:
        return queries.list_held(session, at.person_id)


def issuer(at: Place) -> Issuer:
    with transaction(at.institution_id) as session:
        return queries.get_issuer_of(session, at.institution_id)
