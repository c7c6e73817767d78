"""Reads of the audit trail, with the names that its ids have today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement, Award
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import tenant
from lti_tool.core.ids import PersonId
from lti_tool.pathways.models import Pathway
from lti_tool.people import queries as people
from lti_tool.registrar.sentences import actor_words, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One act as a sentence.

    Attributes:
        who: by name, or what they were.
        text: what they did, beginning with a capital.
        person_id: whose record tells more, where it was done to one person.
    """

    entry: AuditEntry
    who: str
    text: str
    person_id: PersonId | None


def list_lines(  # noqa: PLR0913 - the filters of the page
    session: Session,
    *,
    act: str | None = None,
    since: date | None = None,
    until: date | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Line]:
    """Return a page of the trail, the newest first.

    Args:
        session: of one institution.
        act: only these, as the code calls them.
        since: from the beginning of this day on, UTC.
        until: to the end of this day, UTC.
        before: the id of the last entry of the page before.
        limit: entries to a page.
    """
    query = select(AuditEntry).where(AuditEntry.institution_id == tenant())
    if act is not None:
        query = query.where(AuditEntry.act == act)
    if since is not None:
        query = query.where(AuditEntry.recorded_at >= _midnight(since))
    if until is not None:
        query = query.where(AuditEntry.recorded_at < _midnight(until) + timedelta(days=1))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    entries = session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()
    return _lines(session, entries)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _lines(session: Session, entries: Sequence[AuditEntry]) -> list[Line]:
    ids: dict[str, set[UUID]] = {}
    for entry in entries:
        ids.setdefault(entry.object_kind, set()).add(entry.object_id)
    awards: dict[UUID, tuple[str, PersonId]] = {
        award_id: (name, person_id)
        for award_id, name, person_id in session.execute(
            select(Award.id, Achievement.name, Award.person_id)
            .join(Achievement, Achievement.id == Award.achievement_id)
            .where(Award.id.in_(ids.get("award", ())))
        )
    }
    on_people = {PersonId(one) for one in ids.get("person", ())}
    names = people.display_names(session, on_people | {person for _, person in awards.values()})
    titles: dict[UUID, str] = {
        row.id: row.title
        for row in session.execute(
            select(Pathway.id, Pathway.title).where(Pathway.id.in_(ids.get("pathway", ())))
        )
    }
    staff = people.list_staff_names(session, {one.actor_id for one in entries if one.actor_id})
    lines = []
    for entry in entries:
        person_id = PersonId(entry.object_id) if entry.object_kind == "person" else None
        thing = titles.get(entry.object_id, "")
        if person_id is not None:
            thing = names.get(person_id, "")
        elif entry.object_id in awards:
            badge, person_id = awards[entry.object_id]
            thing = f"{badge} ({names.get(person_id, 'name not given')})"
        lines.append(
            Line(
                entry=entry,
                who=actor_words(entry.actor_kind, entry.actor_id, staff),
                text=sentence(entry.act, thing, kind=entry.object_kind),
                person_id=person_id,
            )
        )
    return lines
