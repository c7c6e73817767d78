"""Reads that only the registrar's pages need."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways.models import Progress
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What the platforms told of a person; of several accounts the first linked that says it."""

    name: str | None
    email: str | None
    student_number: str | None


NOBODY = Contact(name=None, email=None, student_number=None)


def list_contacts(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, Contact]:
    """Return who these people are."""
    found: dict[PersonId, Contact] = {}
    rows = session.execute(
        select(PersonUser.person_id, User.name, User.email, User.sis_id)
        .join(User, User.id == PersonUser.id)
        .where(PersonUser.person_id.in_(person_ids))
        .order_by(PersonUser.linked_at, PersonUser.id)
    )
    for person_id, name, email, sis_id in rows:
        known = found.get(person_id, NOBODY)
        found[person_id] = Contact(
            name=known.name or name,
            email=known.email or email,
            student_number=known.student_number or sis_id,
        )
    return found


def count_accounts(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, int]:
    """Return by how many platforms' users each of these people is known."""
    return dict(
        session.execute(
            select(PersonUser.person_id, func.count())
            .where(PersonUser.person_id.in_(person_ids))
            .group_by(PersonUser.person_id)
        ).all()
    )


def list_people_on(session: Session, pathway_id: PathwayId) -> list[PersonId]:
    """Return everybody on a pathway, in no order that means anything."""
    return list(
        session.scalars(
            select(Progress.person_id)
            .where(Progress.pathway_id == pathway_id)
            .order_by(Progress.person_id)
        )
    )
