"""What people, or a pathway's own rule, decided about a learner: as the learner may read it.

Who decided, and in which words, is for staff; what, when and by whose office is the learner's.
Only why a badge was withdrawn is told its holder, with the badge.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement, Award
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import tenant
from lti_tool.core.ids import PersonId
from lti_tool.core.language import marked, phrase
from lti_tool.pathways.models import Pathway, PathwayStone, PathwayVersion
from lti_tool.people.queries import list_selves

MOST_TOLD = 100

_ACTS = {
    "allocate_award": marked("%(thing)s counts on %(pathway)s"),
    "award_by_hand": marked("%(thing)s was given to you"),
    "confirm_completion": marked("That you completed %(pathway)s was confirmed"),
    "keep_award": marked("%(thing)s stays yours"),
    "keep_lapsed": marked("Your certificate of %(pathway)s stays, though a part of it fell away"),
    "merge_people": marked("What you did under another account is counted here, too"),
    "move_to_version": marked("You are on version %(thing)s of %(pathway)s from then on"),
    "replace_requirement": marked(
        "Another badge of yours counts on %(pathway)s in place of %(thing)s"
    ),
    "restore_award": marked("%(thing)s was given back to you"),
    "split_people": marked("What was done under another account is no longer counted here"),
    "undo_ruling": marked("What was decided about %(thing)s on %(pathway)s holds no longer"),
    "waive_requirement": marked("You need not meet this on %(pathway)s: %(thing)s"),
    "withdraw_award": marked("%(thing)s was withdrawn"),
    "withdraw_lapsed": marked(
        "Your certificate of %(pathway)s was withdrawn, since a part of it fell away"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One decision; `by_rule`: nobody made it, the pathway's own rule did."""

    at: datetime
    text: str
    by_rule: bool


def list_decisions(session: Session, person_id: PersonId) -> list[Told]:
    """Return what was decided about a person, the newest first."""
    own = list_selves(session, person_id)
    awards = select(Award.id).where(Award.person_id == person_id)
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.institution_id == tenant(),
            AuditEntry.act.in_(_ACTS),
            or_(
                and_(AuditEntry.object_kind == "person", AuditEntry.object_id.in_(own)),
                and_(AuditEntry.object_kind == "award", AuditEntry.object_id.in_(awards)),
            ),
        )
        .order_by(AuditEntry.id.desc())
        .limit(MOST_TOLD)
    ).all()
    entries = list(_once(entries))
    titles = _titles(session, _ids(entries, "pathway"))
    things = _things(session, entries)
    return [
        Told(
            at=entry.recorded_at,
            text=phrase(
                _ACTS[entry.act],
                thing=next(
                    (things[one] for one in _about(entry) if one in things), phrase("a part")
                ),
                pathway=next(
                    (titles[one] for one in _ids([entry], "pathway") if one in titles),
                    phrase("a pathway"),
                ),
            ),
            # Two accounts of one student number are merged by us, on no pathway.
            by_rule=entry.actor_kind == "system" and entry.act != "merge_people",
        )
        for entry in entries
    ]


def _once(entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
    """Leave out withdrawals of awards that are told as a lapsed certificate; the newest first."""
    told: set[UUID] = set()
    for entry in entries:
        if entry.act == "withdraw_lapsed":
            told |= _ids([entry], "award")
        if entry.act == "withdraw_award" and entry.object_id in told:
            told.discard(entry.object_id)
            continue
        yield entry


def _about(entry: AuditEntry) -> list[UUID]:
    """Return the ids of what a decision may be about, besides the pathway."""
    facts = [_ids([entry], name) for name in ("requirement", "achievement", "version")]
    return [entry.object_id, *(one for ids in facts for one in ids)]


def _ids(entries: Iterable[AuditEntry], fact: str) -> set[UUID]:
    words = (entry.facts.get(fact) for entry in entries)
    return {UUID(word) for word in words if isinstance(word, str)}


def _titles(session: Session, pathway_ids: Collection[UUID]) -> dict[UUID, str]:
    rows = session.execute(select(Pathway.id, Pathway.title).where(Pathway.id.in_(pathway_ids)))
    return {row.id: row.title for row in rows}


def _things(session: Session, entries: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Return, by id, the names of the awards, stones, badges and versions that they are about."""
    awards = [entry.object_id for entry in entries if entry.object_kind == "award"]
    achievement = Achievement.id, Achievement.name
    names = {
        id_: name
        for statement in (
            select(Award.id, Achievement.name)
            .join(Achievement, Achievement.id == Award.achievement_id)
            .where(Award.id.in_(awards)),
            select(PathwayStone.id, Achievement.name)
            .join(Achievement, Achievement.id == PathwayStone.achievement_id)
            .where(PathwayStone.id.in_(_ids(entries, "requirement"))),
            select(*achievement).where(Achievement.id.in_(_ids(entries, "achievement"))),
        )
        for id_, name in session.execute(statement).all()
    }
    versions = session.execute(
        select(PathwayVersion.id, PathwayVersion.number).where(
            PathwayVersion.id.in_(_ids(entries, "version"))
        )
    )
    return {**names, **{row.id: str(row.number) for row in versions}}
