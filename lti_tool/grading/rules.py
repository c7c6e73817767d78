"""When to send a score, under which timestamp, and what an answer means."""

import http.client
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lti_tool.core.quoting import quoted
from lti_tool.platforms.quirks import Quirks
from lti_tool.platforms.rules import http_date, is_throttled, measure_lead

STEP = timedelta(seconds=1)
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(minutes=30)
LONGEST_PAUSE = timedelta(minutes=15)
# A status that may mean "not newer" or "never" is taken for the latter after so many tries.
MOST_CONFLICTS = 3
_LONGEST_WAIT = timedelta(hours=6)
_REASON_CHARACTERS = 200

_OK, _CLIENT_ERROR = range(200, 300), range(400, 500)
_FORBIDDEN, _CONFLICT, _TOO_MANY = 403, 409, 429


class Outcome(StrEnum):
    """What a platform's answer to a score means for us."""

    ACKNOWLEDGED = "acknowledged"
    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"
    TEMPORARY = "temporary"
    COLUMN_GONE = "column_gone"
    NOT_IN_COURSE = "not_in_course"
    NOT_GRANTED = "not_granted"
    REPLACED = "replaced"
    REFUSED = "refused"

    @property
    def is_final(self) -> bool:
        """Tell whether sending the same again cannot help."""
        return self in _FINAL


_FINAL = frozenset(
    {
        Outcome.COLUMN_GONE,
        Outcome.NOT_IN_COURSE,
        Outcome.NOT_GRANTED,
        Outcome.REPLACED,
        Outcome.REFUSED,
    }
)
_MEANINGS = {
    401: Outcome.UNAUTHORIZED,
    404: Outcome.COLUMN_GONE,
    408: Outcome.TEMPORARY,
    _CONFLICT: Outcome.CONFLICT,
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
        lead: how far our clock was ahead of the platform's, at most; None if it did not say.
    """

    outcome: Outcome
    status: int | None
    reason: str = ""
    retry_after: timedelta | None = None
    lead: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A timestamp and the first instant it may be sent at."""

    value: datetime
    not_before: datetime


def grants(scopes: Sequence[str] | None, scope: str) -> bool:
    """Tell whether a course lets us use a service, by the scopes its launches carry.

    Without any, or without a course, the platform did not say: trying tells.
    """
    return not scopes or scope in scopes


def comment_on(*, passed: bool) -> str:
    """Return what the gradebook says beside the points."""
    return "Passed." if passed else "Not passed yet."


def allot(now: datetime, last: datetime | None) -> Timestamp:
    """Return the timestamp of a new version of a score.

    In whole seconds and at least one after the last, since equal ones may not carry
    different updates (AGS 2.0 §3.4.9) and Moodle compares seconds. It is never in the
    future when sent: that would block everything after it.

    Args:
        now: by the slower of our clock and the platform's; aware.
        last: the timestamp allotted before for this line item and user, if any.
    """
    whole = now.replace(microsecond=0)
    value = whole if last is None else max(whole, last + STEP)
    return Timestamp(value=value, not_before=value)


def delay(tries: int, *, spread: float = 0.0, longest: timedelta = LONGEST_DELAY) -> timedelta:
    """Return how long to wait after this many failed tries: 15 s, doubling.

    Args:
        tries: failed so far, at least 1.
        spread: share from 0 to 1 of an extra quarter, so that many do not come at once.
        longest: but for the spread.
    """
    base = min(FIRST_DELAY * (1 << min(tries - 1, 10)), longest)
    return base * (1 + spread / 4)


def read_answer(  # noqa: PLR0913, PLR0917 - the parts of an answer
    status: int,
    headers: Mapping[str, str],
    body: str,
    now: datetime,
    quirks: Quirks,
    phrase: str = "",
) -> Answer:
    """Return what a platform's answer to a posted score means.

    `phrase` is the status line's own, where Moodle says what its body does not (4.5).

    Canvas throttled with 403 until 2025-10 and uses 429 since; a 403 that names the rate
    limit passes, another does not. 404 and 410 mean the column is gone, unless the product
    says otherwise; other 4xx that this learner, or this score, is not wanted there.
    """
    outcome = _outcome(status, headers, body.lower(), quirks)
    lead = measure_lead(headers, now)
    if outcome is Outcome.ACKNOWLEDGED:
        return Answer(outcome=outcome, status=status, lead=lead)
    wait = None
    if outcome is Outcome.TEMPORARY:
        wait = _retry_after(headers.get("Retry-After"), now)
        if wait is None and status in {_FORBIDDEN, _TOO_MANY}:
            wait = FIRST_DELAY
    reason = _quote(body) or _quote_phrase(status, phrase)
    return Answer(outcome=outcome, status=status, reason=reason, retry_after=wait, lead=lead)


def _outcome(status: int, headers: Mapping[str, str], body: str, quirks: Quirks) -> Outcome:
    if status in _OK:
        # A page for people instead of an answer: a lost session, a maintenance page.
        is_page = headers.get("Content-Type", "").startswith("text/html") and "<" in body
        return Outcome.TEMPORARY if is_page else Outcome.ACKNOWLEDGED
    if is_throttled(status, headers, body) or _is_among(quirks.passing, status, body):
        return Outcome.TEMPORARY
    meant = {
        Outcome.UNAUTHORIZED: quirks.token_spent,
        Outcome.NOT_IN_COURSE: quirks.not_in_course,
        Outcome.REFUSED: quirks.tool_removed,
        Outcome.CONFLICT: tuple((stale, "") for stale in quirks.stale_statuses),
    }
    for outcome, answers in meant.items():
        if _is_among(answers, status, body):
            return outcome
    if status in _MEANINGS:
        return _MEANINGS[status]
    # A redirect is a login page, as after a lost session of the platform's own.
    return Outcome.REFUSED if status in _CLIENT_ERROR else Outcome.TEMPORARY


def _is_among(answers: Iterable[tuple[int, str]], status: int, body: str) -> bool:
    return any(status == one and words in body for one, words in answers)


def judge_conflict(answer: Answer, conflicts: int) -> Answer:
    """Return the answer, as a refusal if a status that is not 409 keeps coming back.

    Canvas says 400 to a timestamp that is not newer, and to what it will never take.

    Args:
        answer: a conflict, of which the platform holds something else than we sent.
        conflicts: how often in a row it said so before.
    """
    if answer.status == _CONFLICT or conflicts + 1 < MOST_CONFLICTS:
        return answer
    return replace(answer, outcome=Outcome.REFUSED)


def _quote(body: str) -> str:
    """Return the start of a body on one line; a web page is no reason for people.

    Of a document that names its reason only that, of an empty one nothing.
    """
    text = quoted(body, _REASON_CHARACTERS)
    if text.startswith("<"):
        return ""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return text
    if not document:
        return ""
    reason = _reason_in(document)
    return quoted(reason, _REASON_CHARACTERS) if isinstance(reason, str) and reason else text


def _reason_in(document: object) -> object:
    """Return what Moodle calls `reason`, Sakai `error`, Canvas the `message` of its `errors`."""
    if not isinstance(document, dict):
        return None
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else errors
    if isinstance(first, dict):
        return first.get("message")
    return document.get("reason") or document.get("error")


def _quote_phrase(status: int, phrase: str) -> str:
    """Return what a status line says beyond its standard words, without what we had posted."""
    text = quoted(phrase.partition("{")[0], _REASON_CHARACTERS)
    standard = http.client.responses.get(status, "")
    return "" if text.casefold() in {"", "ok", standard.casefold()} else text


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read the header in both its forms (RFC 9110 §10.2.3), within reason."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
    until = http_date(value)
    if until is None:
        return None
    return min(max(until - now, timedelta()), _LONGEST_WAIT)
