"""Who sends for a platform, until when, and what is written of each answer."""

import threading
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select, text, update

from lti_tool.campus import store
from lti_tool.core import clock, settings
from lti_tool.core.db import system_transaction, transaction
from lti_tool.grading import backlog, jobs, sender, services
from lti_tool.grading.models import DesiredScore, SenderLane
from lti_tool.grading.rules import Answer, Outcome
from lti_tool.grading.services.desired import ERASED
from lti_tool.platforms import service_client
from lti_tool.worker import run_worker
from tests.grading.course import AMARA, BJORN, INGRID, LINH, MIRELA, Course
from tests.grading.working import ALL, GENERIC, Later, sender_answers, work


def test_patience_that_is_asked_for_is_shown_to_the_whole_batch(
    course: Course, later: Later
) -> None:
    course.site.campus.faults.change({"scores_status": 429, "scores_retry_after_s": 120})
    users = [course.take(subject, "abc") for subject in (AMARA, LINH, INGRID, BJORN)]
    work()
    paused_until = course.lane_row().paused_until
    course.site.campus.faults.clear()
    work()
    assert course.held() == {}
    assert paused_until is not None
    assert paused_until >= clock.now() + timedelta(seconds=110)
    assert {course.row(user).tries for user in users} == {0}, "no failure of theirs"

    later.move(minutes=3)
    work()

    assert set(course.held().values()) == {ALL}


def test_a_worker_killed_after_the_platform_took_a_score_loses_and_doubles_nothing(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    dead = course.lane()
    batch = services.take_batch(dead, GENERIC)
    answers = sender_answers(batch, course)
    assert answers == [Outcome.ACKNOWLEDGED]  # and then the process is gone
    work()
    assert course.row(user_id).acknowledged_version == 0, "the lane is leased"

    later.move(minutes=2)
    work()

    row = course.row(user_id)
    assert row.acknowledged_version == row.version
    assert course.held() == {AMARA: ALL}
    assert row.timestamp == batch[0].score.timestamp


def test_two_workers_never_hold_the_same_lane(course: Course) -> None:
    user_id = course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    taken: list[object] = []
    barrier = threading.Barrier(4)

    def grab() -> None:
        barrier.wait()
        taken.append(services.lease(course.registration_id, course.institution_id))

    threads = [threading.Thread(target=grab) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([lane for lane in taken if lane is not None]) == 1


def test_a_worker_that_lost_its_lane_takes_nothing_more(course: Course, later: Later) -> None:
    user_id = course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    slow = course.lane()
    later.move(minutes=2)
    fast = course.lane()

    assert services.take_batch(slow, GENERIC) == []
    assert len(services.take_batch(fast, GENERIC)) == 1
    services.release(slow)
    assert services.lease(course.registration_id, course.institution_id) is None


def test_a_change_while_a_score_is_under_way_stays_due(course: Course) -> None:
    user_id = course.take(AMARA, "abd")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    lane = course.lane()
    batch = services.take_batch(lane, GENERIC)
    course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)

    taken = Answer(outcome=Outcome.ACKNOWLEDGED, status=204)
    services.record_answers(lane, [sender.Delivered(parcel=batch[0], answer=taken)])

    row = course.row(user_id)
    assert (row.acknowledged_version, row.version) == (1, 2)
    assert row.due_at is not None


def test_a_change_that_may_not_be_sent_waits_for_the_right_whatever_arrives_of_the_version_before(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abd")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    lane = course.lane()
    [parcel] = services.take_batch(lane, GENERIC)
    course.launch(scopes=[store.RESULT_SCOPE])
    course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    taken = Answer(outcome=Outcome.ACKNOWLEDGED, status=204)

    services.record_answers(lane, [sender.Delivered(parcel=parcel, answer=taken)])

    assert course.row(user_id).last_outcome == Outcome.NOT_GRANTED
    services.release(lane)
    course.launch()
    later.move(seconds=5)
    work()
    assert course.held() == {AMARA: ALL}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(outcome=Outcome.TEMPORARY, status=503),
        Answer(outcome=Outcome.TEMPORARY, status=429, retry_after=timedelta(seconds=1)),
        Answer(outcome=Outcome.CONFLICT, status=409),
    ],
    ids=["failed", "busy", "conflict"],
)
def test_a_score_under_way_while_its_learner_is_erased_is_not_tried_again(
    course: Course, later: Later, answer: Answer
) -> None:
    user_id = course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    lane = course.lane()
    [parcel] = services.take_batch(lane, GENERIC)
    services.erase_scores(course.institution_id, [user_id])

    services.record_answers(lane, [sender.Delivered(parcel=parcel, answer=answer)])

    row = course.row(user_id)
    assert (row.due_at, row.last_error) == (None, ERASED)
    services.release(lane)
    later.move(hours=1)
    work()
    assert course.held() == {}


def test_a_score_of_an_erased_learner_that_was_left_due_is_not_sent(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    services.erase_scores(course.institution_id, [user_id])
    with transaction(course.institution_id) as session:
        session.execute(update(DesiredScore).values(due_at=clock.now()))
    later.move(seconds=5)
    lane = course.lane()

    assert services.take_batch(lane, GENERIC) == []
    assert services.first_address(lane) is None
    services.release(lane)
    assert course.lane_row().due_at is None, "nobody is woken for it"


def test_what_redis_forgot_the_clock_finds(course: Course) -> None:
    user_id = course.take(AMARA, "abc")
    services.desire_score(course.institution_id, course.placement_id, user_id)
    with Redis.from_url(settings.current().redis_url) as redis:
        redis.flushdb()

    jobs.wake_due_lanes()
    run_worker(burst=True)

    assert course.held() == {AMARA: ALL}


def test_a_lane_with_nothing_due_sleeps(course: Course) -> None:
    course.take(AMARA, "abc")
    work()

    with system_transaction() as session:
        lane = session.scalars(
            select(SenderLane).where(SenderLane.institution_id == course.institution_id)
        ).one()
    assert lane.due_at is None
    assert lane.leased_until is None
    assert services.due_lanes() == []


def test_operators_are_not_told_of_what_was_not_sent_for_the_erased(course: Course) -> None:
    course.site.campus.faults.change({"scores_status": 503})
    user_id = course.take(AMARA, "abc")
    work()

    services.erase_scores(course.institution_id, [user_id])

    with transaction(course.institution_id) as session:
        lane = (course.registration_id, course.institution_id)
        found = backlog.get_backlog(session, *lane, due_before=clock.now())
    assert course.row(user_id).refused_at is not None
    assert (found.waiting, found.refused) == (0, 0)


def test_operators_see_what_waits_and_what_was_refused(course: Course, later: Later) -> None:
    course.take(MIRELA, "abc")
    work()
    course.site.campus.faults.change({"token_status": 500})
    service_client.forget_all()
    with system_transaction() as session:
        session.execute(text("DELETE FROM access_tokens"))
    course.take(AMARA, "abc")
    later.move(minutes=1)
    work()

    with system_transaction() as session:
        (lane,) = backlog.list_lanes(session)
    with transaction(course.institution_id) as session:
        found = backlog.get_backlog(session, *lane, due_before=clock.now())
        recent = backlog.get_backlog(session, *lane, due_before=clock.now() - timedelta(hours=1))

    assert (found.platform_name, found.waiting, found.refused) == ("Campus", 1, 1)
    assert found.failing_since is not None
    assert recent.waiting == 0
