"""Scores on their way to a real platform that fails on demand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from lti_tool.assessments.models import Attempt
from lti_tool.assessments.queries import list_attempts
from lti_tool.assessments.services import Why, delete_attempt, restore_attempt, try_deletion
from lti_tool.campus import store
from lti_tool.campus.personality import PERSONALITIES
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.grading import ags, queries, services
from lti_tool.grading.models import DesiredScore
from lti_tool.grading.queries import SyncState
from lti_tool.platforms.models import Registration, ResourceLink
from tests.grading.course import AMARA, INGRID, LINH, MIRELA, Course
from tests.grading.working import ALL, NONE, TWO, Later, work


@pytest.fixture
def openedx_course(course: Course) -> Iterator[Course]:
    """A course of a platform that says 400 both to a stale timestamp and to a bad score."""
    with transaction(course.institution_id) as session:
        session.execute(update(Registration).values(product="openedx"))
    throttled = (403, "403 Forbidden (Rate Limit Exceeded)")
    with course.personality(replace(PERSONALITIES["openedx"], throttled=throttled)):
        yield course


def test_a_score_reaches_the_gradebook_and_is_acknowledged(course: Course) -> None:
    user_id = course.take(AMARA, "abd")

    work()

    assert course.held() == {AMARA: TWO}
    row = course.row(user_id)
    assert row.acknowledged_version == row.version == 1
    assert row.due_at is None
    assert row.acknowledged_at is not None


def test_a_result_that_a_person_has_yet_to_mark_is_not_sent(course: Course) -> None:
    user_id = course.take(AMARA, "abd")
    with transaction(course.institution_id) as session:
        session.execute(update(Attempt).values(awaits_marking=True))

    work()

    assert course.held() == {}
    with transaction(course.institution_id) as session:
        assert session.scalar(select(DesiredScore.id)) is None
        session.execute(update(Attempt).values(awaits_marking=False))
    services.desire_score(course.institution_id, course.placement_id, user_id)
    work()
    assert course.held() == {AMARA: TWO}


def test_what_was_deleted_is_cleared_from_the_gradebook_and_comes_back(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abd")
    work()
    why = Why(audit.SYSTEM, "A test run")
    with transaction(course.institution_id) as session:
        [attempt] = list_attempts(session, course.placement_id)
        digest = try_deletion(session, course.placement_id, attempt.id).digest
    whole = (course.institution_id, course.placement_id, attempt.id)

    delete_attempt(*whole, why, digest=digest)
    later.move(seconds=5)
    work()

    assert course.held() == {AMARA: None}
    row = course.row(user_id)
    assert row.given is None
    assert row.due_at is None
    assert row.acknowledged_version == row.version == 2
    services.compare_column(course.institution_id, course.placement_id)
    with transaction(course.institution_id) as session:
        [score] = queries.list_scores(session, course.placement_id)
    assert score.state is SyncState.IN_GRADEBOOK
    assert not score.is_to_be_cleared
    restore_attempt(*whole, why)
    later.move(seconds=5)
    work()
    assert course.held() == {AMARA: TWO}


def test_nothing_is_cleared_where_nothing_was_sent(course: Course) -> None:
    course.take(AMARA, "abd")
    with transaction(course.institution_id) as session:
        [attempt] = list_attempts(session, course.placement_id)
        digest = try_deletion(session, course.placement_id, attempt.id).digest
    delete_attempt(
        course.institution_id,
        course.placement_id,
        attempt.id,
        Why(audit.SYSTEM, "A test run"),
        digest=digest,
    )

    work()

    assert course.held() == {}
    with transaction(course.institution_id) as session:
        assert session.scalar(select(DesiredScore.id)) is None


def test_a_zero_is_sent(course: Course) -> None:
    course.take(AMARA, "ddd")

    work()

    assert course.held() == {AMARA: NONE}


def test_a_score_survives_an_outage(course: Course, later: Later) -> None:
    course.site.campus.faults.change({"scores_status": 503})
    user_id = course.take(AMARA, "abc")
    for _ in range(6):
        work()
        later.move(hours=2)
    assert course.held() == {}
    row = course.row(user_id)
    assert row.tries >= 6
    assert row.last_status == 503
    assert row.refused_at is None

    course.site.campus.faults.clear()
    later.move(hours=1)
    work()

    assert course.held() == {AMARA: ALL}
    assert course.row(user_id).last_error is None


def test_an_outage_of_the_token_endpoint_is_the_same(course: Course, later: Later) -> None:
    course.site.campus.faults.change({"token_status": 500})
    user_id = course.take(AMARA, "abc")
    work()
    assert course.row(user_id).tries == 0, "the score itself was never tried"
    assert "gave no token" in (course.lane_row().last_error or "")

    course.site.campus.faults.clear()
    later.move(minutes=5)
    work()

    assert course.held() == {AMARA: ALL}


def test_a_score_that_was_stored_before_the_line_broke_is_not_doubled(
    course: Course, later: Later
) -> None:
    course.site.campus.faults.change({"scores_reset": True, "scores_remaining": 1})
    user_id = course.take(AMARA, "abc")
    work()
    first = course.row(user_id)
    assert first.last_error == "it ended the connection without an answer"
    assert course.held() == {AMARA: ALL}
    assert first.acknowledged_version == 0

    later.move(minutes=5)
    work()

    row = course.row(user_id)
    assert row.acknowledged_version == row.version
    assert row.timestamp == first.timestamp, "a resend reuses its timestamp"


def test_a_better_attempt_overwrites_and_a_worse_one_sends_nothing(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abd")
    work()
    later.move(seconds=2)
    course.take(AMARA, "abc")
    work()
    assert course.held() == {AMARA: ALL}
    version = course.row(user_id).version

    later.move(seconds=2)
    course.take(AMARA, "ddd")
    work()

    assert course.held() == {AMARA: ALL}
    assert course.row(user_id).version == version


def test_two_changes_within_a_second_get_different_timestamps(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now().replace(microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: now)
    user_id = course.take(AMARA, "abd")
    work()
    course.take(AMARA, "abc")
    work()
    row = course.row(user_id)
    assert course.held() == {AMARA: TWO}, "the second would be ahead of the clock"
    assert row.due_at == now + timedelta(seconds=1)

    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=1))
    work()

    assert course.held() == {AMARA: ALL}
    assert course.row(user_id).timestamp == now + timedelta(seconds=1)


def test_a_conflict_with_another_grade_allots_a_newer_timestamp(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abd")
    later.move_ours(seconds=9)  # our clock was ahead when the platform took this
    work()
    later.move_ours(seconds=-9)
    course.take(AMARA, "abc")
    with transaction(course.institution_id) as session:  # an older backup was restored
        session.execute(update(DesiredScore).values(timestamp=None))
    work()
    assert course.row(user_id).last_status == 409
    assert course.held() == {AMARA: TWO}

    later.move(seconds=60)
    work()

    assert course.held() == {AMARA: ALL}


# 403 is what a throttled request got from Canvas until 2025-10, in these words.
@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_stale_timestamp_is_no_refusal_while_the_gradebook_cannot_be_read(
    openedx_course: Course, later: Later, status: int
) -> None:
    course, faults = openedx_course, openedx_course.site.campus.faults
    faults.change({"scores_status": 503})
    user_id = course.take(AMARA, "abc")
    for _ in range(4):
        work()
        later.move(hours=1)
    faults.clear()
    # Stored, but the answer is lost; then the same score is stale, with the status of a refusal.
    faults.change({"scores_reset": True, "scores_remaining": 1, "results_status": status})
    for _ in range(4):
        work()
        later.move(hours=1)
    assert course.row(user_id).last_status == 400
    assert course.row(user_id).refused_at is None

    faults.clear()
    work()

    assert course.row(user_id).acknowledged_version == 1
    assert course.held() == {AMARA: ALL}


def test_a_token_for_results_that_was_revoked_is_replaced_before_a_conflict_is_judged(
    openedx_course: Course, later: Later
) -> None:
    course, faults = openedx_course, openedx_course.site.campus.faults
    course.take(LINH, "abc")
    work()
    services.compare_column(course.institution_id, course.placement_id)  # with a token of its own
    with course.site.campus.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM access_tokens WHERE :scope = ANY (scopes)"),
            {"scope": ags.RESULT_SCOPE},
        )
    later.move(minutes=1)
    # Stored, but the answer is lost; then the same score is stale.
    faults.change({"scores_reset": True, "scores_remaining": 1})
    user_id = course.take(AMARA, "abc")
    work()
    sent_at = course.row(user_id).timestamp
    later.move(minutes=1)
    work()

    row = course.row(user_id)
    assert (row.acknowledged_version, row.timestamp) == (1, sent_at)


def test_other_failures_before_a_conflict_do_not_make_it_a_refusal(
    openedx_course: Course, later: Later
) -> None:
    course, faults = openedx_course, openedx_course.site.campus.faults
    user_id = course.take(AMARA, "abc")
    work()
    faults.change({"scores_status": 503})
    store.override_grade(
        course.site.campus.engine, line_item_id=course.line_item_id, person_id=2, points=Decimal(1)
    )
    services.send_again(course.institution_id, course.placement_id, actor=audit.SYSTEM)
    for _ in range(4):
        work()
        later.move(hours=1)
    with transaction(course.institution_id) as session:
        # As after a restored backup: the platform has seen a timestamp that we do not know of.
        session.execute(update(DesiredScore).values(timestamp_version=DesiredScore.version))
        session.execute(
            update(DesiredScore).values(timestamp=DesiredScore.timestamp - timedelta(days=1))
        )
    faults.clear()
    for _ in range(3):
        work()
        later.move(hours=1)

    assert course.row(user_id).refused_at is None
    assert course.held() == {AMARA: ALL}


def test_a_learner_who_left_is_refused_with_the_platforms_reason_and_delays_nobody(
    course: Course,
) -> None:
    teacher = course.take(MIRELA, "abc")
    course.take(AMARA, "abc")

    work()

    row = course.row(teacher)
    assert row.refused_at is not None
    assert row.due_at is None
    assert row.last_status == 400
    assert MIRELA in (row.last_error or "")
    assert course.held() == {AMARA: ALL}


def test_a_refused_score_can_be_sent_again(course: Course) -> None:
    engine = course.site.campus.engine
    store.unenrol(engine, course_id=1, person_id=2)
    try:
        user_id = course.take(AMARA, "abc")
        work()
        assert course.row(user_id).refused_at is not None
    finally:
        store.enrol(engine, course_id=1, person_id=2, role="Learner")

    sent = services.send_again(course.institution_id, course.placement_id, actor=audit.CLI)
    work()

    assert sent == 1
    assert course.held() == {AMARA: ALL}
    with transaction(course.institution_id) as session:
        assert [entry.act for entry in audit.list_entries(session)] == ["resend_scores"]


def test_a_deleted_column_is_told_and_not_tried_again(course: Course) -> None:
    with course.site.campus.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM line_items WHERE id = :id"), {"id": course.line_item_id}
        )
    user_id = course.take(AMARA, "abc")

    work()

    row = course.row(user_id)
    assert row.refused_at is not None
    assert row.due_at is None
    assert row.last_status == 404


def test_a_token_that_was_revoked_is_replaced_at_once(course: Course, later: Later) -> None:
    course.take(LINH, "abc")
    work()
    with course.site.campus.engine.begin() as connection:
        connection.execute(text("DELETE FROM access_tokens"))

    course.take(AMARA, "abc")
    work()
    later.move(seconds=2)
    work()

    assert course.held() == {LINH: ALL, AMARA: ALL}


def test_nothing_is_sent_for_who_was_erased_whatever_is_asked_for(
    course: Course, later: Later
) -> None:
    user_id = course.take(AMARA, "abc")
    work()
    services.erase_scores(course.institution_id, [user_id])
    before = course.row(user_id)
    with course.site.campus.engine.begin() as connection:
        connection.execute(text("DELETE FROM scores"))
    later.move(minutes=5)

    services.compare_column(course.institution_id, course.placement_id)
    sent = services.send_again(course.institution_id, course.placement_id, actor=audit.SYSTEM)
    work()

    after = course.row(user_id)
    assert (sent, after.due_at, after.version) == (0, None, before.version)


def test_the_same_announcement_twice_and_out_of_order_changes_nothing(course: Course) -> None:
    user_id = course.take(AMARA, "abc")
    work()
    before = course.row(user_id)

    for _ in range(2):
        assert services.desire_score(course.institution_id, course.placement_id, user_id) is None

    assert course.row(user_id).version == before.version


def test_a_link_without_a_column_sends_nothing(course: Course) -> None:
    with transaction(course.institution_id) as session:
        session.execute(update(ResourceLink).values(line_item_url=""))
    user_id = course.user(AMARA)
    course.take(AMARA, "abc")

    assert services.desire_score(course.institution_id, course.placement_id, user_id) is None


def test_the_sync_page_says_how_each_score_stands(course: Course) -> None:
    course.take(AMARA, "abc")
    course.take(MIRELA, "abc")
    work()
    course.site.campus.faults.change({"scores_status": 500})
    course.take(LINH, "abd")
    work()
    course.take(INGRID, "abd")
    services.desire_score(course.institution_id, course.placement_id, course.user(INGRID))

    with transaction(course.institution_id) as session:
        rows = {row.user_name: row for row in queries.list_scores(session, course.placement_id)}

    assert {name: row.state for name, row in rows.items()} == {
        AMARA: SyncState.IN_GRADEBOOK,
        MIRELA: SyncState.REFUSED,
        LINH: SyncState.TRYING_AGAIN,
        INGRID: SyncState.ON_ITS_WAY,
    }
    assert isinstance(rows[LINH].next_try_at, datetime)
    assert rows[LINH].last_status == 500
