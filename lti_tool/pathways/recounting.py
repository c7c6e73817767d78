"""Keep what counts, where people stand and who completed a pathway true to awards and decisions.

One function does it for one person after an award and for a thousand after a change of rules:
the rows of all are read together, judged, and only what differs is written.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from lti_tool.core import clock, db, outbox
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)
from lti_tool.pathways import notices, queries
from lti_tool.pathways.events import PathwayCompleted, PathwayRecountAsked
from lti_tool.pathways.expression import Requirement, from_json
from lti_tool.pathways.facts import Facts, facts_of
from lti_tool.pathways.models import Completion, Contribution, Pathway, Progress
from lti_tool.pathways.stand import LapsePolicy, Pair, Stand, stand
from lti_tool.people.queries import current_people

# How many workers count a pathway's people at once after a change of its rules, if there are.
HANDS = 4


def recount(
    institution_id: InstitutionId, pathway_id: PathwayId, person_ids: Collection[PersonId]
) -> None:
    """Make the rows of these people on one pathway what their awards and decisions say.

    Runs for each award and withdrawal, in any order and as often as it likes: it
    reads what is so now, under a lock that one person's awards pass one by one. A
    completion is announced when it comes about, and again after it had lapsed.
    """
    with transaction(institution_id) as session:
        recount_within(session, queries.get_pathway(session, pathway_id), person_ids)


def recount_within(
    session: Session,
    pathway: Pathway,
    person_ids: Collection[PersonId],
    *,
    move_to: PathwayVersionId | None = None,
) -> None:
    """Do what `recount` does as part of a transaction.

    Args:
        session: of the pathway's institution.
        pathway: which.
        person_ids: who, by any id of theirs; those not on it yet are brought onto its newest
            version.
        move_to: the version of the pathway they are on from now on.
    """
    person_ids = current_people(session, person_ids)
    locked = _lock_progress(session, pathway.id, person_ids)
    if move_to is not None:
        for progress in locked:
            progress.version_id = move_to
    by_version: dict[PathwayVersionId, list[Progress]] = defaultdict(list)
    for progress in locked:
        by_version[progress.version_id].append(progress)
    versions = queries.list_versions(session, list(by_version))
    # Read after the locks are held: what whoever held them before us did not see, we see.
    open_ones = _open_completions(session, pathway.id, person_ids)
    judged: list[_Judged] = []
    for version_id, rows in by_version.items():
        expression = from_json(versions[version_id].expression)
        people = [progress.person_id for progress in rows]
        facts = facts_of(session, pathway, expression, people)
        judged += [
            _judge(progress, expression, facts[progress.person_id], pathway) for progress in rows
        ]
    last = _write_contributions(session, pathway.id, judged)
    now = clock.now()
    for one in judged:
        person_id = one.progress.person_id
        one.progress.quiet_since = last.get(person_id, one.progress.quiet_since)
        completion = open_ones.get(person_id)
        notice = timedelta(days=pathway.notice_days)
        if _write_standing(session, one, completion, now, notice) and completion is not None:
            notices.give(session, completion, "lapsed", now)


def make_all_due(session: Session, pathway_id: PathwayId) -> None:
    """Have everybody on a pathway counted anew, by several workers at once, beginning now."""
    session.execute(
        update(Progress)
        .where(Progress.pathway_id == pathway_id)
        .values(changes_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    for hand in range(HANDS):
        outbox.record(
            session,
            PathwayRecountAsked(institution_id=db.tenant(), pathway_id=pathway_id, hand=hand),
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    progress: Progress
    stand: Stand


def _judge(progress: Progress, expression: Requirement, facts: Facts, pathway: Pathway) -> _Judged:
    policy = LapsePolicy(pathway.lapse_policy)
    return _Judged(progress, stand(expression, facts.held, facts.judged_at, policy, facts.rulings))


def _write_standing(
    session: Session,
    judged: _Judged,
    completion: Completion | None,
    now: datetime,
    notice: timedelta,
) -> bool:
    """Write where somebody stands; return whether their completion lapses by it."""
    progress, standing = judged.progress, judged.stand
    evaluation = standing.evaluation
    progress.share, progress.missing = evaluation.share, evaluation.missing
    progress.changes_at = standing.changes_at
    progress.evaluated_at = now
    if standing.completed_at is not None and completion is None:
        progress.completed_at = standing.completed_at
        _complete(session, progress, standing.completed_at)
    elif standing.completed_at is None and completion is not None:
        completion.lapsed_at = now
        return True
    elif completion is not None and (
        standing.changes_at is None or standing.changes_at > now + notice
    ):
        completion.noticed_at = None  # told anew when it comes near again
    return False


def _lock_progress(
    session: Session, pathway_id: PathwayId, person_ids: list[PersonId]
) -> list[Progress]:
    """Return the people's rows, made if missing, for us alone until the transaction ends.

    In order of person, so that two who lock many never wait for each other.
    """
    own = (
        select(Progress)
        .where(Progress.pathway_id == pathway_id, Progress.person_id.in_(person_ids))
        .order_by(Progress.person_id)
        .with_for_update()
    )
    known = list(session.scalars(own))
    if len(known) == len(set(person_ids)):
        return known
    version = queries.get_newest_version(session, pathway_id)
    there = {progress.person_id for progress in known}
    session.execute(
        upsert(Progress)
        .values(
            [
                {
                    "institution_id": db.tenant(),
                    "id": new_id(),
                    "pathway_id": pathway_id,
                    "version_id": version.id,
                    "person_id": person_id,
                    "share": Decimal(0),
                    "missing": version.stones,
                    "completed_at": None,
                    "evaluated_at": clock.now(),
                }
                for person_id in person_ids
                if person_id not in there
            ]
        )
        # Of two first awards at once, one waits here for the other's commit and takes its row.
        .on_conflict_do_nothing()
    )
    return list(session.scalars(own))


def _open_completions(
    session: Session, pathway_id: PathwayId, person_ids: Collection[PersonId]
) -> dict[PersonId, Completion]:
    return {
        completion.person_id: completion
        for completion in session.scalars(
            select(Completion).where(
                Completion.pathway_id == pathway_id,
                Completion.person_id.in_(person_ids),
                Completion.lapsed_at.is_(None),
            )
        )
    }


def _write_contributions(
    session: Session, pathway_id: PathwayId, judged: Iterable[_Judged]
) -> dict[PersonId, datetime]:
    """Write what counts for whom; return when something last began to, of those it is so for."""
    expected: Mapping[PersonId, frozenset[Pair]] = {
        one.progress.person_id: one.stand.contributions for one in judged
    }
    own = (Contribution.pathway_id == pathway_id, Contribution.person_id.in_(expected))
    stored: dict[PersonId, dict[Pair, datetime]] = defaultdict(dict)
    for person_id, requirement_id, award_id, counted_at in session.execute(
        select(
            Contribution.person_id,
            Contribution.requirement_id,
            Contribution.award_id,
            Contribution.counted_at,
        ).where(*own)
    ):
        stored[person_id][requirement_id, award_id] = counted_at
    gone = [
        (person_id, *pair)
        for person_id, pairs in expected.items()
        for pair in stored[person_id].keys() - pairs
    ]
    if gone:
        row = tuple_(Contribution.person_id, Contribution.requirement_id, Contribution.award_id)
        session.execute(delete(Contribution).where(*own, row.in_(gone)))
    now = clock.now()
    since = {
        person_id: {pair: _since(pair, stored[person_id], now) for pair in pairs}
        for person_id, pairs in expected.items()
    }
    new = [
        {
            "id": new_id(),
            "institution_id": db.tenant(),
            "person_id": person_id,
            "pathway_id": pathway_id,
            "requirement_id": requirement_id,
            "award_id": award_id,
            "counted_at": since[person_id][requirement_id, award_id],
        }
        for person_id, pairs in expected.items()
        for requirement_id, award_id in sorted(pairs - stored[person_id].keys())
    ]
    if new:
        session.execute(insert(Contribution), new)
    return {person_id: max(own.values()) for person_id, own in since.items() if own}


def _since(pair: Pair, before: Mapping[Pair, datetime], now: datetime) -> datetime:
    """Return since when an award counts: on another version its requirement is another one."""
    if pair in before:
        return before[pair]
    return min((at for (_, award_id), at in before.items() if award_id == pair[1]), default=now)


def _complete(session: Session, progress: Progress, completed_at: datetime) -> None:
    completion = Completion(
        id=new_id(),
        pathway_id=progress.pathway_id,
        version_id=progress.version_id,
        person_id=progress.person_id,
        completed_at=completed_at,
    )
    session.add(completion)
    announce(session, completion)


def announce(session: Session, completion: Completion) -> None:
    """Say that a completion is there, or now confirmed, so that its achievement is awarded."""
    outbox.record(
        session,
        PathwayCompleted(
            institution_id=db.tenant(),
            pathway_id=completion.pathway_id,
            version_id=completion.version_id,
            person_id=completion.person_id,
            completed_at=completion.completed_at,
            completion_id=completion.id,
        ),
    )
