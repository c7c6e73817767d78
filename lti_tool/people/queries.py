"""Reads of persons, of the names they go by, and of staff who are signed in."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true, tuple_
from sqlalchemy.orm import Session

from lti_tool.core.db import tenant
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PersonId, UserId
from lti_tool.core.language import phrase
from lti_tool.people.models import (
    IdentifierAuthority,
    IdentityProvider,
    Person,
    PersonUser,
    StaffMember,
    StaffSession,
    UserWord,
)
from lti_tool.people.rules import search_words
from lti_tool.platforms.models import Institution, User


def find_person(session: Session, user_id: UserId) -> PersonId | None:
    """Return who a platform's user is, or None: nobody asked for them yet."""
    return session.scalar(select(PersonUser.person_id).where(PersonUser.id == user_id))


def get_person(session: Session, person_id: PersonId) -> Person:
    """Return a person of the open transaction's institution.

    Raises:
        NotFoundError: there is none of this id here.
    """
    person = session.scalar(select(Person).where(Person.id == person_id))
    if person is None:
        raise NotFoundError(phrase("There is no such person."))
    return person


def current_person(session: Session, person_id: PersonId, *, alone: bool = False) -> PersonId:
    """Return who a person is by now: themselves, or whom they were merged into.

    Until the transaction ends nobody merges them: whatever is written for them stays theirs. With
    `alone` nobody else writes for them either; to ask for that later could wait for ever.
    """
    found = current_people(session, [person_id], alone=alone)
    return found[0] if found else person_id  # of whom there is no row here


def _follow(session: Session, person_id: PersonId) -> PersonId | None:
    """Return who a person is at this moment; None if there is no such person here."""
    row = session.execute(select(Person.merged_into_id).where(Person.id == person_id)).one_or_none()
    if row is None or row.merged_into_id is None:
        return None if row is None else person_id
    return _follow(session, row.merged_into_id)


def current_people(
    session: Session, person_ids: Collection[PersonId], *, alone: bool = False
) -> list[PersonId]:
    """Return who these people are by now, each once, in order of id; as `current_person` does.

    Until the transaction ends nobody merges them. Of whom there is no row here is left out.
    """
    while True:
        now = _follow_all(session, person_ids)
        wanted = sorted(set(now.values()))
        # All at once and in order of id, as merges and splits lock; whoever does not stand is not
        # undone without these. Where somebody was merged meanwhile the locks are let go first, also
        # the one of whom the statement waited for and leaves out: whoever they are by now may come
        # earlier.
        attempt = session.begin_nested()
        stand = session.scalars(
            select(Person.id)
            .where(Person.id.in_(wanted), Person.merged_into_id.is_(None))
            .order_by(Person.id)
            .with_for_update(read=not alone, key_share=not alone)
        ).all()
        followed = any(own != into for own, into in now.items())
        if stand == wanted and (not followed or _follow_all(session, person_ids) == now):
            attempt.commit()
            return wanted
        attempt.rollback()


def _follow_all(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, PersonId]:
    """Return who each of these people is at this moment, locking nobody."""
    rows = session.execute(
        select(Person.id, Person.merged_into_id).where(Person.id.in_(person_ids))
    )
    found = {own: own if into is None else _follow(session, into) for own, into in rows}
    return {own: into for own, into in found.items() if into is not None}


def list_selves(session: Session, person_id: PersonId) -> list[PersonId]:
    """Return a person's id and those of everybody merged into them, at any remove."""
    selves = select(Person.id).where(Person.id == person_id).cte("selves", recursive=True)
    selves = selves.union(select(Person.id).where(Person.merged_into_id == selves.c.id))
    return list(session.scalars(select(selves.c.id)))


def list_authorities(session: Session) -> list[IdentifierAuthority]:
    """Return the platforms whose student numbers the institution vouches for, by register."""
    return list(
        session.scalars(
            select(IdentifierAuthority).order_by(
                IdentifierAuthority.namespace, IdentifierAuthority.issuer
            )
        )
    )


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


# After every word that begins with what stands before it.
_LAST = chr(0x10FFFF)


def search_people(
    session: Session, text: str, *, after: PersonId | None = None, limit: int
) -> list[PersonId]:
    """Return people found by the beginnings of words in name, e-mail or number, by name.

    Every word of `text` has to be found, though not at the same platform.

    Args:
        session: of one institution.
        text: what somebody typed; without a word in it nobody is found.
        after: the last person of the page before.
        limit: people to a page.
    """
    words = search_words(text)
    if not words:
        return []
    by_name = func.coalesce(func.min(func.lower(User.name)), _LAST)
    named = (
        select(PersonUser.person_id, by_name.label("sorted_by"))
        .join(User, User.id == PersonUser.id)
        .where(*map(_has_word, words))
        .group_by(PersonUser.person_id)
    )
    found = named.subquery()
    page = select(found.c.person_id).order_by(found.c.sorted_by, found.c.person_id).limit(limit)
    if after is not None:
        last = (
            select(by_name)
            .select_from(PersonUser)
            .join(User, User.id == PersonUser.id)
            .where(PersonUser.person_id == after)
            .scalar_subquery()
        )
        page = page.where(tuple_(found.c.sorted_by, found.c.person_id) > tuple_(last, after))
    return list(session.scalars(page))


def list_newest_people(
    session: Session, *, after: PersonId | None = None, limit: int
) -> list[PersonId]:
    """Return who was met last, the newest first; ids are in order of time.

    Args:
        session: of one institution.
        after: the last person of the page before.
        limit: people to a page.
    """
    return list(
        session.scalars(
            select(Person.id)
            .where(
                Person.institution_id == tenant(),
                Person.merged_into_id.is_(None),
                Person.erased_at.is_(None),
                true() if after is None else Person.id < after,
            )
            .order_by(Person.id.desc())
            .limit(limit)
        )
    )


def list_staff_names(session: Session, staff_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what to call members of staff; those without a name by their address."""
    rows = session.execute(
        select(StaffMember.id, func.coalesce(StaffMember.name, StaffMember.email)).where(
            StaffMember.id.in_(staff_ids)
        )
    )
    return {staff_id: name for staff_id, name in rows if name}


def list_actor_names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what to call whoever acted, at the desk or in a course, as far as a name is known."""
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    in_courses: dict[UUID, str] = {user_id: name for user_id, name in rows if name}
    return in_courses | list_staff_names(session, ids)


# A list to choose from.
MOST_STAFF = 300


def list_staff(session: Session) -> list[StaffMember]:
    """Return everybody of the staff who has signed in, by name."""
    return list(
        session.scalars(
            select(StaffMember)
            .where(StaffMember.institution_id == tenant())
            .order_by(func.lower(StaffMember.name), StaffMember.id)
            .limit(MOST_STAFF)
        )
    )


def whoever_is_called(text: str) -> Select[PersonId]:
    """Return what finds all people by any part of a name, or as `search_people` does.

    It may find a person twice.
    """
    by_name = (
        select(PersonUser.person_id)
        .join(User, User.id == PersonUser.id)
        .where(User.name.icontains(text, autoescape=True))
    )
    words = search_words(text)
    if not words:
        return by_name
    by_words = select(PersonUser.person_id).where(*map(_has_word, words))
    either = by_name.union_all(by_words).subquery()
    return select(either.c.person_id)


def _has_word(word: str) -> ColumnElement[bool]:
    return PersonUser.person_id.in_(
        select(PersonUser.person_id)
        .join(UserWord, UserWord.user_id == PersonUser.id)
        .where(UserWord.word >= word, UserWord.word < word + _LAST)
    )


def list_identity_providers(session: Session) -> list[IdentityProvider]:
    """Return where the institution's staff can sign in, by name."""
    return list(
        session.scalars(
            select(IdentityProvider).order_by(IdentityProvider.name, IdentityProvider.id)
        )
    )


def get_identity_provider(session: Session, provider_id: UUID) -> IdentityProvider:
    """Return one.

    Raises:
        NotFoundError: the institution has none of this id.
    """
    provider = session.scalar(select(IdentityProvider).where(IdentityProvider.id == provider_id))
    if provider is None:
        raise NotFoundError(phrase("Nobody signs in there."))
    return provider


def find_signed_in(
    session: Session, session_id: UUID, at: datetime
) -> tuple[StaffSession, StaffMember, Institution] | None:
    """Return an open session with whose and where it is; None when it has ended by `at`."""
    row = session.execute(
        select(StaffSession, StaffMember, Institution)
        .join(StaffMember, StaffMember.id == StaffSession.staff_id)
        .join(Institution, Institution.id == StaffSession.institution_id)
        .where(StaffSession.id == session_id, StaffSession.expires_at > at)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])
