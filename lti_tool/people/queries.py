"""Reads of persons and of the names they go by."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core.ids import PersonId, UserId
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import User


def find_person(session: Session, user_id: UserId) -> PersonId | None:
    """Return who a platform's user is, or None: nobody asked for them yet."""
    return session.scalar(select(PersonUser.person_id).where(PersonUser.id == user_id))


def list_users(session: Session, person_id: PersonId) -> list[User]:
    """Return the person's accounts over all platforms, the first linked first."""
    return list(
        session.scalars(
            select(User)
            .join(PersonUser, PersonUser.id == User.id)
            .where(PersonUser.person_id == person_id)
            .order_by(PersonUser.linked_at, PersonUser.id)
        )
    )


def display_names(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, str]:
    """Return the name of each person as the first platform that told one gave it.

    Persons without a name, such as in courses that send none, are left out.
    """
    rows = session.execute(
        select(PersonUser.person_id, User.name)
        .join(User, User.id == PersonUser.id)
        .where(PersonUser.person_id.in_(person_ids), User.name.is_not(None))
        .order_by(PersonUser.linked_at.desc(), PersonUser.id.desc())
    )
    return {person_id: name for person_id, name in rows if name is not None}
