"""An attempt's end: by the learner, by the clock, too late."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lti_tool.assessments import queries
from lti_tool.assessments.errors import AttemptClosedError
from lti_tool.assessments.events import AssessmentPassed, PlacementResultChanged
from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services import close_overdue, save_response, submit_attempt
from lti_tool.core import outbox
from lti_tool.core.db import transaction
from tests.assessments.factories import (
    START,
    Page,
    Watch,
    announced,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)
from tests.assessments.services.taking import answer, begin, late_values, saved_values, take

pytestmark = pytest.mark.usefixtures("database", "_heard")


def hear(_event: object) -> None:
    """Stand in for whoever acts on an event, so that the outbox has a row to look at."""


@pytest.fixture
def _heard(database: object, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - subscribes first
    for name in (PlacementResultChanged.__name__, AssessmentPassed.__name__):
        monkeypatch.setitem(outbox._handlers, name, {"hear": hear})


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return stopped_clock(monkeypatch)


def test_submitting_scores_by_the_key_and_announces_the_pass(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place, keys="abc"), learner(place)

    attempt = take(place, placement_id, user_id, "abd")

    assert (attempt.points_earned, attempt.points_possible, attempt.passed) == (
        Decimal(2),
        Decimal(3),
        True,
    )
    assert (attempt.submitted_at, attempt.ended_by) == (watch.now, "learner")
    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
        assert result is not None
        assert (result.points_earned, result.points_possible, result.version) == (
            Decimal(2),
            Decimal(3),
            1,
        )
        assessment_id = queries.get_edition(session, attempt.edition_id).assessment_id
    assert announced(PlacementResultChanged) == [
        {
            "institution_id": str(place.id),
            "placement_id": str(placement_id),
            "user_id": str(user_id),
            "version": 1,
        }
    ]
    assert announced(AssessmentPassed) == [
        {
            "institution_id": str(place.id),
            "placement_id": str(placement_id),
            "edition_id": str(attempt.edition_id),
            "assessment_id": str(assessment_id),
            "user_id": str(user_id),
            "attempt_id": str(attempt.id),
            "passed_at": "2027-03-16T12:00:00Z",
        }
    ]


def test_a_failed_attempt_changes_the_result_and_passes_nothing() -> None:
    place = university()
    placement_id, user_id = placed(place, keys="abc"), learner(place)

    attempt = take(place, placement_id, user_id, "a d")

    assert (attempt.points_earned, attempt.passed) == (Decimal(1), False)
    assert len(announced(PlacementResultChanged)) == 1
    assert announced(AssessmentPassed) == []


def test_a_blank_attempt_is_a_zero_and_announced() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)

    attempt = take(place, placement_id, user_id, "")

    assert (attempt.points_earned, attempt.passed) == (Decimal(0), False)
    assert len(announced(PlacementResultChanged)) == 1


def test_submitting_twice_is_one_submission(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    first = take(place, placement_id, user_id, "abc")
    watch.advance(minutes=1)

    second = submit_attempt(place.id, first.id, user_id=user_id)

    assert second.submitted_at == first.submitted_at
    assert len(announced(PlacementResultChanged)) == 1
    assert len(announced(AssessmentPassed)) == 1


def test_the_result_changes_its_version_only_when_it_is_another() -> None:
    place = university()
    placement_id, user_id = placed(place, keys="abc"), learner(place)

    for letters in ("abd", "add", "abd", "abc"):
        take(place, placement_id, user_id, letters)

    assert [event["version"] for event in announced(PlacementResultChanged)] == [1, 2]
    assert len(announced(AssessmentPassed)) == 3
    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    assert result is not None
    assert (result.points_earned, result.version) == (Decimal(3), 2)


@pytest.mark.parametrize(
    ("policy", "points"),
    [(Policy.FIRST, "1"), (Policy.LAST, "2"), (Policy.BEST, "3"), (Policy.AVERAGE, "2")],
)
def test_the_placements_policy_makes_the_result(policy: Policy, points: str) -> None:
    place = university()
    placement_id, user_id = placed(place, keys="abc", policy=policy), learner(place)

    for letters in ("add", "abc", "abd"):
        take(place, placement_id, user_id, letters)

    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    assert result is not None
    assert result.points_earned == Decimal(points)
    assert len(announced(AssessmentPassed)) == 2


def test_saves_count_until_the_grace_is_over_and_are_kept_apart_after(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place, minutes=40), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    one, two, three = form_of(place, attempt_id)
    page = Page()
    watch.advance(minutes=40, seconds=60)
    save_response(place.id, attempt_id, page.save(one, "a"), user_id=user_id)
    watch.advance(seconds=1)

    for save in (page.save(two, "b"), page.save(one, "d")):
        with pytest.raises(AttemptClosedError):
            save_response(place.id, attempt_id, save, user_id=user_id)
    nothing_lost = page.save(three, "")
    save_response(place.id, attempt_id, nothing_lost, user_id=user_id)

    assert saved_values(place, attempt_id) == {one: "a"}
    assert sorted(late_values(place, attempt_id)) == [["b"], ["d"]]


def test_what_comes_after_handing_in_is_kept_apart_and_changes_no_points() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    one, two, _ = form_of(place, attempt_id)
    page = Page()
    in_time = page.save(one, "a")
    save_response(place.id, attempt_id, in_time, user_id=user_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)

    save_response(place.id, attempt_id, in_time, user_id=user_id)  # its answer got lost
    with pytest.raises(AttemptClosedError):
        save_response(place.id, attempt_id, page.save(two, "b"), user_id=user_id)

    assert saved_values(place, attempt_id) == {one: "a"}
    assert late_values(place, attempt_id) == [["b"]]


def test_the_sweeper_ends_what_is_over_from_what_was_saved(watch: Watch) -> None:
    place, other = university(), university()
    placement_id, user_id = placed(place, keys="abc", minutes=40), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    answer(place, attempt_id, user_id, "ab")
    elsewhere, somebody = placed(other, minutes=10), learner(other)
    begin(other, elsewhere, somebody)
    unlimited = begin(place, placed(place), user_id)
    watch.advance(minutes=40, seconds=60)

    assert close_overdue() == 1  # the other university's
    watch.advance(seconds=1)
    assert close_overdue() == 1
    assert close_overdue() == 0

    with transaction(place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
        assert queries.get_attempt(session, unlimited).submitted_at is None
    assert (attempt.points_earned, attempt.passed, attempt.ended_by) == (
        Decimal(2),
        True,
        "clock",
    )
    assert attempt.submitted_at == START + timedelta(minutes=40)
    assert len(announced(PlacementResultChanged)) == 2


def test_submitting_after_the_grace_is_the_clocks_ending(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place, minutes=40), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    watch.advance(minutes=42)

    attempt = submit_attempt(place.id, attempt_id, user_id=user_id)

    assert attempt.ended_by == "clock"
    assert attempt.submitted_at == START + timedelta(minutes=40)


def test_coming_back_too_late_shows_the_attempt_that_ended_before_another_begins(
    watch: Watch,
) -> None:
    place = university()
    placement_id, user_id = placed(place, minutes=40), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    watch.advance(minutes=42)

    assert begin(place, placement_id, user_id) == attempt_id
    with transaction(place.id) as session:
        assert queries.get_attempt(session, attempt_id).ended_by == "clock"
    assert begin(place, placement_id, user_id) != attempt_id
