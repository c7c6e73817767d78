"""Who is in a course, remembered: as a whole or not at all."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import DeniedError, InvalidRequestError, NotFoundError, TemporaryError
from lti_tool.core.ids import ContextId, InstitutionId
from lti_tool.core.language import phrase, recalled
from lti_tool.platforms import nrps
from lti_tool.platforms.models import Context, Deployment, Roster, RosterMember
from lti_tool.platforms.nrps import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoster:
    """A course's members as last read in full.

    Attributes:
        read_at: when; None if they never were.
        error: why they could not be read the last time, if they could not.
    """

    members: tuple[Member, ...]
    read_at: datetime | None
    error: str | None


def refresh_roster(institution_id: InstitutionId, context_id: ContextId) -> None:
    """Read a course's members again. What is known stays, unless all of them could be read.

    Calls the platform, so never inside a transaction.
    """
    with transaction(institution_id) as session:
        row = session.execute(
            select(Context.memberships_url, Context.service_scopes, Deployment.registration_id)
            .join(Deployment, Deployment.id == Context.deployment_id)
            .where(Context.id == context_id)
        ).one()
    now = clock.now()
    if not row.memberships_url:
        _note_failure(
            institution_id, context_id, phrase("The course site does not tell who is in it."), now
        )
        return
    try:
        members = nrps.read_course(row.registration_id, row.memberships_url)
    except (TemporaryError, DeniedError, InvalidRequestError, NotFoundError) as problem:
        _note_failure(institution_id, context_id, str(problem), now)
        return
    with transaction(institution_id) as session:
        _note(session, institution_id, context_id, read_at=now, error=None)
        session.execute(delete(RosterMember).where(RosterMember.context_id == context_id))
        session.execute(
            insert(RosterMember),
            [
                {
                    "institution_id": institution_id,
                    "context_id": context_id,
                    "subject": member.subject,
                    "name": member.name,
                    "roles": list(member.roles),
                    "is_active": member.is_active,
                }
                for member in members
            ],
        )


def _note_failure(
    institution_id: InstitutionId, context_id: ContextId, error: str, now: datetime
) -> None:
    with transaction(institution_id) as session:
        _note(session, institution_id, context_id, tried_at=now, error=error)


def _note(
    session: Session,
    institution_id: InstitutionId,
    context_id: ContextId,
    **values: datetime | str | None,
) -> None:
    session.execute(
        upsert(Roster)
        .values(institution_id=institution_id, context_id=context_id, **values)
        .on_conflict_do_update(index_elements=["context_id", "institution_id"], set_=values)
    )


def find_roster(session: Session, context_id: ContextId | None) -> KnownRoster:
    """Return what is known of a course's members; nobody where nothing is."""
    roster = session.scalar(select(Roster).where(Roster.context_id == context_id))
    members = session.scalars(
        select(RosterMember)
        .where(RosterMember.context_id == context_id)
        .order_by(RosterMember.name, RosterMember.subject)
    )
    return KnownRoster(
        members=tuple(
            Member(
                subject=row.subject,
                name=row.name,
                roles=tuple(row.roles),
                is_active=row.is_active,
            )
            for row in members
        ),
        read_at=roster.read_at if roster else None,
        error=recalled(roster.error) if roster and roster.error else None,
    )
