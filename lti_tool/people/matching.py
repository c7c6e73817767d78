"""Find out who is one person over several platforms. Runs outside the launch, in a worker."""

import time
from collections.abc import Collection
from itertools import combinations

from sqlalchemy import and_, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, db, logs
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId, PersonId, new_id
from lti_tool.people import merging, queries, rules
from lti_tool.people.errors import MergedMeanwhileError
from lti_tool.people.likeness import Identifiers, Likeness, compare
from lti_tool.people.models import (
    IdentifierAuthority,
    PersonMatch,
    PersonUser,
    UserWord,
)
from lti_tool.platforms.models import User
from lti_tool.platforms.rounds import every_institution

# An address that more people have is an office's, and says nothing of who somebody is.
MOST_OF_ONE_ADDRESS = 5
MOST_CANDIDATES = 50
# Of the time that a job has (`core.queue`): the look at one person is short.
SECONDS = 30.0

log = logs.get(__name__)


def declare_authority(
    institution_id: InstitutionId, issuer: str, namespace: str | None, *, actor: Actor
) -> None:
    """Say of which register a platform's student numbers are; None: of none that counts.

    From then on people who have the same number at two platforms of a register are one. A register
    that another platform has, in other capitals, is that one. The same again is nothing done.
    """
    with transaction(institution_id) as session:
        registers = {one.issuer: one.namespace for one in queries.list_authorities(session)}
        before = registers.pop(issuer, None)
        if namespace is not None:
            known = (one for one in registers.values() if one.lower() == namespace.lower())
            namespace = next(known, namespace)
        if namespace == before:
            return
        if namespace is None:
            session.execute(delete(IdentifierAuthority).where(IdentifierAuthority.issuer == issuer))
        else:
            _set_register(session, issuer, namespace)
        audit.record(
            session,
            actor=actor,
            act="declare_authority",
            object_kind="institution",
            object_id=institution_id,
            facts={
                "issuer": audit.told(issuer),
                "before": before and audit.told(before),
                "register": namespace and audit.told(namespace),
            },
        )


def _set_register(session: Session, issuer: str, namespace: str) -> None:
    row = {"namespace": namespace, "declared_at": clock.now()}
    session.execute(
        insert(IdentifierAuthority)
        .values(institution_id=db.tenant(), issuer=issuer, **row)
        .on_conflict_do_update(index_elements=["issuer", "institution_id"], set_=row)
    )


def match_person(institution_id: InstitutionId, person_id: PersonId) -> None:
    """Merge a person with whom they are by their student number; put forward whom they may be.

    Safe to run many times and at once: what was decided about two persons stays decided.
    """
    with transaction(institution_id) as session:
        person_id = queries.current_person(session, person_id)
        found = _compare_all(session, person_id)
        same = [other for other, likeness in found.items() if likeness is Likeness.SAME]
        # The same number as two who are known to be two: whose it is, people have to say.
        unclear = any(_decided_apart(session, *pair) for pair in combinations(same, 2))
        for other, likeness in found.items():
            if unclear or likeness is not Likeness.SAME:
                why = Likeness.NUMBER if likeness is Likeness.SAME else likeness
                _put_forward(session, person_id, other, why)
    if same and not unclear:
        # One at a time: whoever they are then is looked at again, when that is heard.
        _merge(institution_id, *sorted((person_id, same[0])))


def _merge(institution_id: InstitutionId, kept_id: PersonId, gone_id: PersonId) -> None:
    """Make two one, unless somebody has decided about them, or erased one, since the look."""
    try:
        with transaction(institution_id) as session:
            gone = merging.lock_pair(session, kept_id, gone_id)[gone_id]
            if gone.merged_into_id is None and not _decided_apart(session, kept_id, gone_id):
                merging.merge_into(
                    session, kept_id, gone, merge_id=new_id(), actor=audit.SYSTEM, reason=None
                )
    except MergedMeanwhileError:
        return  # by somebody whose merge is heard, too
    except NotFoundError:
        return  # one of them was erased


def match_everybody(*, seconds: float = SECONDS) -> None:
    """Look at everybody whose number or address another person has, at every institution.

    Platforms change what they say of people: a new person is looked at when they are met, this
    finds those who became alike since. Runs every hour. After so many seconds it ends, and the
    next run goes on, in another order.
    """
    ends_at = time.monotonic() + seconds
    for institution_id in every_institution():
        with transaction(institution_id) as session:
            alike = [*_of_one_number(session), *_of_one_address(session)]
        for person_id in dict.fromkeys(alike):
            if time.monotonic() >= ends_at:
                log.info("matching_goes_on_later", institution=str(institution_id))
                return
            match_person(institution_id, person_id)


def _of_one_number(session: Session) -> list[PersonId]:
    """Return one of those who have a number of a register in common, of each such number.

    By chance, as are those below.
    """
    people = func.array_agg(PersonUser.person_id.distinct())
    groups = session.scalars(
        select(people)
        .join(User, User.id == PersonUser.id)
        .join(IdentifierAuthority, IdentifierAuthority.issuer == User.issuer)
        .where(User.sis_id.is_not(None), ~User.is_visitor)
        .group_by(IdentifierAuthority.namespace, func.lower(func.trim(User.sis_id)))
        .having(func.count(PersonUser.person_id.distinct()) > 1)
        .order_by(func.random())
    )
    return [min(group) for group in groups]


def _of_one_address(session: Session) -> list[PersonId]:
    """Return one of each two who have an address in common and were not put forward yet."""
    address = func.lower(func.trim(User.email)).label("address")
    having = (
        select(address, PersonUser.person_id)
        .join(User, User.id == PersonUser.id)
        .where(User.email.is_not(None), ~User.is_visitor)
        .distinct()
        .cte("having")
    )
    of_few = (
        select(having.c.address)
        .group_by(having.c.address)
        .having(func.count().between(2, MOST_OF_ONE_ADDRESS))
    )
    one, other = having.alias("one"), having.alias("other")
    put_forward = exists().where(
        PersonMatch.first_id == one.c.person_id, PersonMatch.second_id == other.c.person_id
    )
    people = (
        select(one.c.person_id)
        .join(
            other,
            and_(one.c.address == other.c.address, one.c.person_id < other.c.person_id),
        )
        .where(one.c.address.in_(of_few), ~put_forward)
        .group_by(one.c.person_id)
        .order_by(func.random())
    )
    return list(session.scalars(people))


def _compare_all(session: Session, person_id: PersonId) -> dict[PersonId, Likeness]:
    """Return whoever may be this person, but for those decided about."""
    candidates = _candidates(session, person_id)
    known = identifiers(session, {person_id, *candidates})
    mine = known.get(person_id, Identifiers(frozenset(), frozenset()))
    shared = [other for other in candidates if known[other].emails & mine.emails]
    by_email = len(shared) < MOST_OF_ONE_ADDRESS
    found: dict[PersonId, Likeness] = {}
    for other in candidates:
        likeness = compare(mine, known[other])
        if likeness is Likeness.DIFFERENT or (likeness is Likeness.EMAIL and not by_email):
            continue
        if not _decided_apart(session, person_id, other):
            found[other] = likeness
    return found


def _candidates(session: Session, person_id: PersonId) -> list[PersonId]:
    """Return people found by a whole address or number of the person's, the longest known first."""
    words: set[str] = set()
    for user in queries.list_users(session, person_id):
        if user.is_visitor:
            continue
        if user.email:
            words.update(rules.search_words(user.email)[:1])
        if user.sis_id:
            words.add("".join(rules.search_words(user.sis_id))[: rules.LONGEST_WORD])
    if not words:
        return []
    return list(
        session.scalars(
            select(PersonUser.person_id)
            .join(UserWord, UserWord.user_id == PersonUser.id)
            .where(UserWord.word.in_(words - {""}), PersonUser.person_id != person_id)
            .distinct()
            .order_by(PersonUser.person_id)
            .limit(MOST_CANDIDATES)
        )
    )


def identifiers(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, Identifiers]:
    """Return what people are known by; visitors' accounts tell nothing."""
    numbers: dict[PersonId, set[tuple[str, str]]] = {one: set() for one in person_ids}
    emails: dict[PersonId, set[str]] = {one: set() for one in person_ids}
    for person_id, sis_id, email, namespace in session.execute(
        select(PersonUser.person_id, User.sis_id, User.email, IdentifierAuthority.namespace)
        .join(User, User.id == PersonUser.id)
        .outerjoin(IdentifierAuthority, IdentifierAuthority.issuer == User.issuer)
        .where(PersonUser.person_id.in_(person_ids), ~User.is_visitor)
    ):
        if namespace and sis_id and sis_id.strip():
            numbers[person_id].add((namespace, sis_id.strip().lower()))
        if email and email.strip():
            emails[person_id].add(email.strip().lower())
    return {
        one: Identifiers(numbers=frozenset(numbers[one]), emails=frozenset(emails[one]))
        for one in person_ids
    }


def _decided_apart(session: Session, one: PersonId, other: PersonId) -> bool:
    """Tell whether any two of whom these two are made of were decided to be apart."""
    ours, theirs = queries.list_selves(session, one), queries.list_selves(session, other)
    apart = select(PersonMatch.id).where(
        PersonMatch.state == "apart",
        (PersonMatch.first_id.in_(ours) & PersonMatch.second_id.in_(theirs))
        | (PersonMatch.first_id.in_(theirs) & PersonMatch.second_id.in_(ours)),
    )
    return session.scalar(apart.limit(1)) is not None


def _put_forward(session: Session, one: PersonId, other: PersonId, why: Likeness) -> None:
    first, second = sorted((one, other))
    session.execute(
        insert(PersonMatch)
        .values(
            institution_id=db.tenant(),
            id=new_id(),
            first_id=first,
            second_id=second,
            why=why.value,
            state="open",
            found_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
