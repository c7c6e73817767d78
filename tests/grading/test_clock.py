"""Timestamps are by the platform's clock when ours is ahead."""

import asyncio
from datetime import timedelta

import pytest

from lti_tool.campus import clock as campus_clock
from lti_tool.campus import store
from lti_tool.core import clock, http
from lti_tool.grading import sender
from tests.grading.course import AMARA, Course
from tests.grading.working import Later, work

THREE_MINUTES = timedelta(minutes=3)


def test_the_first_score_is_not_ahead_of_a_slower_platform(course: Course, later: Later) -> None:
    later.move_ours(minutes=3)
    course.take(AMARA, "abc")

    work()

    (score,) = store.gradebook(course.site.campus.engine, 1).values()
    assert score.scored_at is not None
    now = campus_clock.now()
    assert now - timedelta(seconds=30) < score.scored_at <= now
    assert course.lane_row().clock_lead == pytest.approx(181, abs=2)


def test_a_better_attempt_is_not_held_up_by_our_fast_clock(course: Course, later: Later) -> None:
    later.move_ours(minutes=3)
    course.take(AMARA, "abd")
    work()
    later.move(seconds=3)
    course.take(AMARA, "abc")
    work()

    assert course.held() == {AMARA: 3}


def test_a_clock_that_was_set_right_is_measured_again(course: Course, later: Later) -> None:
    later.move_ours(minutes=3)
    user_id = course.take(AMARA, "abd")
    work()
    later.move_ours(minutes=-3)
    later.move(minutes=12)

    course.take(AMARA, "abc")
    work()

    assert course.lane_row().clock_lead == pytest.approx(1, abs=2)
    stamp = course.row(user_id).timestamp
    assert stamp is not None
    assert clock.now() - stamp < timedelta(seconds=30)


@pytest.mark.usefixtures("live_app")  # whose settings allow calls to this host
def test_a_server_that_does_not_answer_has_no_clock() -> None:
    with pytest.raises(http.OutboundFailedError):
        asyncio.run(sender.measure("http://127.0.0.1:1/lineitems/1"))
