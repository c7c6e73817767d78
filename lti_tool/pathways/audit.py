"""Whether the rows kept per award are what the awards say, asked of everybody at once.

The rows are kept one event at a time; this asks in sets, so that a lost or doubled
event shows. It changes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import exists, select, union
from sqlalchemy.orm import Session

from lti_tool.badges.models import Award
from lti_tool.core.ids import PathwayId, PathwayVersionId, PersonId
from lti_tool.pathways.expression import from_json
from lti_tool.pathways.facts import facts_of
from lti_tool.pathways.models import (
    Completion,
    Contribution,
    Pathway,
    PathwayStone,
    PathwayVersion,
    Progress,
)
from lti_tool.pathways.queries import (
    get_newest_version,
    get_pathway,
    judged,
    list_versions,
)
from lti_tool.pathways.stand import Pair, Stand

# People who are compared at a time.
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A person whose rows are not what their awards say.

    Attributes:
        what: which rows: those of what counts, or where the person stands.
    """

    person_id: PersonId
    what: Literal["contributions", "progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit of one pathway found; all is well when nothing disagrees."""

    learners: int
    disagreements: tuple[Disagreement, ...]


def audit(session: Session, pathway_id: PathwayId) -> Audit:
    """Compare the rows of everybody on a pathway with the awards and decisions that stand.

    Events that are still on their way show as disagreements: ask again later. What time has
    changed and the sweep has not come to yet does not.
    """
    pathway = get_pathway(session, pathway_id)
    newest = get_newest_version(session, pathway_id)
    wrong: list[Disagreement] = []
    learners, after = 0, None
    while people := _list_people(session, pathway_id, newest.id, after):
        after = people[-1]
        rows = _rows(session, pathway_id, people)
        learners += len(rows)
        wrong += _compare(session, pathway, newest, people, rows)
    order = {"contributions": 0, "progress": 1}
    return Audit(
        learners=learners,
        disagreements=tuple(sorted(wrong, key=lambda one: (order[one.what], one.person_id))),
    )


def _list_people(
    session: Session,
    pathway_id: PathwayId,
    newest_id: PathwayVersionId,
    after: PersonId | None,
) -> list[PersonId]:
    """Return a batch of those who are on the pathway, or hold what brings them onto it."""
    on_it = select(Progress.person_id).where(Progress.pathway_id == pathway_id)
    holders = (
        select(Award.person_id)
        .join(PathwayStone, PathwayStone.achievement_id == Award.achievement_id)
        .where(
            PathwayStone.version_id == newest_id,
            PathwayStone.is_beside.is_(False),
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
    )
    everybody = union(on_it, holders).subquery()
    query = select(everybody.c.person_id).order_by(everybody.c.person_id).limit(BATCH)
    if after is not None:
        query = query.where(everybody.c.person_id > after)
    return list(session.scalars(query))


def _rows(
    session: Session, pathway_id: PathwayId, people: Collection[PersonId]
) -> dict[PersonId, tuple[Progress, bool]]:
    """Return the rows of these people, each with whether a completion is open."""
    is_open = exists().where(
        Completion.pathway_id == Progress.pathway_id,
        Completion.person_id == Progress.person_id,
        Completion.lapsed_at.is_(None),
    )
    return {
        progress.person_id: (progress, completed)
        for progress, completed in session.execute(
            select(Progress, is_open).where(
                Progress.pathway_id == pathway_id, Progress.person_id.in_(people)
            )
        )
    }


def _compare(
    session: Session,
    pathway: Pathway,
    newest: PathwayVersion,
    people: Collection[PersonId],
    rows: Mapping[PersonId, tuple[Progress, bool]],
) -> Iterator[Disagreement]:
    stored: dict[PersonId, set[Pair]] = defaultdict(set)
    for person_id, requirement_id, award_id in session.execute(
        select(Contribution.person_id, Contribution.requirement_id, Contribution.award_id).where(
            Contribution.pathway_id == pathway.id, Contribution.person_id.in_(people)
        )
    ):
        stored[person_id].add((requirement_id, award_id))
    on_version: dict[PathwayVersionId, list[PersonId]] = defaultdict(list)
    for person_id in people:
        known = rows.get(person_id)
        on_version[known[0].version_id if known else newest.id].append(person_id)
    versions = list_versions(session, list(on_version))
    for version_id, own in on_version.items():
        expression = from_json(versions[version_id].expression)
        for person_id, facts in facts_of(session, pathway, expression, own).items():
            known = rows.get(person_id)
            if known and known[0].changes_at and known[0].changes_at <= facts.judged_at:
                continue  # the sweep will come to it
            should = judged(pathway, expression, facts)
            if should.contributions != stored[person_id]:
                yield Disagreement(person_id=person_id, what="contributions")
            if known and not _agrees(should, *known):
                yield Disagreement(person_id=person_id, what="progress")


def _agrees(should: Stand, progress: Progress, has_open_completion: bool) -> bool:  # noqa: FBT001 - a pair of a row
    evaluation = should.evaluation
    return (
        (progress.share, progress.missing) == (evaluation.share, evaluation.missing)
        and progress.changes_at == should.changes_at
        and has_open_completion == (should.completed_at is not None)
        and (progress.completed_at is not None or should.completed_at is None)
    )
