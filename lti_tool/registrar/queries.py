"""Reads that only the registrar's pages need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, Placement
from lti_tool.core import clock
from lti_tool.core.db import tenant
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways.figures import month_bounds, quiet_bounds
from lti_tool.pathways.models import Pathway, Progress
from lti_tool.pathways.which import Which
from lti_tool.people import queries as people
from lti_tool.people.contacts import NOBODY, Contact, list_contacts
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import Context, Deployment, Registration, User
from lti_tool.platforms.queries import list_issuers
from lti_tool.registrar.filters import Filters

__all__ = ["NOBODY", "Contact", "list_contacts"]  # where the desk's pages look for them

# A list to choose from; the page says when there are more.
MOST_COURSES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What learners may be filtered by: pairs of what the form sends and its name.

    Attributes:
        older: there are courses that are not among these; they are the newest.
    """

    platforms: Sequence[tuple[str, str]]
    courses: Sequence[tuple[str, str]]
    older: bool = False


def count_accounts(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, int]:
    """Return by how many platforms' users each of these people is known."""
    return dict(
        session.execute(
            select(PersonUser.person_id, func.count())
            .where(PersonUser.person_id.in_(person_ids))
            .group_by(PersonUser.person_id)
        ).all()
    )


def which(wanted: Filters) -> Which:
    """Return whom filters ask for."""
    now = clock.now()
    begins = [begin for one in wanted.joined() if (begin := one.begin()) is not None]
    ends = [end for one in wanted.joined() if (end := one.end()) is not None]
    quiet = quiet_bounds(now)[wanted.weeks] if wanted.weeks else (None, None)
    changes = _of_month(wanted.month, now) if wanted.month else (None, None)
    among: list[Select[PersonId]] = []
    if wanted.programme is not None:
        among.append(select(Progress.person_id).where(Progress.pathway_id == wanted.programme))
    if wanted.platform is not None:
        among.append(
            select(PersonUser.person_id)
            .join(User, User.id == PersonUser.id)
            .where(User.issuer == wanted.platform)
        )
    if wanted.course is not None:
        among.append(
            select(PersonUser.person_id)
            .join(Attempt, Attempt.user_id == PersonUser.id)
            .join(Placement, Placement.id == Attempt.placement_id)
            .where(Placement.context_id == wanted.course)
        )
    if wanted.q:
        among.append(people.whoever_is_called(wanted.q))
    return Which(
        state=wanted.state,
        among=among,
        joined_since=max(begins, default=None),
        joined_until=min(ends, default=None),
        missing_at_most=wanted.missing,
        quiet_since=quiet[0],
        quiet_until=quiet[1],
        changes_since=changes[0],
        changes_until=changes[1],
    )


def _of_month(word: str, now: datetime) -> tuple[datetime | None, datetime]:
    """Return the bounds of a month; to this one belongs what is due already."""
    year, month = map(int, word.split("-"))
    begins, ends = month_bounds(date(year, month, 1))
    return (None if begins <= now < ends else begins), ends


def pathway_titles(session: Session, pathway_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what these pathways are called."""
    rows = session.execute(select(Pathway.id, Pathway.title).where(Pathway.id.in_(pathway_ids)))
    return {row.id: row.title for row in rows}


def list_programmes(session: Session, pathway_id: PathwayId) -> list[tuple[str, str]]:
    """Return the other pathways, by title: pairs of what a form sends and its name."""
    rows = session.execute(
        select(Pathway.id, Pathway.title)
        .where(Pathway.id != pathway_id)
        .order_by(Pathway.title, Pathway.id)
    )
    return [(str(row.id), row.title) for row in rows]


def list_places(session: Session, chosen: UUID | None = None) -> Places:
    """Return the platforms and courses that learners may be filtered by, by name.

    Args:
        session: of one institution.
        chosen: the course that they are filtered by; it is among them, however old.
    """
    newest = session.scalars(
        select(Context.id)
        .where(Context.id.in_(select(Placement.context_id)))
        .order_by(Context.id.desc())
        .limit(MOST_COURSES + 1)
    ).all()
    courses = session.execute(
        select(Context.id, Context.title, Context.label)
        .where(Context.id.in_([*newest[:MOST_COURSES], *([chosen] if chosen else [])]))
        .order_by(Context.title, Context.id)
    )
    names = platform_names(session, list_issuers(session))
    return Places(
        platforms=[(issuer, names.get(issuer, issuer)) for issuer in names],
        courses=[(str(row.id), row.title or row.label or phrase("A course")) for row in courses],
        older=len(newest) > MOST_COURSES,
    )


def platform_names(session: Session, issuers: Collection[str]) -> dict[str, str]:
    """Return what the institution calls these platforms; of several registrations each."""
    rows = session.execute(
        select(Registration.issuer, Registration.name)
        .join(Deployment, Deployment.registration_id == Registration.id)
        .where(Registration.issuer.in_(issuers), Deployment.institution_id == tenant())
        .order_by(Registration.name)
    )
    names: dict[str, dict[str, None]] = {}
    for issuer, name in rows:
        names.setdefault(issuer, {})[name] = None
    return {issuer: ", ".join(known) for issuer, known in names.items()}
