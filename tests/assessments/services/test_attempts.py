"""Beginning an attempt and saving its answers."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from lti_tool.assessments import queries
from lti_tool.assessments.errors import (
    NoAttemptsLeftError,
    ResponseConflictError,
    UnknownItemError,
    UnreadableResponseError,
)
from lti_tool.assessments.rules import Verdict
from lti_tool.assessments.services import save_response, save_responses, submit_attempt
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import ItemVersionId
from tests.assessments.factories import (
    START,
    Page,
    Watch,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)
from tests.assessments.services.taking import begin, saved_values, take

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return stopped_clock(monkeypatch)


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
