"""One person on one pathway, read for deciding: each requirement, what was decided, what waits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges import queries as badges
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import tenant
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, PathwayId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways import deciding
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.expression import Earn
from lti_tool.pathways.facts import list_sharing
from lti_tool.pathways.models import Completion, Pathway, PathwayRuling, PathwayVersion
from lti_tool.pathways.rules import Reason
from lti_tool.pathways.standing import PathwayStanding
from lti_tool.pathways.sweeping import list_to_review
from lti_tool.pathways.words import Explained, explain
from lti_tool.people import queries as people
from lti_tool.registrar.sentences import actor_words

_RULINGS = ("waive_requirement", "replace_requirement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A decision about a requirement that stands; `replaces`: an award counts in its place."""

    ruling_id: UUID
    replaces: bool
    reason: str
    ruled_at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One requirement of the version the person is on.

    Attributes:
        depth: 0 for the whole.
        is_stone: another award may count in its place.
        counts: it is a stone and held.
    """

    requirement_id: UUID
    achievement_id: AchievementId | None
    depth: int
    text: str
    done: bool
    is_stone: bool
    ruled: Ruled | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPathway:
    """How a person stands on a pathway, and what may be decided.

    Attributes:
        parts: every requirement in display order, the whole first.
        unconfirmed: a completion that waits to be confirmed.
        to_review: a lapsed completion about whose certificate somebody has to decide.
        versions: the others, the newest first.
        partners: titles of the pathways that share awards with this one.
        shareable: what the person holds of what this one names: (achievement, its name).
    """

    person_id: PersonId
    name: str
    pathway: Pathway
    standing: PathwayStanding
    parts: Sequence[Part]
    unconfirmed: Completion | None
    to_review: Completion | None
    versions: Sequence[PathwayVersion]
    partners: Sequence[str]
    shareable: Sequence[tuple[AchievementId, str]]


def get_on_pathway(session: Session, person_id: PersonId, pathway_id: PathwayId) -> OnPathway:
    """Return how a person stands on a pathway.

    Raises:
        NotFoundError: there is no such person or pathway here, or the person is not on it.
    """
    person_id = people.current_person(session, people.get_person(session, person_id).id)
    pathway = pathways.get_pathway(session, pathway_id)
    standing = next(
        (one for one in pathways.list_progress(session, person_id) if one.pathway_id == pathway_id),
        None,
    )
    if standing is None:
        raise NotFoundError(phrase("This person is not on this pathway."))
    ruled = _ruled(session, person_id, pathway_id)
    reasons = standing.evaluation.reasons
    explained = explain(reasons, standing.names, standing.awards)
    partners = list_sharing(session, pathway) if pathway.sharing else []
    held = {badge.achievement_id: badge.name for badge in badges.list_held(session, person_id)}
    named = {stone.achievement_id for stone in standing.stones}
    return OnPathway(
        person_id=person_id,
        name=people.display_names(session, [person_id]).get(person_id, phrase("Name not given")),
        pathway=pathway,
        standing=standing,
        parts=list(_parts(reasons, explained, ruled)),
        unconfirmed=next(
            iter(
                deciding.list_unconfirmed(session, pathway_id, person_ids=[person_id])
                if pathway.confirms_completion
                else ()
            ),
            None,
        ),
        to_review=next(iter(list_to_review(session, pathway_id, person_id=person_id)), None),
        versions=_other_versions(session, pathway_id, standing.version_number),
        partners=[one.title for one in partners if one.id != pathway_id],
        shareable=sorted(
            ((known, held[known]) for known in named & held.keys()), key=lambda pair: pair[1]
        )
        if len(partners) > 1
        else [],
    )


def _parts(
    reason: Reason, explained: Explained, ruled: dict[UUID, Ruled], depth: int = 0
) -> Iterator[Part]:
    node = reason.requirement
    achievement_id = node.achievement_id if isinstance(node, Earn) else None
    yield Part(
        requirement_id=node.id,
        achievement_id=achievement_id,
        depth=depth,
        text=explained.text,
        done=reason.done,
        is_stone=achievement_id is not None,
        # One that was made on another version holds for the stone of the same achievement.
        ruled=ruled.get(node.id) or (ruled.get(achievement_id) if achievement_id else None),
    )
    for part, told in zip(reason.parts, explained.parts, strict=True):
        yield from _parts(part, told, ruled, depth + 1)


def _ruled(session: Session, person_id: PersonId, pathway_id: PathwayId) -> dict[UUID, Ruled]:
    """Return the decisions that stand, by requirement, and by achievement."""
    rows = deciding.list_rulings(session, person_id, pathway_id)
    by = _actors(session, person_id)
    found: dict[UUID, Ruled] = {}
    for row in rows:
        ruled = Ruled(
            ruling_id=row.id,
            replaces=row.award_id is not None,
            reason=row.reason,
            ruled_at=row.ruled_at,
            by=by.get(row.requirement_id, phrase("somebody")),
        )
        found.setdefault(row.requirement_id, ruled)
        if row.achievement_id is not None:
            found.setdefault(row.achievement_id, ruled)
    return found


def _actors(session: Session, person_id: PersonId) -> dict[UUID, str]:
    """Return who last decided about each requirement of a person, whoever they were then."""
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.institution_id == tenant(),
            AuditEntry.object_kind == "person",
            AuditEntry.object_id.in_(people.list_selves(session, person_id)),
            AuditEntry.act.in_(_RULINGS),
        )
        .order_by(AuditEntry.id)
    ).all()
    staff = people.list_staff_names(session, {one.actor_id for one in entries if one.actor_id})
    return {
        UUID(str(entry.facts["requirement"])): actor_words(entry.actor_kind, entry.actor_id, staff)
        for entry in entries
        if entry.facts and "requirement" in entry.facts
    }


def describe(part: Part) -> str:
    """Return what to call a requirement: what its sentence begins with."""
    return part.text.partition(":")[0] if part.is_stone else part.text.rstrip(".")


def find_ruling(session: Session, person_id: PersonId, ruling_id: UUID) -> PathwayRuling:
    """Return a decision that stands about this person.

    Raises:
        NotFoundError: there is none here, it is about somebody else, or it has ended.
    """
    ruling = deciding.get_ruling(session, ruling_id)
    if ruling.person_id != person_id or ruling.undone_at is not None:
        raise NotFoundError(phrase("This decision does not stand any more."))
    return ruling


def _other_versions(
    session: Session, pathway_id: PathwayId, number: int
) -> Sequence[PathwayVersion]:
    return session.scalars(
        select(PathwayVersion)
        .where(PathwayVersion.pathway_id == pathway_id, PathwayVersion.number != number)
        .order_by(PathwayVersion.number.desc())
    ).all()
