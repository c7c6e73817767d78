"""Reads that only the registrar's pages need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, Placement
from lti_tool.core.db import tenant
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways.models import Progress
from lti_tool.pathways.which import Which
from lti_tool.people import queries as people
from lti_tool.people.contacts import NOBODY, Contact, list_contacts
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import Context, Deployment, Registration, User
from lti_tool.platforms.queries import list_issuers
from lti_tool.registrar.filters import Filters

__all__ = ["NOBODY", "Contact", "list_contacts"]  # where the desk's pages look for them

# A list to choose from; whoever has more courses names the learner.
MOST_COURSES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What learners may be filtered by: pairs of what the form sends and its name."""

    platforms: Sequence[tuple[str, str]]
    courses: Sequence[tuple[str, str]]


def count_accounts(session: Session, person_ids: Collection[PersonId]) -> dict[PersonId, int]:
    """Return by how many platforms' users each of these people is known."""
    return dict(
        session.execute(
            select(PersonUser.person_id, func.count())
            .where(PersonUser.person_id.in_(person_ids))
            .group_by(PersonUser.person_id)
        ).all()
    )


def which(session: Session, wanted: Filters, *, most_named: int) -> Which:
    """Return whom filters ask for.

    Args:
        session: of one institution.
        wanted: the filters.
        most_named: of those whose name was searched for the first so many are looked at.
    """
    among: list[Select[PersonId]] = []
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
    return Which(
        state=wanted.state,
        person_ids=people.list_people_named(session, wanted.q, limit=most_named)
        if wanted.q
        else None,
        among=among,
        joined_since=_midnight(wanted.since) if wanted.since else None,
        joined_until=_midnight(wanted.until) + timedelta(days=1) if wanted.until else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def list_places(session: Session) -> Places:
    """Return the platforms and courses that learners may be filtered by, by name."""
    courses = session.execute(
        select(Context.id, Context.title, Context.label)
        .where(Context.id.in_(select(Placement.context_id)))
        .order_by(Context.title, Context.id)
        .limit(MOST_COURSES)
    )
    names = platform_names(session, list_issuers(session))
    return Places(
        platforms=[(issuer, names.get(issuer, issuer)) for issuer in names],
        courses=[(str(row.id), row.title or row.label or "A course") for row in courses],
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


def list_people_on(session: Session, pathway_id: PathwayId) -> list[PersonId]:
    """Return everybody on a pathway, in no order that means anything."""
    return list(
        session.scalars(
            select(Progress.person_id)
            .where(Progress.pathway_id == pathway_id)
            .order_by(Progress.person_id)
        )
    )
