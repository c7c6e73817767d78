"""When an activity opens and closes, as it is typed: by a clock of a zone that the form names.

What is kept are instants: they are the same whoever looks, and in whichever zone.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Self

from pydantic import AfterValidator, StringConstraints

from lti_tool.core import zones
from lti_tool.core.language import phrase

_PATTERNS = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S")
# A year that is typed in halves is none: 0027. Near the ends of time no clock can be asked.
_YEARS = range(2000, 9000)


def _known(name: str) -> str:
    if zones.find(name) is None:
        raise ValueError("no time zone")
    return name


ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known)]


@dataclass(frozen=True, slots=True)
class Window:
    """Two times as they were typed, or are to be shown, and the zone that they are told in."""

    opens_at: str
    closes_at: str
    in_zone: str

    @classmethod
    def of(cls, opens_at: datetime | None, closes_at: datetime | None, zone: tzinfo) -> Self:
        """Return what a form shows of instants that are set."""
        return cls(_shown(opens_at, zone), _shown(closes_at, zone), zones.name_of(zone))

    def read(
        self, opens_held: datetime | None = None, closes_held: datetime | None = None
    ) -> tuple[datetime | None, datetime | None, dict[str, str]]:
        """Return when it opens and closes, and what to enter for each that says nothing.

        An instant that is held and was left as the form showed it is returned as it is: the form
        shows no seconds, nor which of two hours of the same name. Of such an hour an opening means
        the first and a closing the second, so that nobody loses time by it.
        """
        wrong: dict[str, str] = {}
        opens = self._instant("opens_at", opens_held, wrong)
        closes = self._instant("closes_at", closes_held, wrong)
        return opens, closes, wrong

    def _instant(self, name: str, held: datetime | None, wrong: dict[str, str]) -> datetime | None:
        typed: str = getattr(self, name)
        zone = zones.find(self.in_zone)
        if not typed or zone is None:
            return None
        if typed == _shown(held, zone):
            return held
        wall = _wall(typed)
        if wall is None:
            wrong[name] = phrase(
                "Enter a day and a time, like 2027-03-16 09:00, or leave it empty."
            )
            return None
        instant = zones.instant_at(wall, zone, later=name == "closes_at")
        if instant is None:
            wrong[name] = phrase(
                "Enter another time: clocks go forward that day and never show this one."
            )
        return instant


def _shown(instant: datetime | None, zone: tzinfo) -> str:
    return "" if instant is None else zones.wall_time(instant, zone)


def _wall(typed: str) -> datetime | None:
    for pattern in _PATTERNS:
        with suppress(ValueError):
            wall = datetime.strptime(typed, pattern)  # noqa: DTZ007 - its zone is another field
            return wall if wall.year in _YEARS else None
    return None
