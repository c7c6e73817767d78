"""Which addresses are a platform's own, and what time it is there."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

MAX_URL_LENGTH = 2048
_WEB = {"http": 80, "https": 443}
# Between an id that several links share and what tells them apart: no platform's id has it, for
# identifiers with characters that cannot be seen are refused.
_SHARED = "\x1f"
# Each is in the header of every page of the deployment.
MOST_LEARNT = 10
MOST_COPIES = 5
# So long is what a full list holds safe from what is new: however many there are, they are
# written a few times a day, not at every launch.
_KEPT = timedelta(days=1)
# What a browser reads as one host in `frame-ancestors` (CSP 3 §2.3.1).
_FRAME = re.compile(r"https?://[a-z0-9.-]{1,253}(?::[0-9]{1,5})?")
# A platform whose Date is further from our clock than this has no clock to go by.
BELIEVABLE_LEAD = timedelta(hours=1)
_FORBIDDEN, _TOO_MANY = 403, 429


def origin_of(url: str | None) -> str | None:
    """Return the origin of an absolute web address as browsers write it, or None for another."""
    return None if not url or len(url) > MAX_URL_LENGTH else _origin(url)


# A launch asks this nine times, mostly about addresses of its registration.
@lru_cache(maxsize=1024)
def _origin(url: str) -> str | None:
    if not url.isprintable():  # Python and browsers leave out a line's end and read on
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme not in _WEB or not host or parts.username is not None:
        return None
    # An origin ends up in a header: nothing that could end a directive or a line, and letters of
    # other scripts as browsers write them there, which is ASCII (RFC 3986 §3.2.2).
    if not host.isascii() or not all(letter.isalnum() or letter in "-._:" for letter in host):
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (
        f":{port}" if port not in {None, _WEB[parts.scheme]} else ""
    )


def origins_of(urls: Iterable[str | None]) -> tuple[str, ...]:
    """Return the different origins of the addresses that have one, in order."""
    return tuple(dict.fromkeys(origin for origin in map(origin_of, urls) if origin is not None))


def belongs(url: str, origins: Iterable[str]) -> bool:
    """Tell whether an address lies at one of a platform's origins.

    Args:
        url: an address a message claims for a service. Tokens and grades go there.
        origins: the platform's; `https://*.example.org` stands for every host below it.
    """
    origin = origin_of(url)
    return origin is not None and any(_covers(pattern, origin) for pattern in origins)


def _covers(pattern: str, origin: str) -> bool:
    start, star, end = pattern.partition("*")
    if not star:
        return pattern == origin
    return origin.startswith(start) and origin.endswith(end) and len(origin) > len(start + end)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntOrigin:
    """Where a deployment's pages are, as a signed message said.

    Attributes:
        origin: allowed to frame ours, and nothing else: no token and no grade goes there.
        learnt_at: aware.
        removed_at: since when the institution keeps it out, whatever messages say.
    """

    origin: str
    learnt_at: datetime
    removed_at: datetime | None


def learnt(stored: Mapping[str, Any]) -> list[LearntOrigin]:
    """Read what a deployment has learnt, the newest first."""
    found = [
        LearntOrigin(
            origin=origin,
            learnt_at=datetime.fromisoformat(one["at"]),
            removed_at=datetime.fromisoformat(one["removed_at"]) if "removed_at" in one else None,
        )
        for origin, one in stored.items()
    ]
    return sorted(found, key=lambda one: (one.learnt_at, one.origin), reverse=True)


def frames(stored: Mapping[str, Any], named: Iterable[str] = ()) -> tuple[str, ...]:
    """Return which origins may frame a deployment's pages, besides the platform's own.

    Args:
        stored: what it has learnt.
        named: by the message of this launch.
    """
    if not stored:
        return tuple(named)
    kept = [origin for origin, one in stored.items() if "removed_at" not in one]
    return (*kept, *(origin for origin in named if origin not in stored))


def unlearnt(
    named: Iterable[str], own: Iterable[str], stored: Mapping[str, Any], *, insecure: bool
) -> tuple[str, ...]:
    """Return the origins that a deployment has yet to learn: mostly none.

    Args:
        named: by a verified message.
        own: the platform's; those with a `*` stand for servers of others as well, so none of
            them says where this deployment is.
        stored: what it has learnt, and what was taken away: that stays away.
        insecure: whether http will do, as where Cairn itself is asked so.
    """
    return tuple(
        origin
        for origin in named
        if origin not in stored
        and origin not in own
        and (insecure or origin.startswith("https:"))
        and _FRAME.fullmatch(origin)
    )


def room_to_learn(stored: Mapping[str, Any], now: datetime) -> int:
    """Return how many more a deployment can learn now: a full list replaces what is a day old."""
    fresh = [
        one for one in learnt(stored) if one.removed_at is None and now - one.learnt_at < _KEPT
    ]
    return max(MOST_LEARNT - len(fresh), 0)


def learn(stored: Mapping[str, Any], origins: Iterable[str], now: datetime) -> dict[str, Any]:
    """Return what a deployment has learnt with these added, as far as there is room."""
    named = [origin for origin in origins if origin not in stored][: room_to_learn(stored, now)]
    new = {origin: {"at": now.isoformat()} for origin in named}
    held = [one.origin for one in learnt({**new, **stored}) if one.removed_at is None]
    gone = set(held[MOST_LEARNT:])
    return {origin: one for origin, one in {**stored, **new}.items() if origin not in gone}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A site that launches under a deployment with another guid than the deployment's.

    Attributes:
        guid: as its messages name it.
        since: when the first came, aware.
        last_at: when one came that was noted: a day's first.
        refused_at: since when the institution lets none in.
        same_at: since when it counts as the deployment's own site, under another name.
    """

    guid: str
    since: datetime
    last_at: datetime
    refused_at: datetime | None
    same_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide about it."""
        return self.refused_at is None and self.same_at is None


def copies(stored: Mapping[str, Any]) -> list[Copy]:
    """Read which other sites were seen, the newest first."""
    found = [
        Copy(
            guid=guid,
            since=datetime.fromisoformat(one["at"]),
            last_at=datetime.fromisoformat(one["last_at"]),
            refused_at=datetime.fromisoformat(one["refused_at"]) if "refused_at" in one else None,
            same_at=datetime.fromisoformat(one["same_at"]) if "same_at" in one else None,
        )
        for guid, one in stored.items()
    ]
    return sorted(found, key=lambda one: (one.since, one.guid), reverse=True)


def has_open_copies(stored: Mapping[str, Any]) -> bool:
    """Tell whether somebody has to decide about another site."""
    return bool(_open(stored))


def is_refused_copy(stored: Mapping[str, Any], guid: str) -> bool:
    """Tell whether the institution keeps a site out."""
    return "refused_at" in stored.get(guid, {})


def is_own_guid(stored: Mapping[str, Any], guid: str) -> bool:
    """Tell whether the institution said that this is another name of the deployment's site."""
    return "same_at" in stored.get(guid, {})


def is_noted(stored: Mapping[str, Any], guid: str, now: datetime) -> bool:
    """Tell whether there is nothing to note of another site's message.

    It was noted today, is decided about, or finds all places taken by others of today.
    """
    if guid not in stored:
        fresh = [one for one in _open(stored) if now - one.last_at < _KEPT]
        return len(fresh) >= MOST_COPIES
    if "refused_at" in stored[guid] or "same_at" in stored[guid]:
        return True
    return datetime.fromisoformat(stored[guid]["last_at"]).date() == now.date()


def note_copy(stored: Mapping[str, Any], guid: str, now: datetime) -> dict[str, Any]:
    """Return what is stored of other sites with this one seen now.

    Of too many those go that came least lately; see `is_noted` for when there is no room.
    """
    at = now.isoformat()
    noted = {**stored, guid: {"at": at, **stored.get(guid, {}), "last_at": at}}
    latest = sorted(_open(noted), key=lambda one: (one.last_at, one.guid), reverse=True)
    gone = {one.guid for one in latest[MOST_COPIES:]}
    return {name: one for name, one in noted.items() if name not in gone}


def _open(stored: Mapping[str, Any]) -> list[Copy]:
    return [one for one in copies(stored) if one.is_open]


def shared_link_id(platform_id: str, mark: str) -> str:
    """Return the id of one of several links to which a platform gives the same id.

    Args:
        platform_id: the platform's.
        mark: what tells this link from the others.
    """
    return f"{platform_id}{_SHARED}{mark}"


def told_link_id(platform_id: str) -> str | None:
    """Return what a platform may be told of one of its links; None where it knows no such link."""
    return None if _SHARED in platform_id else platform_id


def measure_lead(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how far our clock is ahead of a platform's, at most, by the Date of its answer.

    Date has whole seconds, cut, and the answer took its way: the true lead is smaller by up
    to that. Of several measures the least is the best, and each alone is safe.

    Args:
        headers: of the answer.
        now: when it arrived, by our clock.
    """
    theirs = http_date(headers.get("Date", ""))
    if theirs is None or abs(now - theirs) > BELIEVABLE_LEAD:
        return None
    return now - theirs


def is_throttled(status: int, headers: Mapping[str, str], body: str) -> bool:
    """Tell whether a platform's answer asks for patience, whatever was asked of it.

    429 is for that. Canvas said 403 until 2025-10, which elsewhere is a refusal: with these words,
    or with its bucket empty.

    Args:
        status: of the answer.
        headers: the same.
        body: in small letters.
    """
    if status == _TOO_MANY:
        return True
    return status == _FORBIDDEN and ("rate limit" in body or _is_used_up(headers))


def _is_used_up(headers: Mapping[str, str]) -> bool:
    try:
        return float(headers.get("X-Rate-Limit-Remaining", "1")) <= 0
    except ValueError:
        return False


def http_date(value: str) -> datetime | None:
    """Return the instant that a header names (RFC 9110 §5.6.7), aware; None if it names none."""
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return None if instant.tzinfo is None else instant
