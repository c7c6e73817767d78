"""Time zones by name, and what a clock on a wall there means on the days when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lti_tool.core import zones
from lti_tool.core.language import ENGLISH, language
from lti_tool.core.speaking import Zones

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "name", [None, "", "Europe", "../UTC", "/etc/passwd", "Mars/Base", "x" * 65, "é", "a\0b"]
)
def test_what_is_no_zone_is_none(name: str | None) -> None:
    assert zones.find(name) is None


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Calcutta", "Asia/Kolkata"])
def test_a_zone_has_the_name_it_was_found_by(name: str) -> None:
    zone = zones.find(name)

    assert zone is not None
    assert zones.name_of(zone) == name


@pytest.mark.parametrize(
    ("name", "english", "german"),
    [
        ("UTC", "UTC", "UTC"),
        ("Asia/Tokyo", "Tokyo time", "Zeit in Tokio"),
        ("Asia/Calcutta", "Kolkata time", "Zeit in Kolkata"),
        ("EST5EDT", "EST5EDT time", "Zeit in EST5EDT"),
    ],
)
def test_a_zone_is_told_by_its_town(name: str, english: str, german: str) -> None:
    zone = zones.find(name)
    assert zone is not None

    assert zones.words(zone, ENGLISH) == english
    reader = language("de")
    assert reader.say(zones.words(zone, reader)) == german


def test_there_is_a_zone_to_choose_for_everybody_and_each_can_be_found() -> None:
    areas = dict(zones.options(ENGLISH, datetime(2027, 7, 1, 12, tzinfo=UTC)))

    assert ("Europe/Berlin", "Berlin (UTC+2)") in areas["Europe"]
    assert ("America/New_York", "New York (UTC\u22124)") in areas["America"]
    assert ("Asia/Kolkata", "Kolkata (UTC+5:30)") in areas["Asia"]
    assert all(zones.find(name) for places in areas.values() for name, _ in places)


def test_in_winter_the_same_places_are_as_far_as_then() -> None:
    areas = dict(zones.options(ENGLISH, datetime(2027, 1, 1, 12, tzinfo=UTC)))

    assert ("Europe/Berlin", "Berlin (UTC+1)") in areas["Europe"]


def test_the_hour_that_comes_twice_is_the_first_or_the_second_as_it_is_meant() -> None:
    twice = datetime(2027, 10, 31, 2, 30)  # noqa: DTZ001 - as it is typed

    first = zones.instant_at(twice, BERLIN, later=False)
    second = zones.instant_at(twice, BERLIN, later=True)

    assert first == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert second == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("later", [False, True])
def test_the_hour_that_never_comes_is_none(later: bool) -> None:  # noqa: FBT001 - a parameter
    assert zones.instant_at(datetime(2027, 3, 28, 2, 30), BERLIN, later=later) is None  # noqa: DTZ001
    assert zones.instant_at(datetime(2027, 3, 14, 2, 0), NEW_YORK, later=later) is None  # noqa: DTZ001


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]
)
def test_what_a_clock_shows_means_that_instant_or_its_twin(name: str) -> None:
    zone = zones.find(name)
    assert zone is not None
    for quarters in range(0, 366 * 24 * 4, 2):
        minute = datetime(2027, 1, 1, tzinfo=UTC) + quarters * timedelta(minutes=15)
        wall = datetime.fromisoformat(zones.wall_time(minute, zone))

        meant = {zones.instant_at(wall, zone, later=later) for later in (False, True)}

        assert minute in meant
        assert all(one is not None and abs(one - minute) <= timedelta(hours=1) for one in meant)


@pytest.mark.parametrize(
    ("known", "told", "best"),
    [
        (Zones("Asia/Tokyo", "Europe/Paris", "Europe/Berlin"), "Europe/Rome", "Asia/Tokyo"),
        (Zones(None, "Europe/Paris", "Europe/Berlin"), "Europe/Rome", "Europe/Rome"),
        (Zones(None, "Europe/Paris", "Europe/Berlin"), None, "Europe/Paris"),
        (Zones(None, None, "Europe/Berlin"), None, "Europe/Berlin"),
        (Zones("Gone/Town", None, "Europe/Berlin"), None, "Europe/Berlin"),
        (Zones(None, None, None), None, "UTC"),
    ],
)
def test_what_is_chosen_counts_most_and_what_a_browser_told_more_than_the_institution(
    known: Zones, told: str | None, best: str
) -> None:
    assert zones.name_of(known.best(told)) == best
