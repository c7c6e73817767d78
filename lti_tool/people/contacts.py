"""Who somebody is to staff: two of one name are told apart by number or address."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core.ids import PersonId
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
