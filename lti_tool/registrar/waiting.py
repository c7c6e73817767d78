"""What waits for a registrar's decision, over all pathways."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_tool.badges.models import Achievement
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import deciding
from lti_tool.pathways.models import Completion, Pathway
from lti_tool.pathways.sweeping import list_to_review
from lti_tool.registrar import matches, queries
from lti_tool.registrar.queries import Contact

# Where a list goes on: the time and the id of a completion.
_Key = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCompletion:
    """A completion to be confirmed, or one of which a part fell away; `since` that is so."""

    completion_id: UUID
    person_id: PersonId
    contact: Contact
    pathway_id: PathwayId
    title: str
    certificate: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """All that waits; each list at most a page, the longest waiting first.

    Attributes:
        matches: how many pairs of people may be one.
        confirm_after: the last completion to be confirmed of the page before, None on the first.
        review_after: the last one to be reviewed of the page before, None on the first.
    """

    matches: int
    confirm_after: UUID | None
    review_after: UUID | None
    to_confirm: Sequence[WaitingCompletion]
    to_review: Sequence[WaitingCompletion]


def list_waiting(
    session: Session,
    *,
    limit: int,
    confirm_after: UUID | None = None,
    review_after: UUID | None = None,
) -> Waiting:
    """Return what waits for a decision.

    A page that is empty by now is the first: what stood on it was decided meanwhile.

    Args:
        session: of one institution.
        limit: of each list.
        confirm_after: the last completion to be confirmed of the page before.
        review_after: the last one to be reviewed of the page before.
    """

    def unconfirmed(after: _Key | None) -> Sequence[Completion]:
        return deciding.list_unconfirmed(session, after=after, limit=limit)

    def fallen(after: _Key | None) -> Sequence[Completion]:
        return list_to_review(session, after=after, limit=limit)

    confirming = _page(unconfirmed, _key(session, confirm_after, Completion.completed_at))
    reviewing = _page(fallen, _key(session, review_after, Completion.lapsed_at))
    return Waiting(
        matches=matches.count_matches(session),
        confirm_after=confirming[0],
        review_after=reviewing[0],
        to_confirm=tell(session, confirming[1]),
        to_review=tell(session, reviewing[1]),
    )


def _page(
    read: Callable[[_Key | None], Sequence[Completion]], after: _Key | None
) -> tuple[UUID | None, Sequence[Completion]]:
    """Return a page and after which completion it begins."""
    found = read(after)
    if after is None or not found:
        return None, found if after is None else read(None)
    return after[1], found


def _key(
    session: Session,
    completion_id: UUID | None,
    since: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
) -> _Key | None:
    """Return where a list goes on; at its beginning after one that is not of this list."""
    if completion_id is None:
        return None
    at = session.scalar(select(since).where(Completion.id == completion_id))
    return None if at is None else (at, completion_id)


def tell(session: Session, completions: Sequence[Completion]) -> list[WaitingCompletion]:
    """Return completions with who and what they are about."""
    contacts = queries.list_contacts(session, {row.person_id for row in completions})
    names = {
        row.id: (row.title, row.name)
        for row in session.execute(
            select(Pathway.id, Pathway.title, Achievement.name)
            .join(Achievement, Achievement.id == Pathway.achievement_id)
            .where(Pathway.id.in_({row.pathway_id for row in completions}))
        )
    }
    return [
        WaitingCompletion(
            completion_id=row.id,
            person_id=row.person_id,
            contact=contacts.get(row.person_id, queries.NOBODY),
            pathway_id=row.pathway_id,
            title=names[row.pathway_id][0],
            certificate=names[row.pathway_id][1],
            since=row.lapsed_at or row.completed_at,
        )
        for row in completions
    ]
