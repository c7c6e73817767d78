"""When to send a score, under which timestamp, and what an answer means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

STEP = timedelta(seconds=1)
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(hours=1)
_LONGEST_WAIT = timedelta(hours=6)
_REASON_CHARACTERS = 200

_OK, _CLIENT_ERROR = range(200, 300), range(400, 500)
_FORBIDDEN, _TOO_MANY = 403, 429


class Outcome(StrEnum):
    """What a platform's answer to a score means for us."""

    ACKNOWLEDGED = "acknowledged"
    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"
    TEMPORARY = "temporary"
    COLUMN_GONE = "column_gone"
    REFUSED = "refused"


_MEANINGS = {
    401: Outcome.UNAUTHORIZED,
    404: Outcome.COLUMN_GONE,
    408: Outcome.TEMPORARY,
    409: Outcome.CONFLICT,
    410: Outcome.COLUMN_GONE,
    425: Outcome.TEMPORARY,
    _TOO_MANY: Outcome.TEMPORARY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A platform's answer, or why there was none.

    Attributes:
        status: HTTP status; None when no answer came.
        reason: in the platform's words or ours, for people.
        retry_after: the least time to wait before sending anything, when the platform
            said one or throttles.
    """

    outcome: Outcome
    status: int | None
    reason: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A timestamp and the first instant it may be sent at."""

    value: datetime
    not_before: datetime


def allot(now: datetime, last: datetime | None) -> Timestamp:
    """Return the timestamp of a new version of a score.

    In whole seconds and at least one after the last, since equal ones may not carry
    different updates (AGS 2.0 §3.4.9) and Moodle compares seconds. It is never ahead of
    our clock when sent: a future one would block everything after it.

    Args:
        now: aware.
        last: the timestamp allotted before for this line item and user, if any.
    """
    whole = now.replace(microsecond=0)
    value = whole if last is None else max(whole, last + STEP)
    return Timestamp(value=value, not_before=value)


def delay(tries: int, *, spread: float = 0.0) -> timedelta:
    """Return how long to wait after this many failed tries: 15 s doubling to an hour.

    Args:
        tries: failed so far, at least 1.
        spread: share from 0 to 1 of an extra quarter, so that many do not come at once.
    """
    base = min(FIRST_DELAY * (1 << min(tries - 1, 10)), LONGEST_DELAY)
    return base * (1 + spread / 4)


def read_answer(status: int, headers: Mapping[str, str], body: str, now: datetime) -> Answer:
    """Return what a platform's answer to a posted score means.

    Canvas throttled with 403 until 2025-10 and uses 429 since; a 403 that names the rate
    limit passes, another does not. 404 and 410 mean the column is gone; other 4xx
    that this learner, or this score, is not wanted there.
    """
    outcome = _outcome(status, body)
    if outcome is Outcome.ACKNOWLEDGED:
        return Answer(outcome=outcome, status=status)
    wait = None
    if outcome is Outcome.TEMPORARY:
        wait = _retry_after(headers.get("Retry-After"), now)
        if wait is None and status in {_FORBIDDEN, _TOO_MANY}:
            wait = FIRST_DELAY
    return Answer(outcome=outcome, status=status, reason=_quote(body), retry_after=wait)


def _outcome(status: int, body: str) -> Outcome:
    if status in _OK:
        return Outcome.ACKNOWLEDGED
    if status == _FORBIDDEN and "rate limit" in body.lower():
        return Outcome.TEMPORARY
    if status in _MEANINGS:
        return _MEANINGS[status]
    # A redirect is a login page, as after a lost session of the platform's own.
    return Outcome.REFUSED if status in _CLIENT_ERROR else Outcome.TEMPORARY


def _quote(body: str) -> str:
    """Return the start of a body on one line; a web page is no reason for people."""
    text = " ".join(body.split())
    return "" if text.startswith("<") else text[:_REASON_CHARACTERS]


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read the header in both its forms (RFC 9110 §10.2.3), within reason."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return min(max(until - now, timedelta()), _LONGEST_WAIT)
