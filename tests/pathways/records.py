"""Institutions, people and awards to stack, as rows; and all rows of pathways as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.events import AwardGranted, AwardWithdrawn
from lti_tool.badges.models import Achievement, Award
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    InstitutionId,
    PathwayId,
    PersonId,
    new_id,
)
from lti_tool.pathways import services
from lti_tool.pathways.expression import AllOf, Earn, Requirement
from lti_tool.pathways.models import Completion, Contribution, Progress
from lti_tool.pathways.services import PathwayDraft
from lti_tool.people.models import Person
from lti_tool.platforms.services import add_institution
from tests.pathways.trees import NOON

ARTWORK = Artwork(outline=Outline.STONE, field=Field.DATA, level=1)


@dataclass(frozen=True, slots=True)
class University:
    """An institution and what it has published, for tests."""

    id: InstitutionId
    achievements: dict[str, AchievementId] = field(default_factory=dict)

    def achievement(self, name: str, *, credits_: str | None = None) -> AchievementId:
        """Publish an achievement."""
        achievement_id = AchievementId(new_id())
        with transaction(self.id) as session:
            session.add(
                Achievement(
                    id=achievement_id,
                    achievement_type="Certificate",
                    name=name,
                    description="What its holder can do.",
                    criteria="What one must do.",
                    credits=Decimal(credits_) if credits_ else None,
                    artwork=ARTWORK.to_json(),
                    published_at=clock.now(),
                )
            )
        self.achievements[name] = achievement_id
        return achievement_id

    def person(self) -> PersonId:
        """Add somebody."""
        person_id = PersonId(new_id())
        with transaction(self.id) as session:
            session.add(Person(id=person_id, created_at=clock.now()))
        return person_id

    def stone(self, name: str) -> Earn:
        """Return a leaf for an achievement, published if it is new."""
        return Earn(achievement_id=self.achievements.get(name) or self.achievement(name))

    def pathway(self, title: str, expression: Requirement | Sequence[str]) -> PathwayId:
        """Publish a pathway to an achievement of the same name; names mean all of them."""
        if not isinstance(expression, Earn | AllOf) and isinstance(expression, Sequence):
            expression = AllOf(parts=tuple(map(self.stone, expression)))
        draft = PathwayDraft(
            title=title,
            achievement_id=self.achievements.get(title) or self.achievement(title),
            expression=expression,
        )
        return services.publish_pathway(self.id, draft)

    def grant(self, person_id: PersonId, name: str, *, minutes: int = 0) -> AwardGranted:
        """Award an achievement, and return the event that would announce it."""
        award_id, awarded_at = AwardId(new_id()), NOON + timedelta(minutes=minutes)
        with transaction(self.id) as session:
            session.add(
                Award(
                    id=award_id,
                    person_id=person_id,
                    achievement_id=self.achievements[name],
                    edition=1,
                    awarded_at=awarded_at,
                )
            )
        return AwardGranted(
            institution_id=self.id,
            award_id=award_id,
            person_id=person_id,
            achievement_id=self.achievements[name],
            awarded_at=awarded_at,
        )

    def withdraw(self, granted: AwardGranted) -> AwardWithdrawn:
        """Withdraw an award, and return the event that would announce it."""
        with transaction(self.id) as session:
            award = session.scalars(select(Award).where(Award.id == granted.award_id)).one()
            award.withdrawn_at = clock.now()
        return AwardWithdrawn(
            institution_id=self.id,
            award_id=granted.award_id,
            person_id=granted.person_id,
            achievement_id=granted.achievement_id,
        )

    def restore(self, granted: AwardGranted) -> AwardGranted:
        """Let a withdrawn award stand again, and return the event that would announce it."""
        with transaction(self.id) as session:
            award = session.scalars(select(Award).where(Award.id == granted.award_id)).one()
            award.withdrawn_at = None
        return granted

    def progress(self, pathway_id: PathwayId, person_id: PersonId) -> Progress:
        """Return the one row of where a person stands."""
        with transaction(self.id) as session:
            return session.scalars(
                select(Progress).where(
                    Progress.pathway_id == pathway_id, Progress.person_id == person_id
                )
            ).one()

    def completions(self, pathway_id: PathwayId, person_id: PersonId) -> list[Completion]:
        """Return a person's completions, oldest first."""
        with transaction(self.id) as session:
            return list(
                session.scalars(
                    select(Completion)
                    .where(Completion.pathway_id == pathway_id, Completion.person_id == person_id)
                    .order_by(Completion.id)
                )
            )

    def missing(self, pathway_id: PathwayId) -> list[tuple[int, PersonId]]:
        """Return who lacks how many stones of a pathway."""
        with transaction(self.id) as session:
            return [
                (missing, person_id)
                for missing, person_id in session.execute(
                    select(Progress.missing, Progress.person_id).where(
                        Progress.pathway_id == pathway_id
                    )
                )
            ]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all that pathways keep of everybody, without ids and processing times."""
        with transaction(self.id) as session:
            contributions = session.execute(
                select(Contribution.person_id, Contribution.requirement_id, Contribution.award_id)
            )
            progress = session.execute(
                select(
                    Progress.pathway_id,
                    Progress.person_id,
                    Progress.version_id,
                    Progress.share,
                    Progress.missing,
                    Progress.completed_at,
                )
            )
            return {
                "contributions": sorted(tuple(row) for row in contributions),
                "progress": sorted(tuple(row) for row in progress),
            }


def university(slug: str = "northgate") -> University:
    """Make an institution."""
    return University(add_institution(slug, slug.title()))


def later(minutes: int) -> datetime:
    """Return an instant after noon."""
    return NOON + timedelta(minutes=minutes)
