"""The worst days: at the end gradebook, sync page and results agree, learner by learner."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import text

from lti_tool.campus import store
from lti_tool.campus.personality import PERSONALITIES, STRICT
from lti_tool.grading import jobs, sender, services
from lti_tool.grading.queries import SyncState
from lti_tool.grading.rules import Outcome
from lti_tool.platforms.quirks import quirks_of
from lti_tool.worker import run_worker
from tests.campus.site import Site
from tests.grading.course import Course, placed_course
from tests.grading.crowd import Crowd, crowd_of
from tests.grading.working import Later, sender_answers, work
from tests.helpers import serving

LEARNERS = 2000
PRODUCTS = [name for name in PERSONALITIES if name != STRICT.name]


def calm(crowd: Crowd, later: Later) -> None:
    """Let time pass, without faults, until nothing waits any more."""
    crowd.course.site.campus.faults.clear()
    for _ in range(12):
        if not crowd.waits():
            return
        later.move(minutes=40)
        work()
    assert not crowd.waits()


def assert_agreement(crowd: Crowd, *, but: frozenset[str] = frozenset()) -> None:
    results, rows, held = crowd.results(), crowd.rows(), crowd.in_gradebook()
    assert len(results) == len(rows)
    for subject in results.keys() - but:
        row = rows[subject]
        assert held[subject] == row.given == results[subject], subject
        assert row.state is SyncState.IN_GRADEBOOK, subject
        assert row.held is not None
        assert row.held.equals(results[subject], Decimal(3)), subject


def test_62_hours_of_outage_with_a_regrade_and_our_clock_fast(course: Course, later: Later) -> None:
    faults = course.site.campus.faults
    later.move_ours(minutes=3)
    with crowd_of(course, LEARNERS) as crowd:
        faults.change({"scores_status": 503})
        crowd.hand_in()
        for hour in range(62):
            jobs.wake_due_lanes()
            run_worker(burst=True)
            later.move(hours=1)
            if hour == 25:
                assert crowd.regrade() > LEARNERS / 3
            if hour == 40:
                faults.change({"token_status": 500})
        posts = faults.posts
        assert posts <= 62 * services.PROBE + 16, "a few probes each time, whatever waits"
        assert crowd.in_gradebook() == {}

        # The platform is back, with broken lines. A worker dies after its scores were taken.
        faults.clear()
        faults.change({"scores_reset": True, "scores_every": 5, "scores_remaining": 40})
        later.move(hours=2)
        dead = course.lane()
        habits = quirks_of("generic")
        assert Outcome.ACKNOWLEDGED in sender_answers(services.take_batch(dead, habits), course)
        later.move(minutes=2)
        workers = [
            threading.Thread(
                target=jobs.send_due, args=[str(course.registration_id), str(course.institution_id)]
            )
            for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        calm(crowd, later)

        assert len(crowd.in_gradebook()) == LEARNERS
        assert crowd.stamped_ahead() == 0
        services.compare_column(course.institution_id, course.placement_id)
        assert_agreement(crowd)


@pytest.fixture(params=PRODUCTS)
def product_course(
    request: pytest.FixtureRequest, live_app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Course]:
    monkeypatch.setattr(sender, "REQUEST_SECONDS", 1.0)
    with serving(live_app) as url:
        course = placed_course(site, tool_url=url, product=request.param)
        # One request at a time is enough for a test of Canvas; two are counted as a crowd.
        with course.personality(replace(PERSONALITIES[request.param], most_members=None)):
            yield course


def test_every_fault_on_every_product(product_course: Course, later: Later) -> None:
    course, faults = product_course, product_course.site.campus.faults
    engine = course.site.campus.engine
    later.move_ours(minutes=3)
    with crowd_of(course, 40) as crowd:
        gone, graded, *_ = sorted(crowd.users())
        ids = {person.subject: person.id for person in store.people(engine)}
        store.unenrol(engine, course_id=1, person_id=ids[gone])

        crowd.hand_in()
        faults.change({"scores_status": 502, "scores_every": 5})
        work()
        faults.clear()
        faults.change({"scores_status": 429, "scores_retry_after_s": 60, "scores_remaining": 1})
        later.move(minutes=1)
        work()
        faults.clear()
        faults.change({"scores_reset": True, "scores_every": 4})
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM access_tokens"))
        later.move(minutes=2)
        work()
        assert crowd.regrade() > 8
        later.move(minutes=1)
        faults.clear()
        faults.change({"scores_hang_s": 1.5, "scores_every": 7, "scores_remaining": 3})
        work()
        calm(crowd, later)
        store.override_grade(
            engine, line_item_id=course.line_item_id, person_id=ids[graded], points=Decimal("9.5")
        )
        later.move(minutes=5)
        services.compare_column(course.institution_id, course.placement_id)

        rows = crowd.rows()
        assert rows[gone].state is SyncState.REFUSED
        # Open edX says 400 to this as well as to a stale timestamp.
        assert rows[gone].outcome in {Outcome.NOT_IN_COURSE, Outcome.REFUSED}
        assert rows[graded].state is SyncState.DIFFERS
        assert_agreement(crowd, but=frozenset({gone, graded}))
        assert crowd.submissions() == 0
        assert crowd.stamped_ahead() == 0
