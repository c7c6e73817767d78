"""Reads of a whole course: all that was placed in it, and how each is doing."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, Placement, PlacementResult
from lti_tool.assessments.queries import is_to_mark
from lti_tool.core.ids import ContextId
from lti_tool.grading.backlog import is_given_up
from lti_tool.grading.models import DesiredScore
from lti_tool.platforms.models import ResourceLink


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRow:
    """One assessment in a course.

    Attributes:
        link_title: as the course calls it by now; None until somebody opened it.
        is_opened: a link of the course was opened that leads to it.
        has_column: that link has a gradebook column.
        learners: who have begun.
        refused: scores that the platform refused.
        to_mark: attempts that wait for a person.
    """

    placement: Placement
    link_title: str | None
    is_opened: bool
    has_column: bool
    learners: int
    passed: int
    refused: int
    to_mark: int


def list_placements(session: Session, context_id: ContextId | None) -> list[PlacementRow]:
    """Return what is placed in a course, in the order in which it was; those of no course never."""
    # Said of each: the counts of all courses together would be a great many.
    here = select(Placement.id).where(Placement.context_id == context_id)
    begun = (
        select(Attempt.placement_id, func.count(func.distinct(Attempt.user_id)).label("number"))
        .where(Attempt.placement_id.in_(here))
        .group_by(Attempt.placement_id)
        .subquery()
    )
    to_mark = (
        select(Attempt.placement_id, func.count().label("number"))
        .where(is_to_mark(), Attempt.placement_id.in_(here))
        .group_by(Attempt.placement_id)
        .subquery()
    )
    passed = (
        select(PlacementResult.placement_id, func.count().label("number"))
        .where(
            PlacementResult.passed,
            PlacementResult.withdrawn_at.is_(None),
            PlacementResult.placement_id.in_(here),
        )
        .group_by(PlacementResult.placement_id)
        .subquery()
    )
    refused = (
        select(DesiredScore.placement_id, func.count().label("number"))
        .where(is_given_up(), DesiredScore.placement_id.in_(here))
        .group_by(DesiredScore.placement_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Placement,
            ResourceLink.title,
            ResourceLink.line_item_url,
            func.coalesce(begun.c.number, 0),
            func.coalesce(passed.c.number, 0),
            func.coalesce(refused.c.number, 0),
            func.coalesce(to_mark.c.number, 0),
        )
        .outerjoin(ResourceLink, ResourceLink.id == Placement.resource_link_id)
        .outerjoin(begun, begun.c.placement_id == Placement.id)
        .outerjoin(passed, passed.c.placement_id == Placement.id)
        .outerjoin(refused, refused.c.placement_id == Placement.id)
        .outerjoin(to_mark, to_mark.c.placement_id == Placement.id)
        .where(Placement.context_id == context_id, Placement.context_id.is_not(None))
        .order_by(Placement.created_at, Placement.id)
    )
    return [
        PlacementRow(
            placement=row[0],
            link_title=row[1],
            is_opened=row[0].resource_link_id is not None,
            has_column=bool(row[2]),
            learners=row[3],
            passed=row[4],
            refused=row[5],
            to_mark=row[6],
        )
        for row in rows
    ]
