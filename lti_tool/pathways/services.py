"""Publish pathways, and keep what counts and who completed them true to the awards."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, db, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    AchievementId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import checking, queries, recounting, rules
from lti_tool.pathways.errors import (
    CyclicPathwayError,
    ImpossiblePathwayError,
    PathwayExistsError,
    UnknownAchievementError,
)
from lti_tool.pathways.events import PathwayPublished
from lti_tool.pathways.expression import Earn, Requirement, renewed, stones, to_json
from lti_tool.pathways.facts import list_sharing
from lti_tool.pathways.models import Pathway, PathwayStone, PathwayVersion
from lti_tool.pathways.soundness import Problem

# People brought onto a new version by one job; the job asks for another as long as there are more.
NEWCOMERS_PER_JOB = 500
# People whose rows are locked together; an award of one of them waits for all.
PEOPLE_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayDraft:
    """A pathway as its author leaves it, to be published.

    Attributes:
        achievement_id: what its completion awards.
        expression: credits of its leaves are filled in from the achievements.
    """

    title: str
    achievement_id: AchievementId
    expression: Requirement


def publish_pathway(
    institution_id: InstitutionId,
    draft: PathwayDraft,
    *,
    note: str = "",
    actor: Actor = audit.SYSTEM,
) -> PathwayId:
    """Publish the first version of a pathway; who holds awards already is brought onto it.

    Raises:
        UnknownAchievementError: it names what is not published.
        ImpossiblePathwayError: nobody could complete it.
        CyclicPathwayError: its achievement would be needed to earn itself.
        PathwayExistsError: another pathway leads to the achievement.
    """
    with transaction(institution_id) as session:
        return publish_within(session, draft, note=note, actor=actor)


def publish_within(
    session: Session,
    draft: PathwayDraft,
    *,
    note: str,
    actor: Actor,
    version_id: PathwayVersionId | None = None,
) -> PathwayId:
    """Do what `publish_pathway` does as part of a transaction; the version may have its id."""
    _lock_publishing(session)
    pathway = Pathway(
        id=PathwayId(new_id()),
        title=draft.title,
        achievement_id=draft.achievement_id,
        created_at=clock.now(),
    )
    taken = session.scalar(
        select(Pathway.title).where(Pathway.achievement_id == draft.achievement_id)
    )
    if taken is not None:
        raise PathwayExistsError(
            phrase(
                "%(taken)s leads to this achievement.",
                taken=taken,
            )
        )
    expression = _checked(session, draft.achievement_id, draft.expression)
    session.add(pathway)
    session.flush()  # before what refers to it: without relationships nothing else orders them
    _add_version(session, pathway.id, 1, expression, note=note, actor=actor, version_id=version_id)
    return pathway.id


def publish_version(
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    expression: Requirement,
    *,
    note: str = "",
    actor: Actor = audit.SYSTEM,
) -> PathwayVersionId:
    """Publish a further version. Learners stay on the one they are on; newcomers begin this one.

    Raises:
        NotFoundError: this institution has no such pathway.
        UnknownAchievementError: it names what is not published.
        ImpossiblePathwayError: nobody could complete it.
        CyclicPathwayError: the pathway's achievement would be needed to earn itself.
    """
    with transaction(institution_id) as session:
        return publish_version_within(session, pathway_id, expression, note=note, actor=actor)


def publish_version_within(  # noqa: PLR0913 - what a version consists of
    session: Session,
    pathway_id: PathwayId,
    expression: Requirement,
    *,
    note: str,
    actor: Actor,
    version_id: PathwayVersionId | None = None,
) -> PathwayVersionId:
    """Do what `publish_version` does as part of a transaction; the version may have its id."""
    _lock_publishing(session)
    pathway = queries.get_pathway(session, pathway_id)
    number = queries.get_newest_version(session, pathway_id).number + 1
    checked = _checked(session, pathway.achievement_id, expression)
    published_id = _add_version(
        session, pathway_id, number, checked, note=note, actor=actor, version_id=version_id
    )
    # For newcomers the newest version says which awards count in which of those that share them.
    for partner in list_sharing(session, pathway):
        if partner.id != pathway_id:
            recounting.make_all_due(session, partner.id)
    return published_id


def _lock_publishing(session: Session) -> None:
    """Let one publish at a time: two that are sound could make a cycle together."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"pathways.publish {db.tenant()}"},
    )


def _checked(
    session: Session, achievement_id: AchievementId, expression: Requirement
) -> Requirement:
    """Return the expression with its credits and ids of its own, if it is sound."""
    found = checking.check(session, achievement_id, expression)
    if found.unknown:
        raise UnknownAchievementError(
            phrase(
                "There is no achievement %(unknown)s.",
                unknown=", ".join(map(str, found.unknown)),
            )
        )
    _refuse(found.problems)
    if found.cycle:
        raise CyclicPathwayError(found.cycle)
    tree = found.tree.parts[0] if isinstance(expression, Earn) else found.tree
    return renewed(tree, lambda stone: stone)


def _refuse(problems: Iterable[Problem]) -> None:
    if found := [problem.sentence for problem in problems]:
        raise ImpossiblePathwayError(found)


def _add_version(  # noqa: PLR0913 - what a version consists of
    session: Session,
    pathway_id: PathwayId,
    number: int,
    expression: Requirement,
    *,
    note: str,
    actor: Actor,
    version_id: PathwayVersionId | None,
) -> PathwayVersionId:
    version = PathwayVersion(
        id=version_id or PathwayVersionId(new_id()),
        pathway_id=pathway_id,
        number=number,
        expression=to_json(expression),
        stones=rules.fewest(expression),
        published_at=clock.now(),
        note=note.strip(),
        published_by=actor.id,
    )
    session.add(version)
    session.flush()  # before its stones
    session.add_all(
        PathwayStone(id=stone.id, version_id=version.id, achievement_id=stone.achievement_id)
        for stone in stones(expression)
    )
    session.add_all(
        PathwayStone(id=new_id(), version_id=version.id, achievement_id=known, is_beside=True)
        for known in sorted({need for stone in stones(expression) for need in stone.needs})
    )
    audit.record(
        session,
        actor=actor,
        act="publish_pathway",
        object_kind="pathway",
        object_id=pathway_id,
        reason=note.strip() or None,
        facts={"version": number},
    )
    outbox.record(
        session,
        PathwayPublished(institution_id=db.tenant(), pathway_id=pathway_id, version_id=version.id),
    )
    return version.id


def welcome_newcomers(institution_id: InstitutionId, pathway_id: PathwayId) -> bool:
    """Bring people onto a pathway who held awards before it was published, some at a time.

    Several transactions; each is whole, and a repeat goes on where one stopped.

    Returns:
        True if there may be more of them.
    """
    with transaction(institution_id) as session:
        people = queries.list_newcomers(session, pathway_id, limit=NEWCOMERS_PER_JOB)
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        recounting.recount(institution_id, pathway_id, people[start : start + PEOPLE_AT_ONCE])
    return len(people) == NEWCOMERS_PER_JOB


def announce_newcomers(event: PathwayPublished) -> None:
    """Ask for another round of `welcome_newcomers`."""
    with transaction(event.institution_id) as session:
        outbox.record(session, event)


def recount(institution_id: InstitutionId, pathway_id: PathwayId, person_id: PersonId) -> None:
    """Make the rows of one person on one pathway what their awards say; see `recounting`."""
    recounting.recount(institution_id, pathway_id, [person_id])
