"""Columns that are locked, gone or asked for twice do not hold up others."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from lti_tool.campus.personality import STRICT
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.http import OutboundFailedError
from lti_tool.grading import queries, services
from lti_tool.grading.errors import ColumnThereError
from tests.grading.course import AMARA, LINH, Course
from tests.grading.crowd import crowd_of
from tests.grading.working import ALL, TWO, Later, work


def test_a_locked_column_holds_up_no_other(course: Course, later: Later) -> None:
    """Moodle answers 500 to every score for a column that is locked."""
    other, faults = course.beside(), course.site.campus.faults
    faults.change({"scores_status": 500, "scores_item": course.line_item_id})
    with crowd_of(course, 30) as crowd:
        crowd.hand_in()
        work()
        assert course.lane_row().paused_until is not None, "it may be the platform"
        other.take(AMARA, "abc")
        later.move(minutes=1)

        work()

        assert other.held() == {AMARA: ALL}
        assert crowd.in_gradebook() == {}
        lane = course.lane_row()
        assert lane.failing_since is None, "the platform works"
        assert lane.paused_until is None or lane.paused_until < clock.now()
        assert faults.posts <= 2 * (8 + 16) + 4, "the rest is not tried in vain"
        other.take(LINH, "abd")
        work()
        assert other.held() == {AMARA: ALL, LINH: TWO}, "at once"
        faults.clear()
        later.move(minutes=2)
        work()
        assert crowd.in_gradebook() == crowd.results()


def test_two_columns_that_fail_are_the_platform(course: Course, later: Later) -> None:
    other, faults = course.beside(), course.site.campus.faults
    faults.change({"scores_status": 500})
    with crowd_of(course, 30) as crowd:
        other.take(AMARA, "abc")
        crowd.hand_in()

        work()

        assert course.lane_row().paused_until is not None
        assert faults.posts <= 2 * (8 + 16)
        later.move(minutes=1)
        before = faults.posts
        work()
        assert faults.posts - before <= services.PROBE


def test_a_platform_that_gives_no_answer_fails_as_a_whole(course: Course, later: Later) -> None:
    other, faults = course.beside(), course.site.campus.faults
    faults.change({"scores_status": 503})
    with crowd_of(course, 30) as crowd:
        crowd.hand_in()
        other.take(AMARA, "abc")
        later.move(seconds=5)

        work()

        assert course.lane_row().paused_until is not None
        assert faults.posts <= 8 + 16


def test_of_two_who_ask_for_a_column_one_gets_it(course: Course) -> None:
    course.forget_column()
    course.site.campus.faults.change({"latency_ms": 300})
    asked = threading.Barrier(2)
    refused: list[ColumnThereError] = []

    def ask() -> None:
        asked.wait()
        try:
            services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)
        except ColumnThereError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert columns_of(course) == 2, "the activity's own, which was forgotten, and the new one"
    with pytest.raises(ColumnThereError):
        services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)


def test_who_could_not_make_a_column_may_ask_again_at_once(course: Course) -> None:
    course.forget_column()
    faults = course.site.campus.faults
    faults.change({"token_status": 500})
    with pytest.raises(OutboundFailedError):
        services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)
    faults.clear()

    services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)

    with transaction(course.institution_id) as session:
        state = queries.find_column_state(session, course.placement_id)
    assert state is not None
    assert state.line_item_url


def test_a_column_made_anew_leads_to_learners_work_as_the_first_one_did(course: Course) -> None:
    course.forget_column()

    services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)

    newest = text("SELECT submission_review FROM line_items ORDER BY id DESC LIMIT 1")
    with course.site.campus.engine.begin() as connection:
        said = connection.execute(newest).scalar_one()
    assert said == {"reviewableStatus": ["Submitted", "Completed"]}


def test_a_column_is_made_beside_its_link_where_the_link_cannot_have_one(course: Course) -> None:
    """Canvas adds columns to links that have one, and to the course; to no other link."""
    course.forget_column()
    with course.site.campus.engine.begin() as connection:
        connection.execute(text("DELETE FROM line_items"))

    with course.personality(replace(STRICT, columns_follow_columns=True)):
        services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)

    assert columns_of(course) == 1
    with course.site.campus.engine.begin() as connection:
        column = connection.execute(text("SELECT activity_id, resource_id FROM line_items")).one()
    assert tuple(column) == (None, str(course.placement_id))


def columns_of(course: Course) -> int:
    """Count the columns of the course's tool in Campus."""
    tool_id = int(course.url.rpartition("=")[2])
    with course.site.campus.engine.begin() as connection:
        found: int = connection.execute(
            text("SELECT count(*) FROM line_items WHERE tool_id = :id"), {"id": tool_id}
        ).scalar_one()
    return found
