"""Time zones by their names (IANA), and what a clock on a wall there means. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location

from lti_tool.core.language import Language, offset, phrase

UNIVERSAL = "UTC"
_LONGEST = 64

# How a name begins; what is not there is no place that people live at.
AREAS = {
    "Africa": phrase("Africa"),
    "America": phrase("America"),
    "Antarctica": phrase("Antarctica"),
    "Arctic": phrase("Arctic"),
    "Asia": phrase("Asia"),
    "Atlantic": phrase("Atlantic Ocean"),
    "Australia": phrase("Australia"),
    "Europe": phrase("Europe"),
    "Indian": phrase("Indian Ocean"),
    "Pacific": phrase("Pacific Ocean"),
}

# Of one place, and how far it is from UTC today: what somebody chooses from.
Option = tuple[str, str]


def find(name: str | None) -> tzinfo | None:
    """Return the zone of a name, as a browser or a form tells it; None for what is none."""
    if not name or len(name) > _LONGEST:
        return None
    return UTC if name in {UNIVERSAL, "Etc/UTC"} else _find(name)


@lru_cache(maxsize=1024)
def _find(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def name_of(zone: tzinfo) -> str:
    """Return the name by which `find` knows it."""
    return zone.key if isinstance(zone, ZoneInfo) else UNIVERSAL


def place(zone: tzinfo, reader: Language) -> str:
    """Return the town that a zone is named after: Berlin; UTC."""
    return _place(name_of(zone), reader.name)


def words(zone: tzinfo, reader: Language) -> str:
    """Return which zone it is, as it stands in a sentence: Berlin time; UTC."""
    if name_of(zone) == UNIVERSAL:
        return UNIVERSAL
    return phrase("%(place)s time", place=place(zone, reader))


@lru_cache(maxsize=4096)
def _place(name: str, locale: str) -> str:
    """Return the town that a zone is named after; the name itself where it is after none."""
    if "/" not in name or name.startswith("Etc/"):
        return name
    return get_timezone_location(name, locale=locale, return_city=True)


def options(reader: Language, now: datetime) -> Sequence[tuple[str, Sequence[Option]]]:
    """Return all there is to choose from by part of the world, with how far each is from UTC."""
    return _options(reader.locale, now.replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=16)
def _options(locale: Locale, now: datetime) -> Sequence[tuple[str, Sequence[Option]]]:
    found: dict[str, list[tuple[str, Option]]] = {area: [] for area in AREAS}
    for name in get_global("zone_territories"):
        area, _, rest = name.partition("/")
        if rest and area in found and (zone := find(name)) is not None:
            town = _place(name, str(locale))
            found[area].append((town, (name, f"{town} ({offset(now.astimezone(zone))})")))
    return [
        (AREAS[area], [option for _, option in sorted(places)]) for area, places in found.items()
    ]


def wall_time(instant: datetime, zone: tzinfo) -> str:
    """Return what a clock there shows, to the minute, as a form's field takes it."""
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}"


def instant_at(wall: datetime, zone: tzinfo, *, later: bool) -> datetime | None:
    """Return when a clock there shows this (naive); None when it never does.

    Args:
        wall: as it was typed.
        zone: of the clock.
        later: which of the two instants is meant in the hour that comes twice, when clocks go
            back.
    """
    there = wall.replace(tzinfo=zone, fold=int(later))
    instant = there.astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == wall else None
