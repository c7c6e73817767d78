"""Publish pathways, and keep what counts and who completed them true to the awards."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement
from lti_tool.core import clock, db, outbox
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)
from lti_tool.pathways import queries, rules, soundness
from lti_tool.pathways.errors import (
    CyclicPathwayError,
    ImpossiblePathwayError,
    PathwayExistsError,
    UnknownAchievementError,
)
from lti_tool.pathways.events import PathwayCompleted, PathwayPublished
from lti_tool.pathways.expression import (
    Requirement,
    from_json,
    renewed,
    stones,
    to_json,
)
from lti_tool.pathways.models import (
    Completion,
    Contribution,
    Pathway,
    PathwayStone,
    PathwayVersion,
    Progress,
)
from lti_tool.pathways.soundness import Problem

# People brought onto a new version by one job; the job asks for another as long as there are more.
NEWCOMERS_PER_JOB = 500


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


def publish_pathway(institution_id: InstitutionId, draft: PathwayDraft) -> PathwayId:
    """Publish the first version of a pathway; who holds awards already is brought onto it.

    Raises:
        UnknownAchievementError: it names what is not published.
        ImpossiblePathwayError: nobody could complete it.
        CyclicPathwayError: its achievement would be needed to earn itself.
        PathwayExistsError: another pathway leads to the achievement.
    """
    with transaction(institution_id) as session:
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
            raise PathwayExistsError(f"{taken} leads to this achievement.")
        expression = _checked(session, draft.achievement_id, draft.expression)
        session.add(pathway)
        session.flush()  # before what refers to it: without relationships nothing else orders them
        _add_version(session, pathway.id, 1, expression)
    return pathway.id


def publish_version(
    institution_id: InstitutionId, pathway_id: PathwayId, expression: Requirement
) -> PathwayVersionId:
    """Publish a further version. Learners stay on the one they are on; newcomers begin this one.

    Raises:
        NotFoundError: this institution has no such pathway.
        UnknownAchievementError: it names what is not published.
        ImpossiblePathwayError: nobody could complete it.
        CyclicPathwayError: the pathway's achievement would be needed to earn itself.
    """
    with transaction(institution_id) as session:
        _lock_publishing(session)
        pathway = queries.get_pathway(session, pathway_id)
        number = queries.get_newest_version(session, pathway_id).number + 1
        checked = _checked(session, pathway.achievement_id, expression)
        return _add_version(session, pathway_id, number, checked)


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
    _refuse(soundness.size_problems(expression))
    named = {stone.achievement_id for stone in stones(expression)}
    rows = session.execute(
        select(Achievement.id, Achievement.name, Achievement.credits).where(
            Achievement.id.in_(named | {achievement_id})
        )
    ).all()
    names = {row.id: row.name for row in rows}
    if unknown := sorted(map(str, (named | {achievement_id}) - names.keys())):
        raise UnknownAchievementError(f"There is no achievement {', '.join(unknown)}.")
    credits_of = {row.id: row.credits or Decimal(0) for row in rows}
    filled = renewed(
        expression, lambda stone: replace(stone, credits=credits_of[stone.achievement_id])
    )
    _refuse(soundness.problems(filled, names))
    needs = queries.list_needs(session)
    needs.setdefault(achievement_id, set()).update(named)
    if cycle := soundness.find_cycle(achievement_id, needs):
        known = queries.achievement_names(session, cycle)
        raise CyclicPathwayError([known[step] for step in cycle])
    return filled


def _refuse(problems: Iterable[Problem]) -> None:
    if found := [problem.sentence for problem in problems]:
        raise ImpossiblePathwayError(found)


def _add_version(
    session: Session, pathway_id: PathwayId, number: int, expression: Requirement
) -> PathwayVersionId:
    version = PathwayVersion(
        id=PathwayVersionId(new_id()),
        pathway_id=pathway_id,
        number=number,
        expression=to_json(expression),
        stones=rules.fewest(expression),
        published_at=clock.now(),
    )
    session.add(version)
    session.flush()  # before its stones
    session.add_all(
        PathwayStone(id=stone.id, version_id=version.id, achievement_id=stone.achievement_id)
        for stone in stones(expression)
    )
    outbox.record(
        session,
        PathwayPublished(institution_id=db.tenant(), pathway_id=pathway_id, version_id=version.id),
    )
    return version.id


def welcome_newcomers(institution_id: InstitutionId, pathway_id: PathwayId) -> bool:
    """Bring people onto a pathway who held awards before it was published, some at a time.

    Several transactions; each person's is whole, and a repeat goes on where one stopped.

    Returns:
        True if there may be more of them.
    """
    with transaction(institution_id) as session:
        people = queries.list_newcomers(session, pathway_id, limit=NEWCOMERS_PER_JOB)
    for person_id in people:
        recount(institution_id, pathway_id, person_id)
    return len(people) == NEWCOMERS_PER_JOB


def announce_newcomers(event: PathwayPublished) -> None:
    """Ask for another round of `welcome_newcomers`."""
    with transaction(event.institution_id) as session:
        outbox.record(session, event)


def recount(institution_id: InstitutionId, pathway_id: PathwayId, person_id: PersonId) -> None:
    """Make the rows of one person on one pathway what their standing awards say.

    Runs for each award and withdrawal, in any order and as often as it likes: it
    reads what is so now, under a lock that one person's awards pass one by one. A
    completion is announced when it comes about, and again after it had lapsed.
    """
    with transaction(institution_id) as session:
        progress = _lock_progress(session, pathway_id, person_id)
        version = queries.list_versions(session, [progress.version_id])[progress.version_id]
        expression = from_json(version.expression)
        # Read after the lock is held: what whoever held it before us did not see, we see.
        held = queries.list_held(session, person_id, version.id)
        at = queries.judged_at(held)
        evaluation = rules.evaluate(expression, held, at)
        _write_contributions(session, progress, rules.contributions(expression, held, at))
        progress.share, progress.missing = evaluation.share, evaluation.missing
        progress.evaluated_at = clock.now()
        completion = queries.find_open_completion(session, pathway_id, person_id)
        completed_at = rules.completed_at(expression, held)
        if completed_at is not None and completion is None:
            progress.completed_at = completed_at
            _complete(session, progress, completed_at)
        elif completed_at is None and completion is not None:
            completion.lapsed_at = clock.now()


def _lock_progress(session: Session, pathway_id: PathwayId, person_id: PersonId) -> Progress:
    """Return the person's row, made if missing, for us alone until the transaction ends."""
    own = (
        select(Progress)
        .where(Progress.pathway_id == pathway_id, Progress.person_id == person_id)
        .with_for_update()
    )
    known = session.scalar(own)
    if known is not None:
        return known
    version = queries.get_newest_version(session, pathway_id)
    session.execute(
        insert(Progress)
        .values(
            institution_id=db.tenant(),
            id=new_id(),
            pathway_id=pathway_id,
            version_id=version.id,
            person_id=person_id,
            share=Decimal(0),
            missing=version.stones,
            completed_at=None,
            evaluated_at=clock.now(),
        )
        # Of two first awards at once, one waits here for the other's commit and takes its row.
        .on_conflict_do_nothing()
    )
    return session.scalars(own).one()


def _write_contributions(
    session: Session, progress: Progress, expected: set[tuple[UUID, AwardId]]
) -> None:
    own = (
        Contribution.pathway_id == progress.pathway_id,
        Contribution.person_id == progress.person_id,
    )
    pair = tuple_(Contribution.requirement_id, Contribution.award_id)
    stored = set(
        session.execute(select(Contribution.requirement_id, Contribution.award_id).where(*own))
    )
    if gone := stored - expected:
        session.execute(delete(Contribution).where(*own, pair.in_(gone)))
    now = clock.now()
    session.add_all(
        Contribution(
            person_id=progress.person_id,
            pathway_id=progress.pathway_id,
            requirement_id=requirement_id,
            award_id=award_id,
            counted_at=now,
        )
        for requirement_id, award_id in sorted(expected - stored)
    )


def _complete(session: Session, progress: Progress, completed_at: datetime) -> None:
    completion = Completion(
        id=new_id(),
        pathway_id=progress.pathway_id,
        version_id=progress.version_id,
        person_id=progress.person_id,
        completed_at=completed_at,
    )
    session.add(completion)
    outbox.record(
        session,
        PathwayCompleted(
            institution_id=db.tenant(),
            pathway_id=progress.pathway_id,
            version_id=progress.version_id,
            person_id=progress.person_id,
            completed_at=completed_at,
            completion_id=completion.id,
        ),
    )
