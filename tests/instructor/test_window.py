"""Times that are typed by a clock mean one instant, and what was not changed stays what it is."""

from datetime import UTC, datetime

import pytest

from lti_tool.core import zones
from lti_tool.instructor.window import Window

BERLIN = zones.find("Europe/Berlin")
assert BERLIN is not None
# Each 02:30 in Berlin: clocks go back there an hour in between.
TWINS = (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 1, 30, tzinfo=UTC))


def test_what_is_typed_is_by_the_clock_of_the_forms_zone() -> None:
    typed = ("2027-03-27T09:00", "2027-03-29 17:30")  # clocks go forward in between

    assert Window(*typed, "Europe/Berlin").read() == (
        datetime(2027, 3, 27, 8, tzinfo=UTC),
        datetime(2027, 3, 29, 15, 30, tzinfo=UTC),
        {},
    )
    assert Window(*typed, "UTC").read()[0] == datetime(2027, 3, 27, 9, tzinfo=UTC)


@pytest.mark.parametrize("held", [*TWINS, datetime(2027, 3, 16, 17, 0, 59, 999, tzinfo=UTC)])
@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kathmandu"])
def test_what_was_left_as_it_was_shown_stays_to_the_second(held: datetime, name: str) -> None:
    zone = zones.find(name)
    assert zone is not None

    opens, closes, wrong = Window.of(held, held, zone).read(held, held)

    assert (opens, closes, wrong) == (held, held, {})


def test_of_an_hour_that_comes_twice_nobody_loses_time() -> None:
    opens, closes, _ = Window("2027-10-31T02:30", "2027-10-31T02:30", "Europe/Berlin").read()

    assert (opens, closes) == TWINS


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("2027-03-28T02:30", "clocks go forward that day"),
        ("soon", "Enter a day and a time"),
        ("0027-03-16T09:00", "Enter a day and a time"),
        ("9999-12-31T23:59", "Enter a day and a time"),
    ],
)
def test_what_no_clock_there_shows_is_told(typed: str, told: str) -> None:
    opens, _, wrong = Window(typed, "", "Europe/Berlin").read()

    assert opens is None
    assert list(wrong) == ["opens_at"]
    assert told in wrong["opens_at"]


def test_an_empty_field_is_no_time() -> None:
    assert Window("", "", "Europe/Berlin").read(*TWINS) == (None, None, {})
