"""A link that led to another assessment for a while, and its column's grades."""

from dataclasses import replace

from sqlalchemy import select

from lti_tool.assessments.services import bind_placement, create_placement
from lti_tool.core.db import transaction
from lti_tool.core.ids import PlacementId
from lti_tool.platforms.models import ResourceLink
from tests.assessments.factories import published
from tests.grading.course import AMARA, LINH, Course
from tests.grading.working import ALL, NONE, TWO, Later, work


def lead_to(course: Course, placement_id: PlacementId) -> Course:
    """Give the course's link the token of a placement."""
    with transaction(course.institution_id) as session:
        link = session.scalars(select(ResourceLink)).one()
        bound = bind_placement(session, placement_id, link.id, course.context_id)
    return replace(course, placement_id=bound.id)


def test_a_link_that_gets_its_assessment_back_sends_its_grades_again(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    work()
    other = create_placement(
        course.institution_id,
        published(course.university),
        context_id=course.context_id,
        created_by=None,
        title="Another",
    )
    lead_to(course, other).take(AMARA, "ddd")
    course.take(LINH, "abd")  # in a page that was open still
    later.move(seconds=5)
    work()
    assert course.held() == {AMARA: NONE}

    assert lead_to(course, course.placement_id).placement_id == course.placement_id
    later.move(seconds=5)
    work()

    assert course.held() == {AMARA: ALL, LINH: TWO}
