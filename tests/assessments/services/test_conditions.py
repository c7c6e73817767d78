from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Conditions, Shown
from lti_tool.assessments.errors import (
    ImpossibleConditionsError,
    TooEarlyError,
    WindowClosedError,
)
from lti_tool.assessments.events import PlacementResultChanged
from lti_tool.assessments.queries import AttemptReview
from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services import (
    bind_placement,
    open_attempt,
    save_responses,
    set_accommodation,
    set_conditions,
    submit_attempt,
)
from lti_tool.core import audit, clock, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import InvalidRequestError, NotFoundError
from lti_tool.core.ids import AttemptId, PlacementId, UserId
from lti_tool.people.models import PersonUser
from lti_tool.people.services import person_of
from tests.assessments.factories import (
    START,
    Page,
    University,
    Watch,
    announced,
    course,
    form_of,
    learner,
    link,
    placed,
    stopped_clock,
    university,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return stopped_clock(monkeypatch)


@pytest.fixture
def place() -> University:
    return university()


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def teacher(place: University) -> Actor:
    return Actor("user", learner(place))


def set_to(
    place: University,
    placement_id: PlacementId,
    wanted: Conditions,
    policy: Policy = Policy.BEST,
) -> None:
    set_conditions(place.id, placement_id, wanted, policy=policy, actor=teacher(place))


def end_of(place: University, attempt_id: AttemptId) -> datetime | None:
    with transaction(place.id) as session:
        return queries.get_attempt(session, attempt_id).closes_at


def take(place: University, placement_id: PlacementId, user_id: UserId, letters: str) -> AttemptId:
    attempt_id = open_attempt(place.id, placement_id, user_id)
    page = Page()
    saves = [
        page.save(item, letter)
        for item, letter in zip(form_of(place, attempt_id), letters, strict=False)
    ]
    save_responses(place.id, attempt_id, saves, user_id=user_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)
    return attempt_id


def review(place: University, attempt_id: AttemptId, *, whole: bool = False) -> AttemptReview:
    with transaction(place.id) as session:
        return queries.attempt_review(session, attempt_id, at=clock.now(), whole=whole)


def test_attempts_begin_within_the_window_only(place: University, watch: Watch) -> None:
    placement_id = placed(place)
    set_to(place, placement_id, Conditions(opens_at=at(10), closes_at=at(20)))

    with pytest.raises(TooEarlyError) as early:
        open_attempt(place.id, placement_id, learner(place))
    watch.advance(minutes=10)
    attempt_id = open_attempt(place.id, placement_id, learner(place))
    watch.advance(minutes=10)
    with pytest.raises(WindowClosedError):
        open_attempt(place.id, placement_id, learner(place))

    assert early.value.until == at(10)
    assert end_of(place, attempt_id) == at(20)


def test_the_next_attempt_waits_for_the_cooldown(place: University, watch: Watch) -> None:
    placement_id, user_id = placed(place), learner(place)
    set_to(place, placement_id, Conditions(cooldown_minutes=30))
    take(place, placement_id, user_id, "")

    watch.advance(minutes=29)
    with pytest.raises(TooEarlyError):
        open_attempt(place.id, placement_id, user_id)
    watch.advance(minutes=1)

    open_attempt(place.id, placement_id, user_id)


def test_what_loosens_is_refused_and_changes_nothing(place: University) -> None:
    placement_id = placed(place, minutes=40)

    with pytest.raises(ImpossibleConditionsError) as refused:
        set_to(place, placement_id, Conditions(minutes=41, max_attempts=2))

    assert list(refused.value.details["problems"]) == ["minutes"]
    with transaction(place.id) as session:
        held = queries.conditions_of(session, queries.get_placement(session, placement_id))
    assert (held.minutes, held.max_attempts) == (40, None)


def test_nobody_sets_another_universitys_conditions(place: University) -> None:
    placement_id = placed(place)

    with pytest.raises(NotFoundError):
        set_to(university(), placement_id, Conditions())


def test_a_change_is_noted_with_what_it_set(place: University) -> None:
    placement_id = placed(place)

    set_to(place, placement_id, Conditions(max_attempts=2, closes_at=at(60)))

    with transaction(place.id) as session:
        [entry] = audit.list_entries(session, object_kind="placement", object_id=placement_id)
    assert entry.act == "set_conditions"
    assert entry.facts["max_attempts"] == 2


def test_a_longer_window_reaches_attempts_that_run_and_a_shorter_one_does_not(
    place: University, watch: Watch
) -> None:
    placement_id = placed(place, minutes=40)
    set_to(place, placement_id, Conditions(closes_at=at(30)))
    attempt_id = open_attempt(place.id, placement_id, learner(place))
    assert end_of(place, attempt_id) == at(30)

    set_to(place, placement_id, Conditions(closes_at=at(35)))
    longer = end_of(place, attempt_id)
    watch.advance(minutes=1)
    set_to(place, placement_id, Conditions(closes_at=at(10)))

    assert longer == at(35)
    assert end_of(place, attempt_id) == at(35)


def test_another_policy_changes_results_at_once(
    place: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(outbox._handlers, PlacementResultChanged.__name__, {"hear": print})
    placement_id, user_id = placed(place), learner(place)
    take(place, placement_id, user_id, "abc")
    take(place, placement_id, user_id, "abd")
    before = len(announced(PlacementResultChanged))

    set_to(place, placement_id, Conditions(), policy=Policy.LAST)

    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    assert result is not None
    assert result.points_earned == 2
    assert len(announced(PlacementResultChanged)) == before + 1


def more_time(place: University, user_id: UserId, factor: str = "1.5", minutes: int = 5) -> None:
    set_accommodation(
        place.id,
        user_id,
        factor=Decimal(factor),
        extra_minutes=minutes,
        actor=teacher(place),
    )


def test_more_time_is_set_once_for_every_course(place: University, watch: Watch) -> None:
    user_id = learner(place)
    more_time(place, user_id)

    ends = [
        end_of(place, open_attempt(place.id, placed(place, minutes=40), user_id)) for _ in range(2)
    ]

    assert ends == [watch.now + timedelta(minutes=65)] * 2


def test_more_time_holds_for_all_accounts_of_a_person_and_the_newest_counts(
    place: University, watch: Watch
) -> None:
    here, elsewhere = learner(place), learner(place)
    with transaction(place.id) as session:
        session.execute(
            insert(PersonUser).values(
                institution_id=tenant(),
                id=elsewhere,
                person_id=person_of(session, here),
                linked_at=clock.now(),
            )
        )
    more_time(place, here, "1.5", 0)
    watch.advance(seconds=1)
    more_time(place, elsewhere, "2", 0)

    attempt_id = open_attempt(place.id, placed(place, minutes=40), here)

    assert end_of(place, attempt_id) == watch.now + timedelta(minutes=80)


def test_more_time_reaches_an_attempt_that_runs_and_less_does_not(
    place: University, watch: Watch
) -> None:
    user_id, other = learner(place), learner(place)
    placement_id = placed(place, minutes=40)
    running = open_attempt(place.id, placement_id, user_id)
    others = open_attempt(place.id, placement_id, other)

    more_time(place, user_id, "2", 0)
    longer = end_of(place, running)
    more_time(place, user_id, "1", 0)

    assert longer == watch.now + timedelta(minutes=80)
    assert end_of(place, running) == longer
    assert end_of(place, others) == watch.now + timedelta(minutes=40)


@pytest.mark.parametrize(("factor", "minutes"), [("0.9", 0), ("5.1", 0), ("1", -1)])
def test_no_accommodation_is_too_large_or_takes_time_away(
    place: University, factor: str, minutes: int
) -> None:
    with pytest.raises(InvalidRequestError):
        more_time(place, learner(place), factor, minutes)


def test_nobody_gives_another_universitys_learner_more_time(place: University) -> None:
    with pytest.raises(NotFoundError):
        more_time(university(), learner(place))


def test_answers_are_shown_to_learners_when_the_window_is_over_for_everybody(
    place: University, watch: Watch
) -> None:
    placement_id, user_id, slow = placed(place, minutes=30), learner(place), learner(place)
    more_time(place, slow, "2", 0)
    set_to(
        place,
        placement_id,
        Conditions(closes_at=at(60), answers_shown=Shown.AFTER_WINDOW),
    )
    mine = take(place, placement_id, user_id, "abc")
    watch.advance(minutes=40)
    others = open_attempt(place.id, placement_id, slow)

    early = review(place, mine)
    staff = review(place, mine, whole=True)
    watch.advance(minutes=30)  # 70: the window is over, the slow one still works
    meanwhile = review(place, mine)
    submit_attempt(place.id, others, user_id=slow)
    late = review(place, mine)

    assert (early.shows_answers, early.shows_key, early.items) == (False, False, ())
    assert early.competencies
    assert len(staff.items) == 3
    assert not meanwhile.shows_answers
    assert (late.shows_answers, late.shows_key, len(late.items)) == (True, True, 3)


def test_a_copy_of_the_course_gets_the_rules_without_the_window(place: University) -> None:
    placement_id, context_id, other = placed(place), course(place), course(place)
    set_to(
        place,
        placement_id,
        Conditions(
            max_attempts=2,
            closes_at=at(60),
            feedback_shown=Shown.AFTER_WINDOW,
            key_shown=Shown.AFTER_WINDOW,
        ),
    )
    first, second = link(place, context_id), link(place, other)
    with transaction(place.id) as session:
        bind_placement(session, placement_id, first, context_id)
        copy = bind_placement(session, placement_id, second, other)
        held = queries.conditions_of(session, copy)

    assert (held.max_attempts, held.closes_at, held.key_shown) == (2, None, Shown.SETTLED)
    assert held.feedback_shown == Shown.SETTLED
