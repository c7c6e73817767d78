from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.errors import (
    AttemptClosedError,
    NoAttemptsLeftError,
    ResponseConflictError,
    UnknownItemError,
    UnreadableResponseError,
)
from lti_tool.assessments.events import AssessmentPassed, PlacementResultChanged
from lti_tool.assessments.models import Attempt, LateResponse
from lti_tool.assessments.rules import Policy, Verdict
from lti_tool.assessments.services import (
    close_overdue,
    open_attempt,
    save_response,
    save_responses,
    submit_attempt,
)
from lti_tool.core import outbox
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, ItemVersionId, PlacementId, UserId
from tests.assessments.factories import (
    START,
    Page,
    University,
    Watch,
    announced,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)

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


def begin(place: University, placement_id: PlacementId, user_id: UserId) -> AttemptId:
    return open_attempt(place.id, placement_id, user_id)


def answer(place: University, attempt_id: AttemptId, user_id: UserId, letters: str) -> None:
    """Answer the first questions by these letters; a space leaves one out."""
    page = Page()
    saves = [
        page.save(item, letter)
        for item, letter in zip(form_of(place, attempt_id), letters, strict=False)
        if letter != " "
    ]
    save_responses(place.id, attempt_id, saves, user_id=user_id)


def take(place: University, placement_id: PlacementId, user_id: UserId, letters: str) -> Attempt:
    attempt_id = begin(place, placement_id, user_id)
    answer(place, attempt_id, user_id, letters)
    return submit_attempt(place.id, attempt_id, user_id=user_id)


def saved_values(place: University, attempt_id: AttemptId) -> dict[ItemVersionId, str]:
    with transaction(place.id) as session:
        found = queries.list_responses(session, attempt_id)
    return {item: "".join(copy.value) for item, copy in found.items()}


def late_values(place: University, attempt_id: AttemptId) -> list[list[str]]:
    with transaction(place.id) as session:
        rows = session.scalars(select(LateResponse).where(LateResponse.attempt_id == attempt_id))
        return [row.value for row in rows]


def test_coming_back_finds_the_open_attempt() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)

    first = begin(place, placement_id, user_id)

    assert begin(place, placement_id, user_id) == first
    assert begin(place, placement_id, learner(place)) != first


def test_an_attempt_asks_the_editions_questions_in_order_and_knows_its_end(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place, keys="abc", minutes=40), learner(place)

    attempt_id = begin(place, placement_id, user_id)

    with transaction(place.id) as session:
        attempt = queries.get_attempt(session, attempt_id, of_user=user_id)
        form = queries.list_form(session, attempt)
    assert attempt.closes_at == watch.now + timedelta(minutes=40)
    assert [asked.number for asked in form] == [1, 2, 3]
    assert [asked.item.told([]).key for asked in form] == ["Answer A", "Answer B", "Answer C"]
    assert form[0].order == ("a", "b", "c", "d")


def test_when_all_attempts_are_used_no_other_begins() -> None:
    place = university()
    placement_id, user_id = placed(place, max_attempts=2), learner(place)
    assert take(place, placement_id, user_id, "").number == 1
    assert take(place, placement_id, user_id, "").number == 2

    with pytest.raises(NoAttemptsLeftError):
        begin(place, placement_id, user_id)


def test_answers_are_kept_as_they_were_last_saved(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    one, two, _ = form_of(place, attempt_id)
    page = Page()

    save_response(place.id, attempt_id, page.save(one, "b"), user_id=user_id)
    watch.advance(seconds=5)
    changed = save_response(place.id, attempt_id, page.save(one, "c"), user_id=user_id)
    save_response(place.id, attempt_id, page.save(two, "a", flagged=True), user_id=user_id)
    save_response(place.id, attempt_id, page.save(two, ""), user_id=user_id)

    assert saved_values(place, attempt_id) == {one: "c", two: ""}
    assert changed.stored is not None
    assert changed.stored.saved_at == START + timedelta(seconds=5)


def test_a_repeated_save_answers_as_the_first_time(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    save = Page().save(form_of(place, attempt_id)[0], "b")
    first = save_response(place.id, attempt_id, save, user_id=user_id)
    watch.advance(seconds=9)

    again = save_response(place.id, attempt_id, save, user_id=user_id)

    assert again.verdict is Verdict.SAME
    assert again.stored == first.stored


def test_an_older_save_of_the_page_is_ignored() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    item, page = form_of(place, attempt_id)[0], Page()
    older, newer = page.save(item, "b"), page.save(item, "c")
    save_response(place.id, attempt_id, newer, user_id=user_id)

    outcome = save_response(place.id, attempt_id, older, user_id=user_id)

    assert outcome.verdict is Verdict.OLDER
    assert saved_values(place, attempt_id) == {item: "c"}


def test_two_windows_that_disagree_are_told_and_nothing_is_overwritten() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    item = form_of(place, attempt_id)[0]
    left, right = Page(), Page()
    save_response(place.id, attempt_id, left.save(item, "b"), user_id=user_id)

    with pytest.raises(ResponseConflictError) as caught:
        save_response(place.id, attempt_id, right.save(item, "c"), user_id=user_id)

    assert caught.value.details["stored"]["value"] == ["b"]
    assert caught.value.details["stored"]["sequence"] == 1
    assert saved_values(place, attempt_id) == {item: "b"}
    right.seen[item] = 1  # having seen it, the learner decides
    save_response(place.id, attempt_id, right.save(item, "c"), user_id=user_id)
    assert saved_values(place, attempt_id) == {item: "c"}


def test_an_answer_must_fit_the_attempt() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    item, page = form_of(place, attempt_id)[0], Page()

    foreign = page.save(ItemVersionId(uuid4()), "a")
    with pytest.raises(UnknownItemError):
        save_response(place.id, attempt_id, foreign, user_id=user_id)
    one_wrong = [page.save(item, "a"), page.save(form_of(place, attempt_id)[1], "e")]
    with pytest.raises(UnreadableResponseError):
        save_responses(place.id, attempt_id, one_wrong, user_id=user_id)
    assert saved_values(place, attempt_id) == {}


def test_somebody_elses_attempt_is_not_found() -> None:
    place, other = university(), university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    save = Page().save(form_of(place, attempt_id)[0], "a")

    for institution_id, stranger in ((place.id, learner(place)), (other.id, user_id)):
        with pytest.raises(NotFoundError):
            save_response(institution_id, attempt_id, save, user_id=stranger)
        with pytest.raises(NotFoundError):
            submit_attempt(institution_id, attempt_id, user_id=stranger)
        with transaction(institution_id) as session, pytest.raises(NotFoundError):
            queries.get_attempt(session, attempt_id, of_user=stranger)


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


def test_one_save_is_not_repeated_for_another_question() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = begin(place, placement_id, user_id)
    one, two, _ = form_of(place, attempt_id)
    page = Page()
    save = page.save(one, "a")
    save_response(place.id, attempt_id, save, user_id=user_id)

    save_response(place.id, attempt_id, replace(save, item_version_id=two), user_id=user_id)

    assert saved_values(place, attempt_id) == {one: "a", two: "a"}
