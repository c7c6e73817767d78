from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from lti_tool.assessments import attention
from lti_tool.assessments.attention import MOST_WINDOWS, Window

NOON = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def window(page_id: UUID | None, opened: int, seen: int) -> Window:
    """Return one that was opened and last heard of so many minutes after noon."""
    return Window(page_id=page_id, opened_at=NOON + opened * MINUTE, seen_at=NOON + seen * MINUTE)


def test_what_pages_report_adds_up() -> None:
    first = attention.credited({}, {1: 20_000, 2: 5_000}, NOON, NOON + MINUTE)

    second = attention.credited(first, {2: 1_000}, NOON + MINUTE, NOON + 2 * MINUTE)

    assert second == {"1": 20_000, "2": 6_000}


@pytest.mark.parametrize("passed_ms", [10_000, 1, 0, -5_000])
def test_no_more_is_credited_than_has_passed_by_our_clock(passed_ms: int) -> None:
    at = NOON + timedelta(milliseconds=passed_ms)

    after = attention.credited({"1": 7}, {1: 30_000, 2: 10_000}, NOON, at)

    assert sum(after.values()) - 7 <= max(0, passed_ms)
    assert after == ({"1": 7_507, "2": 2_500} if passed_ms == 10_000 else {"1": 7})


def test_a_report_of_nothing_adds_nothing() -> None:
    assert attention.credited({"3": 9}, {}, NOON, NOON + MINUTE) == {"3": 9}


def test_windows_are_told_apart_by_their_page() -> None:
    left, right = uuid4(), uuid4()
    windows = attention.with_window([], left, NOON, NOON)

    windows = attention.with_window(windows, right, NOON + MINUTE, NOON + 2 * MINUTE)
    windows = attention.with_window(windows, left, NOON + 3 * MINUTE, NOON + 3 * MINUTE)

    assert windows == [window(left, 0, 3), window(right, 1, 2)]


def test_pages_without_scripts_are_one_window_while_they_follow_each_other() -> None:
    windows = attention.with_window([], None, NOON, NOON + 5 * MINUTE)

    windows = attention.with_window(windows, None, NOON + 5 * MINUTE, NOON + 20 * MINUTE)
    later = attention.with_window(windows, None, NOON + 120 * MINUTE, NOON + 121 * MINUTE)

    assert windows == [window(None, 0, 20)]
    assert later == [window(None, 0, 20), window(None, 120, 121)]


def test_the_latest_visit_without_scripts_goes_on() -> None:
    windows = [window(None, 0, 20), window(None, 120, 121)]

    after = attention.with_window(windows, None, NOON + 122 * MINUTE, NOON + 123 * MINUTE)

    assert after == [window(None, 0, 20), window(None, 120, 123)]


def test_nobody_fills_the_table_with_windows() -> None:
    windows: list[Window] = []
    for _ in range(MOST_WINDOWS + 20):
        windows = attention.with_window(windows, uuid4(), NOON, NOON)

    assert len(windows) == MOST_WINDOWS


def test_a_window_is_read_as_it_was_kept() -> None:
    for kept in (window(uuid4(), 0, 3), window(None, 1, 2)):
        assert attention.read_window(kept.to_json()) == kept
