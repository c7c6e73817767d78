"""Two persons that turn out to be one: merged in one transaction, split again when that was wrong.

`people` knows whose accounts are whose. What else a person has belongs to features above, each of
which brings a `Follower`; `subscriptions.py` names them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, db, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId, PersonId, UserId, new_id
from lti_tool.core.language import phrase
from lti_tool.people import own_reading
from lti_tool.people.errors import MergedFurtherError, MergedMeanwhileError, SamePersonError
from lti_tool.people.events import PersonsMerged, PersonsSplit
from lti_tool.people.models import Person, PersonMatch, PersonMerge, PersonUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A merge that is being undone.

    Attributes:
        user_ids: the accounts that are `gone_id`'s again.
        merged_at: what came about since may be of either.
    """

    kept_id: PersonId
    gone_id: PersonId
    user_ids: Sequence[UserId]
    merged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """How one feature's rows follow a person.

    Attributes:
        tables: those of its tables that refer to persons, so that a test finds one nobody follows.
        move: makes what was the second person's the first's; returns JSON to undo it by.
        give_back: undoes that, given what `move` returned.
    """

    name: str
    tables: frozenset[str]
    move: Callable[[Session, PersonId, PersonId], Any]
    give_back: Callable[[Session, Split, Any], None]


_followers: dict[str, Follower] = {}


def follow(*followers: Follower) -> None:
    """Have these features' rows follow a person."""
    _followers.update({one.name: one for one in followers})


def followed_tables() -> frozenset[str]:
    """Return the tables above this package whose rows follow a person."""
    return frozenset().union(*(one.tables for one in _followers.values()))


def merge(  # noqa: PLR0913 - who, whom, why
    institution_id: InstitutionId,
    kept_id: PersonId,
    gone_id: PersonId,
    *,
    merge_id: UUID,
    actor: Actor,
    reason: str | None,
) -> PersonId:
    """Make two persons one; the same merge asked for twice is done once.

    Args:
        institution_id: whose.
        kept_id: one of them.
        gone_id: the other. The one known for longer stays, whichever it is.
        merge_id: made with the form, so that sending it twice merges once.
        actor: who decided; the system, where both have the same student number.
        reason: in words; None from the system.

    Returns:
        Who stays.

    Raises:
        SamePersonError: they are one already.
        NotFoundError: one of them is not here.
        MergedMeanwhileError: one of them was merged into somebody.
    """
    kept_id, gone_id = sorted((kept_id, gone_id))
    if kept_id == gone_id:
        raise SamePersonError
    with transaction(institution_id) as session:
        gone = lock_pair(session, kept_id, gone_id)[gone_id]
        if gone.merged_into_id == kept_id:
            return kept_id
        if session.scalar(select(PersonMerge.id).where(PersonMerge.id == merge_id)) is not None:
            return kept_id  # done, and undone since
        merge_into(session, kept_id, gone, merge_id=merge_id, actor=actor, reason=reason)
    return kept_id


def merge_into(  # noqa: PLR0913 - as above
    session: Session,
    kept_id: PersonId,
    gone: Person,
    *,
    merge_id: UUID,
    actor: Actor,
    reason: str | None,
) -> None:
    """Merge a person into another, both locked by `lock_pair` and neither merged yet."""
    now = clock.now()
    users = session.scalars(
        update(PersonUser)
        .where(PersonUser.person_id == gone.id)
        .values(person_id=kept_id)
        .returning(PersonUser.id)
    ).all()
    agreed = own_reading.agree_on_browser(session, kept_id)
    moved: dict[str, Any] = {"users": [str(user_id) for user_id in users], "browsers": agreed}
    for name, follower in _followers.items():
        moved[name] = follower.move(session, kept_id, gone.id)
    gone.merged_into_id = kept_id
    session.add(
        PersonMerge(id=merge_id, kept_id=kept_id, gone_id=gone.id, moved=moved, merged_at=now)
    )
    decide_match(session, kept_id, gone.id, "merged")
    audit.record(
        session,
        actor=actor,
        act="merge_people",
        object_kind="person",
        object_id=kept_id,
        reason=reason,
        facts={"merge": str(merge_id), "merged": str(gone.id), "accounts": len(users)},
    )
    outbox.record(
        session,
        PersonsMerged(
            institution_id=db.tenant(), merge_id=merge_id, kept_id=kept_id, gone_id=gone.id
        ),
    )


def split(institution_id: InstitutionId, merge_id: UUID, *, actor: Actor, reason: str) -> PersonId:
    """Undo a merge: each has again what was theirs, and they are not put forward again.

    Badges earned since go to whoever's accounts earned them; decisions made since stay where
    they were made. Undoing twice undoes once.

    Returns:
        Who had been merged, and is a person of their own again.

    Raises:
        NotFoundError: there is no such merge here.
        MergedFurtherError: whoever stayed was merged into somebody else since.
    """
    with transaction(institution_id) as session:
        done = session.scalar(
            select(PersonMerge).where(PersonMerge.id == merge_id).with_for_update()
        )
        if done is None:
            raise NotFoundError(phrase("There is no such merge."))
        if done.undone_at is not None:
            return done.gone_id
        persons = _lock(session, done.kept_id, done.gone_id)
        if persons[done.kept_id].merged_into_id is not None:
            raise MergedFurtherError
        users = session.scalars(
            update(PersonUser)
            .where(
                PersonUser.person_id == done.kept_id,
                PersonUser.id.in_([UUID(word) for word in done.moved["users"]]),
            )
            .values(person_id=done.gone_id)
            .returning(PersonUser.id)
        ).all()
        moved = dict(done.moved)
        own_reading.disagree_on_browser(session, moved.pop("browsers", {}))
        done.moved = moved  # without their time zones, of which nothing is undone any more
        persons[done.gone_id].merged_into_id = None
        undone = Split(
            kept_id=done.kept_id,
            gone_id=done.gone_id,
            user_ids=users,
            merged_at=done.merged_at,
        )
        for name, follower in _followers.items():
            if name in done.moved:
                follower.give_back(session, undone, done.moved[name])
        done.undone_at = clock.now()
        decide_match(session, done.kept_id, done.gone_id, "apart")
        audit.record(
            session,
            actor=actor,
            act="split_people",
            object_kind="person",
            object_id=done.kept_id,
            reason=reason,
            facts={"merge": str(merge_id), "split": str(done.gone_id), "accounts": len(users)},
        )
        outbox.record(
            session,
            PersonsSplit(
                institution_id=institution_id,
                merge_id=merge_id,
                kept_id=done.kept_id,
                gone_id=done.gone_id,
            ),
        )
    return done.gone_id


def keep_apart(
    institution_id: InstitutionId, one: PersonId, other: PersonId, *, actor: Actor, reason: str
) -> None:
    """Decide that two persons are two; they are not put forward again.

    Raises:
        SamePersonError: it is one person.
        NotFoundError: one of them is not here.
        MergedMeanwhileError: one of them was merged into somebody.
    """
    one, other = sorted((one, other))
    if one == other:
        raise SamePersonError
    with transaction(institution_id) as session:
        if lock_pair(session, one, other)[other].merged_into_id is not None:
            raise MergedMeanwhileError
        if not decide_match(session, one, other, "apart"):
            return
        audit.record(
            session,
            actor=actor,
            act="keep_people_apart",
            object_kind="person",
            object_id=one,
            reason=reason,
            facts={"other": str(other)},
        )


def decide_match(session: Session, one: PersonId, other: PersonId, state: str) -> bool:
    """Note what was decided about two persons; False when that was so before."""
    first, second = sorted((one, other))
    now = clock.now()
    changed = session.scalar(
        insert(PersonMatch)
        .values(
            institution_id=db.tenant(),
            id=new_id(),
            first_id=first,
            second_id=second,
            why="decision",
            state=state,
            found_at=now,
            decided_at=now,
        )
        .on_conflict_do_update(
            index_elements=["institution_id", "first_id", "second_id"],
            set_={"state": state, "decided_at": now},
            where=PersonMatch.state != state,
        )
        .returning(PersonMatch.id)
    )
    return changed is not None


def lock_pair(session: Session, kept_id: PersonId, gone_id: PersonId) -> dict[PersonId, Person]:
    """Return two persons, for us alone; the first stands, the second may be merged into them.

    Raises:
        NotFoundError: one of them is not here.
        MergedMeanwhileError: one of them was merged into somebody else.
    """
    persons = _lock(session, kept_id, gone_id)
    if persons[kept_id].merged_into_id is not None or persons[gone_id].merged_into_id not in {
        None,
        kept_id,
    }:
        raise MergedMeanwhileError
    return persons


def _lock(session: Session, *person_ids: PersonId) -> dict[PersonId, Person]:
    """Lock persons in order of id, against each other and against all that is written for them."""
    persons = {
        person.id: person
        for person in session.scalars(
            select(Person)
            .where(Person.id.in_(person_ids))
            .order_by(Person.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    if len(persons) < len(person_ids) or any(one.erased_at for one in persons.values()):
        raise NotFoundError(phrase("There is no such person."))
    return persons
