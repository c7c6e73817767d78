"""Reads of the audit trail, with the names that its ids have today."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt
from lti_tool.assessments.queries import seeing_deleted
from lti_tool.badges.models import Achievement, Award
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import tenant
from lti_tool.core.ids import PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways.models import Pathway
from lti_tool.people import queries as people
from lti_tool.people.models import PersonUser
from lti_tool.registrar.filters import EVERY, Entries
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


def list_lines(
    session: Session,
    *,
    wanted: Entries = EVERY,
    acts: Collection[str] = (),
    before: UUID | None = None,
    limit: int,
) -> list[Line]:
    """Return a page of the trail, the newest first.

    Args:
        session: of one institution.
        wanted: only these.
        acts: of those, only of these acts; none: of all.
        before: the id of the last entry of the page before.
        limit: entries to a page.
    """
    query = select(AuditEntry).where(
        AuditEntry.institution_id == tenant(), *wanted.period.conditions(AuditEntry.recorded_at)
    )
    if wanted.act is not None:
        query = query.where(AuditEntry.act == wanted.act)
    if wanted.who is not None:
        query = query.where(AuditEntry.actor_id == wanted.who)
    if wanted.person is not None:
        query = query.where(_about(session, PersonId(wanted.person)))
    if acts:
        query = query.where(AuditEntry.act.in_(acts))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    with seeing_deleted(session):  # what was done to an attempt stays when it is deleted
        entries = session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()
        return _lines(session, entries)


def _about(session: Session, person_id: PersonId) -> ColumnElement[bool]:
    """Return the condition that an entry is about a person, whoever they were.

    Or about a badge or an attempt of theirs.
    """
    own = people.list_selves(session, people.current_person(session, person_id))
    awards = select(Award.id).where(Award.person_id.in_(own))
    attempts = (
        select(Attempt.id)
        .join(PersonUser, PersonUser.id == Attempt.user_id)
        .where(PersonUser.person_id.in_(own))
    )
    return or_(
        and_(AuditEntry.object_kind == "person", AuditEntry.object_id.in_(own)),
        and_(AuditEntry.object_kind == "award", AuditEntry.object_id.in_(awards)),
        and_(AuditEntry.object_kind == "attempt", AuditEntry.object_id.in_(attempts)),
    )


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
    attempts: dict[UUID, PersonId] = {
        row.id: row.person_id
        for row in session.execute(
            select(Attempt.id, PersonUser.person_id)
            .join(PersonUser, PersonUser.id == Attempt.user_id)
            .where(Attempt.id.in_(ids.get("attempt", ())))
        )
    }
    on_people = {PersonId(one) for one in ids.get("person", ())} | set(attempts.values())
    names = people.display_names(session, on_people | {person for _, person in awards.values()})
    titles: dict[UUID, str] = {
        row.id: row.title
        for row in session.execute(
            select(Pathway.id, Pathway.title).where(Pathway.id.in_(ids.get("pathway", ())))
        )
    }
    staff = people.list_actor_names(session, {one.actor_id for one in entries if one.actor_id})
    lines = []
    for entry in entries:
        person_id = (
            PersonId(entry.object_id)
            if entry.object_kind == "person"
            else attempts.get(entry.object_id)
        )
        thing = titles.get(entry.object_id, "")
        if person_id is not None:
            thing = names.get(person_id, "")
        elif entry.object_id in awards:
            badge, person_id = awards[entry.object_id]
            thing = phrase(
                "%(badge)s (%(name)s)",
                badge=badge,
                name=names.get(person_id) or phrase("name not given"),
            )
        lines.append(
            Line(
                entry=entry,
                who=actor_words(entry.actor_kind, entry.actor_id, staff),
                text=sentence(
                    entry.act,
                    thing,
                    kind=entry.object_kind,
                    recipient=str(entry.facts.get("recipient", "")),
                ),
                person_id=person_id,
            )
        )
    return lines
