"""How long questions were in view, and what happened to an attempt, as staff may read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from lti_tool.assessments import queries
from lti_tool.assessments.attention import Report
from lti_tool.assessments.queries import Happening, TimelineEntry
from lti_tool.assessments.rules import GRACE
from lti_tool.assessments.services import (
    Why,
    close_overdue,
    decide_late,
    erase_answers,
    grant_minutes,
    note_attention,
    open_attempt,
    reopen_attempt,
    save_responses,
    submit_attempt,
)
from lti_tool.core.audit import CLI
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, PlacementId, UserId
from tests.assessments.factories import (
    START,
    Page,
    University,
    Watch,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)

pytestmark = pytest.mark.usefixtures("database")

WHY = Why(CLI, "The line was down")


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return stopped_clock(monkeypatch)


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """An attempt of forty minutes that has begun, of three questions."""

    place: University
    placement_id: PlacementId
    user_id: UserId
    attempt_id: AttemptId

    def tell(self, page_id: UUID | None, **seconds: int) -> None:
        """Report what a window has shown: q1=20."""
        shown = {int(name[1:]): number * 1000 for name, number in seconds.items()}
        note_attention(
            self.place.id,
            self.attempt_id,
            Report(page_id=page_id, shown_ms=shown),
            user_id=self.user_id,
        )

    def seconds(self) -> list[float]:
        """Return how long each question was in view, in the form's order."""
        with transaction(self.place.id) as session:
            attempt = queries.get_attempt(session, self.attempt_id)
            found = queries.time_by_item(session, attempt)
        asked = form_of(self.place, self.attempt_id)
        return [found[item].total_seconds() if item in found else 0 for item in asked]

    def timeline(self) -> Sequence[TimelineEntry]:
        with transaction(self.place.id) as session:
            attempt = queries.get_attempt(session, self.attempt_id)
            return queries.attempt_timeline(session, attempt)


@pytest.fixture
def sitting(watch: Watch) -> Sitting:
    assert watch.now == START
    place = university()
    placement_id, user_id = placed(place, minutes=40), learner(place)
    return Sitting(
        place=place,
        placement_id=placement_id,
        user_id=user_id,
        attempt_id=open_attempt(place.id, placement_id, user_id),
    )


def test_time_adds_up_by_question_and_never_to_more_than_passed(
    sitting: Sitting, watch: Watch
) -> None:
    page = uuid4()
    assert sitting.seconds() == [0, 0, 0]
    watch.advance(seconds=60)
    sitting.tell(page, q1=40, q2=10)
    watch.advance(seconds=30)

    sitting.tell(page, q2=600, q3=600, q4=99)

    assert sitting.seconds() == [40, 25, 15]


def test_two_windows_share_the_time_that_passed(sitting: Sitting, watch: Watch) -> None:
    watch.advance(seconds=60)
    sitting.tell(uuid4(), q1=60)

    sitting.tell(uuid4(), q1=60)

    assert sitting.seconds() == [60, 0, 0]


def test_of_an_attempt_that_has_ended_nothing_is_noted(sitting: Sitting, watch: Watch) -> None:
    watch.advance(minutes=1)
    submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)

    sitting.tell(uuid4(), q1=30)

    assert sitting.seconds() == [0, 0, 0]


def test_nobody_reports_of_somebody_elses_attempt(sitting: Sitting) -> None:
    with pytest.raises(NotFoundError):
        note_attention(
            sitting.place.id,
            sitting.attempt_id,
            Report(page_id=uuid4(), shown_ms={1: 1}),
            user_id=learner(sitting.place),
        )
    with pytest.raises(NotFoundError):
        note_attention(
            university().id,
            sitting.attempt_id,
            Report(page_id=uuid4(), shown_ms={1: 1}),
            user_id=sitting.user_id,
        )


def test_what_was_in_view_goes_with_the_answers(sitting: Sitting, watch: Watch) -> None:
    watch.advance(minutes=1)
    sitting.tell(uuid4(), q1=30)
    submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)

    erase_answers(sitting.place.id, [sitting.user_id])

    assert sitting.seconds() == [0, 0, 0]


def test_a_timeline_has_all_that_happened_in_order(sitting: Sitting, watch: Watch) -> None:
    items, page, first, second = form_of(sitting.place, sitting.attempt_id), Page(), *_ids(2)
    sitting.tell(first)
    watch.advance(minutes=2, seconds=10)
    saves = [page.save(items[0], "a"), page.save(items[2], "c")]
    save_responses(sitting.place.id, sitting.attempt_id, saves, user_id=sitting.user_id)
    sitting.tell(first)
    watch.advance(minutes=10)
    sitting.tell(second)  # the first was closed long ago
    grant_minutes(sitting.place.id, sitting.placement_id, sitting.attempt_id, 5, WHY, had=0)
    watch.now = START + timedelta(minutes=45) + GRACE + timedelta(seconds=1)
    close_overdue()
    late = [page.save(items[1], "b")]
    save_responses(sitting.place.id, sitting.attempt_id, late, user_id=sitting.user_id)
    watch.advance(minutes=5)
    decide_late(
        sitting.place.id, sitting.placement_id, sitting.attempt_id, items[1], WHY, take=False
    )
    watch.advance(minutes=5)
    reopen_attempt(sitting.place.id, sitting.placement_id, sitting.attempt_id, 10, WHY)
    watch.advance(minutes=1)
    submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)

    told = sitting.timeline()

    assert [entry.kind for entry in told] == [
        Happening.STARTED,
        Happening.SAVED,
        Happening.RESUMED,
        Happening.MORE_TIME,
        Happening.TIME_UP,
        Happening.LATE,
        Happening.LATE_LEFT,
        Happening.REOPENED,
        Happening.SUBMITTED,
    ]
    by_kind = {entry.kind: entry for entry in told}
    assert by_kind[Happening.SAVED].numbers == (1, 3)
    assert by_kind[Happening.LATE].numbers == (2,)
    assert by_kind[Happening.MORE_TIME].minutes == 5
    assert by_kind[Happening.REOPENED].reason == "The line was down"
    assert by_kind[Happening.TIME_UP].at == START + timedelta(minutes=45)


def test_a_window_beside_another_is_told(sitting: Sitting, watch: Watch) -> None:
    left, right = _ids(2)
    sitting.tell(left)
    watch.advance(minutes=1)
    sitting.tell(right)
    watch.advance(minutes=1)
    sitting.tell(left)
    sitting.tell(right)

    [_, beside] = sitting.timeline()

    assert beside.kind is Happening.BESIDE
    assert (beside.at, beside.until) == (
        START + timedelta(minutes=1),
        START + timedelta(minutes=2),
    )


def _ids(number: int) -> list[UUID]:
    return [uuid4() for _ in range(number)]
