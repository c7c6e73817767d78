"""Whether the rows kept per award are what the awards say, asked of everybody at once.

The rows are kept one event at a time; this asks in sets, so that a lost or doubled
event shows. It changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session
from sqlalchemy.types import Uuid

from lti_tool.badges.models import Award
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import rules
from lti_tool.pathways.expression import from_json
from lti_tool.pathways.models import (
    Completion,
    Contribution,
    PathwayStone,
    PathwayVersion,
    Progress,
)
from lti_tool.pathways.queries import is_newest, list_versions


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
    """Compare the rows of everybody on a pathway with the awards that stand.

    Events that are still on their way show as disagreements: ask again later.
    """
    wrong = [
        *(
            Disagreement(person_id=known, what="contributions")
            for known in _wrong_contributions(session, pathway_id)
        ),
        *(
            Disagreement(person_id=known, what="progress")
            for known in _wrong_progress(session, pathway_id)
        ),
    ]
    learners = session.scalar(
        select(func.count()).select_from(Progress).where(Progress.pathway_id == pathway_id)
    )
    return Audit(learners=learners or 0, disagreements=tuple(wrong))


def _wrong_contributions(session: Session, pathway_id: PathwayId) -> list[PersonId]:
    """Return who has a contribution too many or too few, in order."""
    expected = (
        select(Award.person_id, PathwayStone.id.label("requirement_id"), Award.id.label("award_id"))
        .join(PathwayStone, PathwayStone.achievement_id == Award.achievement_id)
        .join(PathwayVersion, PathwayVersion.id == PathwayStone.version_id)
        .outerjoin(
            Progress,
            and_(
                Progress.pathway_id == PathwayVersion.pathway_id,
                Progress.person_id == Award.person_id,
            ),
        )
        .where(
            Award.withdrawn_at.is_(None),
            PathwayVersion.pathway_id == pathway_id,
            or_(Progress.version_id == PathwayVersion.id, and_(Progress.id.is_(None), is_newest())),
        )
        .subquery()
    )
    stored = (
        select(Contribution.person_id, Contribution.requirement_id, Contribution.award_id)
        .where(Contribution.pathway_id == pathway_id)
        .subquery()
    )
    same = and_(
        stored.c.person_id == expected.c.person_id,
        stored.c.requirement_id == expected.c.requirement_id,
        stored.c.award_id == expected.c.award_id,
    )
    person = func.coalesce(stored.c.person_id, expected.c.person_id)
    return list(
        session.scalars(
            select(person)
            .select_from(stored.join(expected, same, full=True))
            .where(or_(stored.c.award_id.is_(None), expected.c.award_id.is_(None)))
            .distinct()
            .order_by(person)
        )
    )


def _wrong_progress(session: Session, pathway_id: PathwayId) -> Iterator[PersonId]:
    """Yield who stands elsewhere than their awards say.

    Learners who hold the same achievements stand the same: each set of them is
    judged once, however many hold it.
    """
    held = (
        select(
            Award.person_id,
            PathwayStone.version_id,
            func.array_agg(
                aggregate_order_by(Award.achievement_id.distinct(), Award.achievement_id),
                type_=ARRAY(Uuid),
            ).label("achievements"),
        )
        .join(PathwayStone, PathwayStone.achievement_id == Award.achievement_id)
        .where(Award.withdrawn_at.is_(None))
        .group_by(Award.person_id, PathwayStone.version_id)
        .subquery()
    )
    is_open = exists().where(
        Completion.pathway_id == Progress.pathway_id,
        Completion.person_id == Progress.person_id,
        Completion.lapsed_at.is_(None),
    )
    standing = (
        select(
            Progress.person_id,
            Progress.version_id,
            held.c.achievements,
            Progress.share,
            Progress.missing,
            Progress.completed_at.is_not(None).label("completed"),
            is_open.label("is_open"),
        )
        .outerjoin(
            held,
            and_(held.c.person_id == Progress.person_id, held.c.version_id == Progress.version_id),
        )
        .where(Progress.pathway_id == pathway_id)
        .subquery()
    )
    alike = [column for column in standing.c if column.name != "person_id"]
    groups = session.execute(
        select(
            *alike, func.array_agg(standing.c.person_id, type_=ARRAY(Uuid)).label("people")
        ).group_by(*alike)
    ).all()
    versions = list_versions(session, {group.version_id for group in groups})
    expressions = {key: from_json(version.expression) for key, version in versions.items()}
    for group in groups:
        judged = rules.judge(
            expressions[group.version_id], dict.fromkeys(group.achievements or (), ())
        )
        in_order = (
            (group.share, group.missing) == (judged.share, judged.missing)
            and group.is_open == judged.done
            and (group.completed or not judged.done)
        )
        if not in_order:
            yield from group.people
