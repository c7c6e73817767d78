"""Scores that could not be sent when they were made: no column yet, or no right."""

from sqlalchemy import update

from lti_tool.campus import store
from lti_tool.core.db import transaction
from lti_tool.grading import queries, services
from lti_tool.grading.queries import SyncState
from lti_tool.grading.rules import Outcome
from lti_tool.platforms.models import Context
from tests.grading.course import AMARA, LINH, Course
from tests.grading.working import ALL, TWO, Later, work


def test_a_column_that_comes_later_gets_the_scores_that_exist(course: Course) -> None:
    url = course.forget_column()
    course.take(AMARA, "abc")
    course.take(LINH, "abd")
    work()
    assert course.held() == {}

    course.launch(line_item_url=url)
    work()

    assert course.held() == {AMARA: ALL, LINH: TWO}


def test_a_launch_that_says_nothing_new_wakes_nobody(course: Course) -> None:
    course.take(AMARA, "abc")
    work()
    version = course.row(course.user(AMARA)).version

    course.launch()
    work()

    assert course.row(course.user(AMARA)).version == version


def test_a_score_waits_for_the_right_to_send_it(course: Course) -> None:
    with transaction(course.institution_id) as session:
        session.execute(update(Context).values(service_scopes=[store.RESULT_SCOPE]))
    user_id = course.take(AMARA, "abc")
    work()
    row = course.row(user_id)
    assert row.last_outcome == Outcome.NOT_GRANTED
    assert row.due_at is None
    assert course.held() == {}

    course.launch(scopes=[store.RESULT_SCOPE, store.SCORE_SCOPE])
    work()

    assert course.held() == {AMARA: ALL}
    with transaction(course.institution_id) as session:
        (score,) = queries.list_scores(session, course.placement_id)
    assert score.state is SyncState.IN_GRADEBOOK


def test_a_course_that_moved_gets_its_scores_at_the_new_address(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abc")
    work()
    later.move(seconds=2)
    moved = f"{course.url}&moved=1"

    course.launch(line_item_url=moved)
    work()

    row = course.row(user_id)
    assert row.line_item_url == moved
    assert row.acknowledged_version == row.version == 2


def test_wanting_a_whole_course_twice_changes_nothing(course: Course) -> None:
    course.take(AMARA, "abc")
    work()

    assert services.desire_scores_of_context(course.institution_id, course.context_id) == 0
