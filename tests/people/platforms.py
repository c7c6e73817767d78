"""A university whose people come from two platforms, with badges that stack."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy import select

from lti_tool.badges.models import Award
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award, publish_achievement
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PathwayId, PersonId, UserId, new_id
from lti_tool.people import merging
from lti_tool.people.models import PersonMerge
from lti_tool.people.queries import list_users
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from tests.badges.factories import DRAFT
from tests.pathways.records import University, university

MOODLE, CANVAS = "https://moodle.example", "https://canvas.example"
STONES = ("Statistics", "Consent")


@dataclass(frozen=True, kw_only=True)
class TwoPlatforms:
    """A university with Moodle and Canvas."""

    university: University
    pathway_id: PathwayId

    def arrive(
        self,
        issuer: str,
        name: str | None = None,
        *,
        email: str | None = None,
        sis_id: str | None = None,
        is_visitor: bool = False,
    ) -> PersonId:
        """Have somebody come by a platform for the first time."""
        with transaction(self.university.id) as session:
            user = User(
                issuer=issuer,
                subject=uuid4().hex,
                name=name,
                email=email,
                sis_id=sis_id,
                is_visitor=is_visitor,
            )
            session.add(user)
            session.flush()
            return person_of(session, UserId(user.id))

    def give(self, person_id: PersonId, name: str) -> AwardId:
        """Give a badge by a decision."""
        return grant_award(
            self.university.id,
            person_id,
            self.university.achievements[name],
            cause=Cause(
                kind=CauseKind.DECISION, id=new_id(), caused_at=clock.now(), reason="Because."
            ),
            actor=audit.CLI,
        )

    def merge(self, one: PersonId, other: PersonId) -> UUID:
        """Merge two persons; return the merge."""
        merge_id = new_id()
        merging.merge(
            self.university.id, one, other, merge_id=merge_id, actor=audit.CLI, reason="One."
        )
        return merge_id

    def split(self, merge_id: UUID) -> PersonId:
        """Undo a merge."""
        return merging.split(self.university.id, merge_id, actor=audit.CLI, reason="Two.")

    def awards(self, person_id: PersonId) -> dict[AwardId, Award]:
        """Return all that a person was awarded."""
        with transaction(self.university.id) as session:
            return {
                award.id: award
                for award in session.scalars(select(Award).where(Award.person_id == person_id))
            }

    def user(self, person_id: PersonId) -> UserId:
        """Return the first account of a person."""
        with transaction(self.university.id) as session:
            return UserId(list_users(session, person_id)[0].id)

    def names(self, person_id: PersonId) -> list[str]:
        """Return the names of a person's accounts."""
        with transaction(self.university.id) as session:
            return sorted(user.name or "" for user in list_users(session, person_id))

    def merges(self) -> list[PersonMerge]:
        """Return all merges."""
        with transaction(self.university.id) as session:
            return list(session.scalars(select(PersonMerge).order_by(PersonMerge.id)))


def two_platforms() -> TwoPlatforms:
    """Make the university and publish a pathway of two stones."""
    place = university(f"u-{uuid4().hex[:8]}")
    for name in (*STONES, "Data literacy"):
        place.achievements[name] = publish_achievement(place.id, replace(DRAFT, name=name))
    return TwoPlatforms(university=place, pathway_id=place.pathway("Data literacy", STONES))
