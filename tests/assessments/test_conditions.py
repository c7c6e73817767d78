from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.assessments import conditions
from lti_tool.assessments.conditions import (
    Allowance,
    Bar,
    Barred,
    Conditions,
    Limits,
    Shown,
    barred,
    ends_at,
    problems,
    strictest,
)

NOON = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)
GRACE = timedelta(seconds=60)
HOUR = timedelta(hours=1)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


any_wanted = st.builds(
    Conditions,
    minutes=st.none() | st.integers(1, 100),
    max_attempts=st.none() | st.integers(1, 9),
    cooldown_minutes=st.integers(0, 100),
    answers_shown=st.sampled_from(Shown),
    feedback_shown=st.sampled_from(Shown),
    key_shown=st.sampled_from(Shown),
)
any_limits = st.builds(
    Limits,
    minutes=st.none() | st.integers(1, 100),
    max_attempts=st.none() | st.integers(1, 9),
    cooldown_minutes=st.integers(0, 100),
    answers_shown=st.sampled_from(Shown),
    feedback_shown=st.sampled_from(Shown),
    key_shown=st.sampled_from(Shown),
)


@given(any_limits, any_wanted)
def test_whatever_a_placement_wants_nothing_is_looser_than_its_edition(
    limits: Limits, wanted: Conditions
) -> None:
    held = strictest(limits, wanted)

    if limits.minutes is not None:
        assert held.minutes is not None
        assert held.minutes <= limits.minutes
    if limits.max_attempts is not None:
        assert held.max_attempts is not None
        assert held.max_attempts <= limits.max_attempts
    assert held.cooldown_minutes >= limits.cooldown_minutes
    assert held.answers_shown.strictness >= limits.answers_shown.strictness
    assert held.feedback_shown.strictness >= limits.feedback_shown.strictness
    assert held.feedback_shown.strictness >= wanted.feedback_shown.strictness
    assert held.feedback_shown.strictness >= held.answers_shown.strictness
    assert held.key_shown.strictness >= limits.key_shown.strictness
    assert held.key_shown.strictness >= held.answers_shown.strictness


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Conditions(minutes=41), "minutes"),
        (Conditions(max_attempts=3), "max_attempts"),
        (Conditions(cooldown_minutes=59), "cooldown_minutes"),
        (Conditions(opens_at=NOON, closes_at=NOON), "closes_at"),
        (Conditions(answers_shown=Shown.AFTER_WINDOW), "answers_shown"),
        (Conditions(feedback_shown=Shown.AFTER_WINDOW), "feedback_shown"),
        (Conditions(key_shown=Shown.AFTER_WINDOW), "key_shown"),
    ],
)
def test_what_is_looser_or_cannot_be_is_named(wanted: Conditions, field: str) -> None:
    limits = Limits(minutes=40, max_attempts=2, cooldown_minutes=60)

    assert [problem.field for problem in problems(limits, wanted)] == [field]


def test_what_tightens_or_leaves_all_as_it_is_has_no_problem() -> None:
    limits = Limits(minutes=40, max_attempts=2, cooldown_minutes=60)

    assert not problems(limits, Conditions())
    assert not problems(limits, Conditions(minutes=40, max_attempts=2, cooldown_minutes=60))
    assert not problems(limits, Conditions(minutes=39, max_attempts=1, cooldown_minutes=90))
    assert not problems(Limits(), Conditions(minutes=1, max_attempts=1, cooldown_minutes=1))
    assert not problems(
        limits, Conditions(opens_at=NOON, closes_at=at(1), key_shown=Shown.AFTER_WINDOW)
    )


WINDOW = Conditions(opens_at=at(0), closes_at=at(60), max_attempts=2, cooldown_minutes=10)


@pytest.mark.parametrize(
    ("minute", "used", "ended", "expected"),
    [
        (-1, 0, None, Barred(why=Bar.NOT_YET, until=at(0))),
        (0, 0, None, None),
        (59.9, 0, None, None),
        (60, 0, None, Barred(why=Bar.CLOSED, until=None)),
        (20, 1, 15, Barred(why=Bar.COOLING, until=at(25))),
        (25, 1, 15, None),
        (51, 1, 50, Barred(why=Bar.CLOSED, until=None)),
        (20, 2, 5, Barred(why=Bar.USED_UP, until=None)),
    ],
)
def test_when_an_attempt_may_begin(
    minute: float, used: int, ended: float | None, expected: Barred | None
) -> None:
    last_ended_at = None if ended is None else at(ended)

    assert barred(WINDOW, at(minute), used=used, last_ended_at=last_ended_at) == expected


def test_without_conditions_anybody_begins_at_any_time() -> None:
    assert barred(Conditions(), NOON, used=99, last_ended_at=NOON) is None


@pytest.mark.parametrize(
    ("begun", "allowance", "held", "minute"),
    [
        (0, Allowance(minutes=None), Conditions(), None),
        (0, Allowance(minutes=40), Conditions(), 40),
        (0, Allowance(minutes=40), Conditions(closes_at=at(60)), 40),
        (30, Allowance(minutes=40), Conditions(closes_at=at(60)), 60),
        (30, Allowance(minutes=None), Conditions(closes_at=at(60)), 60),
        (0, Allowance(minutes=40, factor=Decimal("1.5")), Conditions(), 60),
        (0, Allowance(minutes=40, factor=Decimal("1.25"), extra_minutes=5), Conditions(), 55),
        (0, Allowance(minutes=40, granted_minutes=7), Conditions(), 47),
        # Extra time is not cut by the window, unless the placement says so.
        (30, Allowance(minutes=40, factor=Decimal("1.5")), Conditions(closes_at=at(60)), 80),
        (30, Allowance(minutes=None, extra_minutes=15), Conditions(closes_at=at(60)), 75),
        (
            30,
            Allowance(minutes=40, factor=Decimal("1.5")),
            Conditions(closes_at=at(60), cuts_extra_time=True),
            60,
        ),
        (
            0,
            Allowance(minutes=30, factor=Decimal("1.5")),
            Conditions(closes_at=at(60), cuts_extra_time=True),
            45,
        ),
    ],
)
def test_when_an_attempts_time_is_up(
    begun: float, allowance: Allowance, held: Conditions, minute: float | None
) -> None:
    assert ends_at(at(begun), allowance, held) == (None if minute is None else at(minute))


@given(st.integers(1, 600), st.decimals(1, 5, places=2), st.integers(0, 120), st.integers(0, 600))
def test_nobody_with_more_time_ends_before_the_others(
    minutes: int, factor: Decimal, extra: int, closes: int
) -> None:
    held = Conditions(closes_at=at(closes))
    everybody = ends_at(NOON, Allowance(minutes=minutes), held)
    longer = ends_at(NOON, Allowance(minutes=minutes, factor=factor, extra_minutes=extra), held)

    assert everybody is not None
    assert longer is not None
    assert longer >= everybody


def test_the_minutes_of_an_attempt_are_whole_ones() -> None:
    allowance = Allowance(minutes=45, factor=Decimal("1.25"), extra_minutes=3, granted_minutes=2)

    assert allowance.extra == timedelta(minutes=16, seconds=15)
    assert allowance.total_minutes == 61


def test_more_of_no_limit_is_no_limit() -> None:
    allowance = Allowance(minutes=None, factor=Decimal(2))

    assert allowance.extra == timedelta()
    assert allowance.total_minutes is None


def test_what_was_promised_is_not_taken_back() -> None:
    assert conditions.renewed_end(at(40), at(60)) == at(60)
    assert conditions.renewed_end(at(40), at(20)) == at(40)
    assert conditions.renewed_end(at(40), None) is None
    assert conditions.renewed_end(None, at(20)) == at(20)


@pytest.mark.parametrize(
    ("when", "settled", "over", "shown"),
    [
        (Shown.AT_ONCE, False, False, True),
        (Shown.SETTLED, False, False, False),
        (Shown.SETTLED, True, False, True),
        (Shown.SETTLED, False, True, True),
        (Shown.AFTER_WINDOW, True, False, False),
        (Shown.AFTER_WINDOW, False, True, True),
        (Shown.NEVER, True, True, False),
    ],
)
def test_when_something_is_shown(
    when: Shown,
    settled: bool,  # noqa: FBT001 - a parameter
    over: bool,  # noqa: FBT001 - a parameter
    shown: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert conditions.is_shown(when, is_settled=settled, is_window_over=over) is shown


@pytest.mark.parametrize(
    ("minute", "open_until", "over"),
    [
        (60, [], False),
        (61, [], False),
        (61.1, [], True),
        (70, [75], False),
        (75.5, [75], False),
        (76.5, [75, 70], True),
        (999, [None], False),
    ],
)
def test_a_window_is_over_when_nobody_can_be_at_work_any_more(
    minute: float,
    open_until: list[float | None],
    over: bool,  # noqa: FBT001 - a parameter
) -> None:
    ends = [None if end is None else at(end) for end in open_until]

    assert conditions.is_window_over(Conditions(closes_at=at(60)), ends, at(minute), GRACE) is over
    assert not conditions.is_window_over(Conditions(), ends, at(minute), GRACE)
