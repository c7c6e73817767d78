from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.grading import rules
from lti_tool.grading.rules import Outcome, allot, delay, read_answer

NOW = datetime(2026, 3, 1, 12, 0, 5, 640_000, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def test_the_first_timestamp_is_now_in_whole_seconds() -> None:
    assert allot(NOW, None).value == NOW.replace(microsecond=0)


@given(now=INSTANTS, last=INSTANTS)
def test_a_timestamp_grows_by_a_second_and_is_never_sent_ahead_of_the_clock(
    now: datetime, last: datetime
) -> None:
    last = last.replace(microsecond=0)
    allotted = allot(now, last)

    assert allotted.value >= last + timedelta(seconds=1)
    assert allotted.value.microsecond == 0
    assert allotted.value <= max(now, allotted.not_before)
    assert allotted.not_before == allotted.value


def test_delays_double_to_an_hour_and_stay_there() -> None:
    seconds = [delay(tries).total_seconds() for tries in range(1, 12)]

    assert seconds[:4] == [15, 30, 60, 120]
    assert seconds[-1] == 3600
    assert delay(10_000) == timedelta(hours=1)


def test_a_crowd_is_spread_by_up_to_a_quarter() -> None:
    assert delay(1, spread=1.0) == delay(1) * 1.25


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.ACKNOWLEDGED),
        (204, Outcome.ACKNOWLEDGED),
        (302, Outcome.TEMPORARY),
        (400, Outcome.REFUSED),
        (401, Outcome.UNAUTHORIZED),
        (403, Outcome.REFUSED),
        (404, Outcome.COLUMN_GONE),
        (408, Outcome.TEMPORARY),
        (409, Outcome.CONFLICT),
        (410, Outcome.COLUMN_GONE),
        (422, Outcome.REFUSED),
        (429, Outcome.TEMPORARY),
        (500, Outcome.TEMPORARY),
        (503, Outcome.TEMPORARY),
    ],
)
def test_a_status_means_one_thing(status: int, outcome: Outcome) -> None:
    assert read_answer(status, {}, "", NOW).outcome is outcome


def test_canvas_403_for_its_rate_limit_passes() -> None:
    answer = read_answer(403, {}, "403 Forbidden (Rate Limit Exceeded)", NOW)

    assert answer.outcome is Outcome.TEMPORARY
    assert answer.retry_after == rules.FIRST_DELAY


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("0", timedelta()),
        ("99999999999999", timedelta(hours=6)),
        ("Sun, 01 Mar 2026 12:01:05 GMT", timedelta(seconds=59, milliseconds=360)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta()),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str, wait: timedelta | None) -> None:
    assert read_answer(503, {"Retry-After": header}, "", NOW).retry_after == wait


def test_a_reason_is_quoted_short_and_on_one_line() -> None:
    assert read_answer(400, {}, " No\n such  user" + "!" * 500, NOW).reason.startswith(
        "No such user!"
    )
    assert len(read_answer(400, {}, "x" * 500, NOW).reason) == 200


def test_a_web_page_is_no_reason() -> None:
    assert not read_answer(500, {}, "<!doctype html><h1>Oops</h1>", NOW).reason
