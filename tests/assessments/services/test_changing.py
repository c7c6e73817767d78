from dataclasses import dataclass
from datetime import timedelta

import pytest

from lti_tool.assessments import queries
from lti_tool.assessments.errors import AttemptClosedError, NotChangeableError
from lti_tool.assessments.rules import GRACE
from lti_tool.assessments.services import (
    Why,
    close_overdue,
    decide_late,
    grant_minutes,
    open_attempt,
    reopen_attempt,
    save_response,
    submit_attempt,
)
from lti_tool.core import audit
from lti_tool.core.audit import CLI
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, ItemVersionId, PlacementId, UserId
from tests.assessments.factories import (
    Page,
    University,
    Watch,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)
from tests.assessments.written import Written

pytestmark = pytest.mark.usefixtures("database")

WHY = Why(CLI, "The line was down")


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return stopped_clock(monkeypatch)


@dataclass(frozen=True, kw_only=True)
class Late:
    """An attempt that the clock has ended: question 1 is right, the answer to 2 came late."""

    place: University
    placement_id: PlacementId
    user_id: UserId
    attempt_id: AttemptId
    items: tuple[ItemVersionId, ...]
    page: Page

    def decide(self, *, take: bool, item: int = 1) -> None:
        decide_late(
            self.place.id, self.placement_id, self.attempt_id, self.items[item], WHY, take=take
        )

    def points(self) -> int:
        with transaction(self.place.id) as session:
            earned = queries.get_attempt(session, self.attempt_id).points_earned
            result = queries.find_result(session, self.placement_id, self.user_id)
        assert earned is not None
        assert result is not None
        assert result.points_earned == earned
        return int(earned)

    def waiting(self) -> int:
        with transaction(self.place.id) as session:
            return queries.count_late(session, self.placement_id).get(self.user_id, 0)


@pytest.fixture
def late(watch: Watch) -> Late:
    place = university()
    placement_id, user_id, page = placed(place, minutes=40), learner(place), Page()
    attempt_id = open_attempt(place.id, placement_id, user_id)
    items = form_of(place, attempt_id)
    save_response(place.id, attempt_id, page.save(items[0], "a"), user_id=user_id)
    watch.advance(minutes=41)
    watch.now += GRACE
    close_overdue()
    with pytest.raises(AttemptClosedError):
        save_response(place.id, attempt_id, page.save(items[1], "b"), user_id=user_id)
    return Late(
        place=place,
        placement_id=placement_id,
        user_id=user_id,
        attempt_id=attempt_id,
        items=tuple(items),
        page=page,
    )


def test_a_late_answer_that_is_taken_counts_and_is_noted(late: Late) -> None:
    assert (late.points(), late.waiting()) == (1, 1)

    late.decide(take=True)

    assert (late.points(), late.waiting()) == (2, 0)
    with transaction(late.place.id) as session:
        [entry] = audit.list_entries(session, object_kind="attempt", object_id=late.attempt_id)
    assert (entry.act, entry.reason) == ("take_late", "The line was down")


def test_a_late_answer_that_is_left_out_changes_nothing_and_waits_no_more(late: Late) -> None:
    late.decide(take=False)

    assert (late.points(), late.waiting()) == (1, 0)
    with pytest.raises(NotChangeableError):
        late.decide(take=True)


def test_another_answer_that_comes_late_has_to_be_decided_about_anew(late: Late) -> None:
    late.decide(take=True)

    with pytest.raises(AttemptClosedError):
        save_response(
            late.place.id,
            late.attempt_id,
            late.page.save(late.items[1], "c"),
            user_id=late.user_id,
        )

    assert (late.points(), late.waiting()) == (2, 1)


def test_only_what_came_late_there_can_be_decided_about(late: Late) -> None:
    elsewhere = placed(late.place)

    with pytest.raises(NotFoundError):
        late.decide(take=True, item=2)
    with pytest.raises(NotFoundError):
        decide_late(late.place.id, elsewhere, late.attempt_id, late.items[1], WHY, take=True)
    with pytest.raises(NotFoundError):
        decide_late(
            university().id, late.placement_id, late.attempt_id, late.items[1], WHY, take=True
        )


def test_more_minutes_and_opening_again_have_their_limits(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    first = open_attempt(place.id, placement_id, user_id)

    with pytest.raises(NotChangeableError):  # it has no end
        grant_minutes(place.id, placement_id, first, 5, WHY, had=0)
    with pytest.raises(NotChangeableError):  # it is open
        reopen_attempt(place.id, placement_id, first, 5, WHY)
    submit_attempt(place.id, first, user_id=user_id)
    second = open_attempt(place.id, placement_id, user_id)
    with pytest.raises(NotChangeableError):  # another is open
        reopen_attempt(place.id, placement_id, first, 5, WHY)
    submit_attempt(place.id, second, user_id=user_id)
    watch.now += timedelta(hours=1)
    reopen_attempt(place.id, placement_id, first, 5, WHY)

    with transaction(place.id) as session:
        attempt = queries.get_attempt(session, first)
    assert (attempt.submitted_at, attempt.closes_at) == (None, None)


def test_what_is_opened_again_waits_for_no_marks_until_it_has_ended_again() -> None:
    here = Written()
    user_id = learner(here.place)
    attempt_id, _ = here.hand_in("a", "So.", "", user_id=user_id)
    assert waits_for_marks(here, user_id)

    reopen_attempt(here.place.id, here.placement_id, attempt_id, 5, WHY)

    assert not waits_for_marks(here, user_id)
    submit_attempt(here.place.id, attempt_id, user_id=user_id)
    assert waits_for_marks(here, user_id)


def waits_for_marks(here: Written, user_id: UserId) -> bool:
    with transaction(here.place.id) as session:
        return queries.awaits_marking(session, here.placement_id, user_id)


def test_a_form_that_is_sent_twice_gives_the_minutes_once(watch: Watch) -> None:
    place = university()
    placement_id, user_id = placed(place, minutes=40), learner(place)
    attempt_id = open_attempt(place.id, placement_id, user_id)
    grant_minutes(place.id, placement_id, attempt_id, 10, WHY, had=0)

    with pytest.raises(NotChangeableError):
        grant_minutes(place.id, placement_id, attempt_id, 10, WHY, had=0)
    grant_minutes(place.id, placement_id, attempt_id, 5, WHY, had=10)

    with transaction(place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
    assert attempt.closes_at == watch.now + timedelta(minutes=55)
