"""Reads for deciding who is who: people put forward, two records side by side, what a merge did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from lti_tool.badges.models import Achievement, Award
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PersonId, UserId
from lti_tool.core.language import phrase
from lti_tool.pathways.models import Pathway
from lti_tool.people import matching
from lti_tool.people.models import Person, PersonMatch, PersonMerge
from lti_tool.registrar import queries
from lti_tool.registrar.queries import Contact
from lti_tool.registrar.records import Account, list_user_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two persons that may be one.

    Attributes:
        why: `email` or `number`: what made them alike; `shared` of that, as it is now.
    """

    match_id: UUID
    first_id: PersonId
    second_id: PersonId
    first: Contact
    second: Contact
    why: str
    shared: tuple[str, ...]
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A merge that stands, and what it brought to whoever stays.

    Attributes:
        accounts: those that would be the other's again.
        badges: names of the awards that would be.
        pathways: titles of those that the other was on.
    """

    merge_id: UUID
    kept_id: PersonId
    gone_id: PersonId
    merged_at: datetime
    accounts: Sequence[Account]
    badges: Sequence[str]
    pathways: Sequence[str]


def count_matches(session: Session) -> int:
    """Return how many pairs of people wait to be told apart or merged."""
    return session.scalar(select(func.count()).select_from(PersonMatch).where(_is_open())) or 0


def list_matches(
    session: Session,
    *,
    person_id: PersonId | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Match]:
    """Return pairs that wait, the longest waiting first; those of one person, if one is named."""
    query = select(PersonMatch).where(_is_open()).order_by(PersonMatch.id).limit(limit)
    if person_id is not None:
        query = query.where(
            (PersonMatch.first_id == person_id) | (PersonMatch.second_id == person_id)
        )
    if after is not None:
        query = query.where(PersonMatch.id > after)
    rows: Sequence[PersonMatch] = session.scalars(query).all()
    people = {one for row in rows for one in (row.first_id, row.second_id)}
    contacts = queries.list_contacts(session, people)
    shared = _shared(session, [(row.first_id, row.second_id) for row in rows])
    return [
        Match(
            match_id=row.id,
            first_id=row.first_id,
            second_id=row.second_id,
            first=contacts.get(row.first_id, queries.NOBODY),
            second=contacts.get(row.second_id, queries.NOBODY),
            why=row.why,
            shared=shared[row.first_id, row.second_id],
            found_at=row.found_at,
        )
        for row in rows
    ]


def shared_by(session: Session, one: PersonId, other: PersonId) -> tuple[str, ...]:
    """Return the addresses, and numbers of one register, that two persons have in common."""
    return _shared(session, [(one, other)])[one, other]


def _shared(
    session: Session, pairs: Collection[tuple[PersonId, PersonId]]
) -> Mapping[tuple[PersonId, PersonId], tuple[str, ...]]:
    known = matching.identifiers(session, {one for pair in pairs for one in pair})
    found = {}
    for one, other in pairs:
        numbers = known[one].numbers & known[other].numbers
        emails = known[one].emails & known[other].emails
        found[one, other] = (*sorted(number for _, number in numbers), *sorted(emails))
    return found


def _is_open() -> ColumnElement[bool]:
    """Return the condition that a pair waits; who was merged or erased since does no more."""
    gone = exists().where(
        Person.id.in_([PersonMatch.first_id, PersonMatch.second_id]),
        Person.merged_into_id.is_not(None) | Person.erased_at.is_not(None),
    )
    return and_(PersonMatch.state == "open", ~gone)


def count_held_by_both(session: Session, one: PersonId, other: PersonId) -> int:
    """Return how many awards of the same edition two persons both have."""
    mine, theirs = aliased(Award), aliased(Award)
    return (
        session.scalar(
            select(func.count())
            .select_from(mine)
            .join(
                theirs,
                and_(theirs.achievement_id == mine.achievement_id, theirs.edition == mine.edition),
            )
            .where(
                mine.person_id == one,
                theirs.person_id == other,
                *(award.duplicate_of_id.is_(None) for award in (mine, theirs)),
                *(award.withdrawn_at.is_(None) for award in (mine, theirs)),
            )
        )
        or 0
    )


def list_merges(session: Session, person_id: PersonId) -> list[PersonMerge]:
    """Return the merges that stand into a person, the newest first: those undo in this order."""
    return list(
        session.scalars(
            select(PersonMerge)
            .where(PersonMerge.kept_id == person_id, PersonMerge.undone_at.is_(None))
            .order_by(PersonMerge.merged_at.desc(), PersonMerge.id.desc())
        )
    )


def get_merge(session: Session, merge_id: UUID) -> Merge:
    """Return a merge that stands.

    Raises:
        NotFoundError: there is none, or it was undone.
    """
    row = session.scalar(
        select(PersonMerge).where(PersonMerge.id == merge_id, PersonMerge.undone_at.is_(None))
    )
    if row is None:
        raise NotFoundError(phrase("There is no such merge, or it was undone already."))
    moved = row.moved
    accounts = [UserId(UUID(word)) for word in moved["users"]]
    badges = moved.get("badges", ())
    # Merges from before there were transcripts say which awards alone.
    awards = [UUID(word) for word in (badges["awards"] if isinstance(badges, dict) else badges)]
    pathways = [UUID(word) for word in moved.get("pathways", {}).get("gone", {})]
    return Merge(
        merge_id=row.id,
        kept_id=row.kept_id,
        gone_id=row.gone_id,
        merged_at=row.merged_at,
        accounts=list_user_accounts(session, accounts),
        badges=session.scalars(
            select(Achievement.name)
            .join(Award, Award.achievement_id == Achievement.id)
            .where(Award.id.in_(awards), Award.person_id == row.kept_id)
            .order_by(Achievement.name)
        ).all(),
        pathways=session.scalars(
            select(Pathway.title).where(Pathway.id.in_(pathways)).order_by(Pathway.title)
        ).all(),
    )
