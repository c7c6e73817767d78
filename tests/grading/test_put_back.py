"""A link that led to another assessment for a while, and its column's grades."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from lti_tool.assessments.services import bind_placement, create_placement
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PlacementId
from lti_tool.grading import backlog, queries
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


def another(course: Course) -> PlacementId:
    """Make a placement to which the link is led for a while."""
    return create_placement(
        course.institution_id,
        published(course.university),
        context_id=course.context_id,
        created_by=None,
        title="Another",
    )


@pytest.mark.parametrize("is_put_back", [False, True], ids=["replaced", "put back"])
def test_what_waited_of_a_replaced_activity_does_not_land_on_the_other_ones_grade(
    course: Course, later: Later, *, is_put_back: bool
) -> None:
    faults = course.site.campus.faults
    first, second = course, replace(course, placement_id=another(course))
    if is_put_back:
        course.take(AMARA, "abc")
        work()
        first, second = lead_to(course, second.placement_id), course
    faults.change({"scores_status": 503})
    user_id = first.take(AMARA, "ddd")
    work()
    lead_to(course, second.placement_id)
    if not is_put_back:
        second.take(AMARA, "abc")
    later.move(hours=1)
    faults.clear()
    for _ in range(3):
        work()
        later.move(hours=1)

    assert course.held() == {AMARA: ALL}
    row = first.row(user_id)
    assert (row.due_at, row.last_outcome) == (None, "replaced")
    with transaction(course.institution_id) as session:
        lane = (course.registration_id, course.institution_id)
        found = backlog.get_backlog(session, *lane, due_before=clock.now())
        [score] = [
            one
            for one in queries.list_scores(session, first.placement_id)
            if one.user_id == user_id
        ]
    assert score.state is queries.SyncState.NOT_SENT
    assert (found.waiting, found.refused) == (0, 0)


def test_a_link_that_gets_its_assessment_back_sends_its_grades_again(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    work()
    lead_to(course, another(course)).take(AMARA, "ddd")
    course.take(LINH, "abd")  # in a page that was open still
    later.move(seconds=5)
    work()
    assert course.held() == {AMARA: NONE}

    assert lead_to(course, course.placement_id).placement_id == course.placement_id
    later.move(seconds=5)
    work()

    assert course.held() == {AMARA: ALL, LINH: TWO}
