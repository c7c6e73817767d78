"""What happens at the same moment: real threads, real transactions, a database of their own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import case, create_engine, func, select, text, update
from sqlalchemy.pool import NullPool

from lti_tool.assessments import queries
from lti_tool.assessments.errors import AttemptClosedError, ResponseConflictError
from lti_tool.assessments.events import AssessmentPassed, PlacementResultChanged
from lti_tool.assessments.models import Attempt, LateResponse, Placement, Response
from lti_tool.assessments.services import (
    Why,
    bind_placement,
    close_overdue,
    open_attempt,
    reopen_attempt,
    save_response,
    submit_attempt,
)
from lti_tool.assessments.services.scoring import score_attempt
from lti_tool.core import clock, outbox
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.ids import ContextId, PlacementId, ResourceLinkId
from lti_tool.core.settings import Settings
from tests.assessments.factories import (
    Page,
    announced,
    course,
    form_of,
    learner,
    link,
    placed,
    university,
)
from tests.assessments.services.taking import answer, begin, take
from tests.helpers import wait_for_a_lock

pytestmark = pytest.mark.usefixtures("live_app", "_heard")

ROUNDS = 8


def hear(_event: object) -> None:
    """Stand in for whoever acts on an event, so that the outbox has a row to look at."""


@pytest.fixture
def _heard(live_app: object, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - subscribes first
    for name in (PlacementResultChanged.__name__, AssessmentPassed.__name__):
        monkeypatch.setitem(outbox._handlers, name, {"hear": hear})


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Start all at the same moment. Return what each returned or raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except (AttemptClosedError, ResponseConflictError) as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_tabs_that_begin_at_once_get_one_attempt() -> None:
    place = university()
    placement_id = placed(place, max_attempts=1)

    for _ in range(ROUNDS):
        user_id = learner(place)
        ids = at_once([partial(open_attempt, place.id, placement_id, user_id)] * 4)
        assert len(set(ids)) == 1

    with transaction(place.id) as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == ROUNDS


def test_a_save_is_either_scored_or_said_to_be_late() -> None:
    place = university()
    placement_id, user_id = placed(place, keys="a"), learner(place)
    seen = set()

    for _ in range(ROUNDS * 3):
        attempt_id = open_attempt(place.id, placement_id, user_id)
        [item] = form_of(place, attempt_id)
        save = Page().save(item, "a")
        outcome, _ = at_once(
            [
                partial(save_response, place.id, attempt_id, save, user_id=user_id),
                partial(submit_attempt, place.id, attempt_id, user_id=user_id),
            ]
        )
        with transaction(place.id) as session:
            attempt = queries.get_attempt(session, attempt_id)
            late = session.scalars(
                select(LateResponse).where(LateResponse.attempt_id == attempt_id)
            ).all()
        if isinstance(outcome, AttemptClosedError):
            seen.add("late")
            assert attempt.points_earned == 0
            assert [row.value for row in late] == [["a"]]
        else:
            seen.add("counted")
            assert attempt.points_earned == 1
            assert late == []

    assert seen  # which of the two comes first is the machine's choice


def test_a_double_click_submits_once() -> None:
    place = university()
    placement_id = placed(place, keys="a")

    for number in range(1, ROUNDS + 1):
        user_id = learner(place)
        attempt_id = open_attempt(place.id, placement_id, user_id)
        [item] = form_of(place, attempt_id)
        save_response(place.id, attempt_id, Page().save(item, "a"), user_id=user_id)

        at_once([partial(submit_attempt, place.id, attempt_id, user_id=user_id)] * 3)

        assert len(announced(AssessmentPassed)) == number
        assert len(announced(PlacementResultChanged)) == number


def test_learner_and_sweeper_end_an_attempt_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = university()
    placement_id = placed(place, keys="a", minutes=10)
    users = [learner(place) for _ in range(ROUNDS)]
    attempts = {user_id: open_attempt(place.id, placement_id, user_id) for user_id in users}
    later = clock.now() + timedelta(minutes=12)
    monkeypatch.setattr(clock, "now", lambda: later)

    at_once(
        [
            close_overdue,
            close_overdue,
            *(
                partial(submit_attempt, place.id, attempt_id, user_id=user_id)
                for user_id, attempt_id in list(attempts.items())[:2]
            ),
        ]
    )

    assert len(announced(PlacementResultChanged)) == ROUNDS
    with transaction(place.id) as session:
        assert queries.list_overdue(session, later) == []


def test_of_two_windows_one_is_stored_and_the_other_is_told() -> None:
    place = university()
    placement_id, user_id = placed(place, keys="a"), learner(place)

    for _ in range(ROUNDS):
        attempt_id = open_attempt(place.id, placement_id, user_id)
        [item] = form_of(place, attempt_id)
        saves = [Page().save(item, "a"), Page().save(item, "b")]
        outcomes = at_once(
            [partial(save_response, place.id, attempt_id, save, user_id=user_id) for save in saves]
        )
        told = [outcome for outcome in outcomes if isinstance(outcome, ResponseConflictError)]
        assert len(told) == 1
        with transaction(place.id) as session:
            [copy] = queries.list_responses(session, attempt_id).values()
        assert told[0].details["stored"]["value"] == list(copy.value)
        submit_attempt(place.id, attempt_id, user_id=user_id)


def test_a_result_counts_two_attempts_that_are_scored_at_once() -> None:
    place = university()
    placement_id, user_id = placed(place, keys="abc"), learner(place)
    first = take(place, placement_id, user_id, "ddd")
    rights = dict(zip(form_of(place, first.id), "abc", strict=True))
    second = begin(place, placement_id, user_id)
    answer(place, second, user_id, "a")
    scored = threading.Event()

    def score_first_anew() -> None:
        with transaction(place.id) as session:
            attempt = queries.get_attempt(session, first.id, lock=True)
            right = case(
                {item: func.jsonb_build_array(letter) for item, letter in rights.items()},
                value=Response.item_version_id,
            )
            session.execute(
                update(Response).where(Response.attempt_id == first.id).values(value=right)
            )
            score_attempt(session, place.id, attempt, clock.now())
            scored.set()
            wait_for_a_lock(session.connection())

    def submit_second() -> None:
        assert scored.wait(timeout=30)
        submit_attempt(place.id, second, user_id=user_id)

    at_once([score_first_anew, submit_second])

    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    assert result is not None
    assert result.points_earned == 3


def test_an_attempt_is_not_opened_again_while_its_learner_begins_another(
    live_settings: Settings,
) -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    first = take(place, placement_id, user_id, "abc")
    engine = create_engine(live_settings.database.url, poolclass=NullPool)
    tenant = text("SELECT set_config('app.institution_id', :id, true)")
    hold = text("SELECT id FROM users WHERE id = :id FOR NO KEY UPDATE")  # as who begins does
    whole = (place.id, placement_id, first.id)

    with engine.connect() as other, ThreadPoolExecutor(max_workers=1) as pool:
        other.execute(tenant, {"id": str(place.id)})
        other.execute(hold, {"id": user_id})
        reopened = pool.submit(reopen_attempt, *whole, 5, Why(SYSTEM, "The line broke."))
        wait_for_a_lock(other)
        other.rollback()
        reopened.result()

    assert begin(place, placement_id, user_id) == first.id


def test_a_class_that_launches_at_once_shares_one_placement_for_each_link() -> None:
    place = university()

    for _ in range(ROUNDS):
        placement_id, home, copy = placed(place), course(place), course(place)
        launched = [(link(place, home), home), (link(place, home), home), (link(place, copy), copy)]

        def launch(number: int) -> object:
            with transaction(place.id) as session:
                return bind_placement(session, placement_id, *launched[number]).id  # noqa: B023 - run at once

        ids = at_once([partial(launch, number) for number in (0, 1, 2, 0, 1, 2)])

        assert ids[:3] == ids[3:]
        assert len(set(ids)) == 3
        with transaction(place.id) as session:
            for found, (link_id, _) in zip(ids, launched, strict=False):
                bound = queries.find_placement_of_link(session, link_id)
                assert bound is not None
                assert bound.id == found


def test_two_tokens_at_once_on_one_link_leave_one_of_them_there() -> None:
    place = university()

    def launch(placement_id: PlacementId, link_id: ResourceLinkId, context_id: ContextId) -> object:
        with transaction(place.id) as session:
            return bind_placement(session, placement_id, link_id, context_id).copied_from_id

    for _ in range(ROUNDS):
        home, copy_id = course(place), course(place)
        placement_ids = [placed(place), placed(place)]
        for one in placement_ids:
            launch(one, link(place, home), home)
        link_id = link(place, copy_id)
        calls = [partial(launch, one, link_id, copy_id) for one in placement_ids * 3]

        assert at_once(calls) == placement_ids * 3
        assert at_once(calls) == placement_ids * 3
        with transaction(place.id) as session:
            copies = select(func.count()).where(Placement.context_id == copy_id)
            assert session.scalar(copies) == len(placement_ids)
