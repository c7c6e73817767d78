"""Who a platform's user is, over all platforms of an institution."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import clock, db
from lti_tool.core.ids import PersonId, UserId, new_id
from lti_tool.people.models import Person, PersonUser
from lti_tool.people.queries import find_person


def person_of(session: Session, user_id: UserId) -> PersonId:
    """Return the person a user is; makes one for a user seen for the first time.

    Part of the caller's transaction. Of two that ask at once one waits for the
    other's commit, so a user never becomes two persons.
    """
    known = find_person(session, user_id)
    if known is not None:
        return known
    now, person_id = clock.now(), PersonId(new_id())
    session.execute(insert(Person).values(institution_id=db.tenant(), id=person_id, created_at=now))
    linked: PersonId | None = session.scalar(
        insert(PersonUser)
        .values(institution_id=db.tenant(), id=user_id, person_id=person_id, linked_at=now)
        .on_conflict_do_nothing()
        .returning(PersonUser.person_id)
    )
    if linked is not None:
        return linked
    session.execute(delete(Person).where(Person.id == person_id))
    other = find_person(session, user_id)
    if other is None:
        raise RuntimeError("the person of a user vanished within a transaction")
    return other
