"""Reading what happened in an attempt, and how long its questions were in view."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.attention import Window, read_window
from lti_tool.assessments.models import (
    Attempt,
    AttemptTime,
    ItemMark,
    LateResponse,
    Response,
)
from lti_tool.assessments.queries.attempts import form_item_id
from lti_tool.assessments.rules import Ending
from lti_tool.core import audit
from lti_tool.core.audit import AuditEntry
from lti_tool.core.ids import AttemptId, ItemVersionId

_MOST_ENTRIES = 500
# The last word of a page that is loaded anew may arrive after the first of the new one.
_FAREWELL = timedelta(seconds=15)


class Happening(StrEnum):
    """What can happen to an attempt.

    RESUMED: a page of it was opened anew. BESIDE: the same, while another was open. SAVED: the
    last answers to some questions, as they stand, came within one minute.
    """

    STARTED = "started"
    RESUMED = "resumed"
    BESIDE = "beside"
    SAVED = "saved"
    MORE_TIME = "more_time"
    SUBMITTED = "submitted"
    TIME_UP = "time_up"
    LATE = "late"
    LATE_TAKEN = "late_taken"
    LATE_LEFT = "late_left"
    REOPENED = "reopened"
    MARKED = "marked"
    REGRADED = "regraded"
    DELETED = "deleted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened to an attempt.

    Attributes:
        until: for a window, when it was last heard of.
        numbers: of the questions that it is about, in the form's order.
        minutes: that were given.
        actor_id: whoever of the staff did it.
        reason: in their words.
    """

    at: datetime
    kind: Happening
    until: datetime | None = None
    numbers: tuple[int, ...] = ()
    minutes: int | None = None
    actor_id: UUID | None = None
    reason: str | None = None


def time_by_item(session: Session, attempt: Attempt) -> Mapping[ItemVersionId, timedelta]:
    """Return how long each question was in view; those never seen are left out.

    Empty for attempts that no page has reported of, and once answers are no longer kept.
    """
    row = session.get(AttemptTime, (attempt.id, attempt.institution_id))
    if row is None:
        return {}
    return {
        form_item_id(asked): timedelta(milliseconds=row.by_item[str(number)])
        for number, asked in enumerate(attempt.form, 1)
        if str(number) in row.by_item
    }


def seen_numbers(session: Session, attempt: Attempt) -> frozenset[int]:
    """Return the numbers, in the form, of the questions that were in view."""
    row = session.get(AttemptTime, (attempt.id, attempt.institution_id))
    return frozenset(map(int, row.by_item)) if row else frozenset()


def attempt_timeline(session: Session, attempt: Attempt) -> tuple[TimelineEntry, ...]:
    """Return what happened to an attempt, oldest first."""
    numbers = {form_item_id(asked): number for number, asked in enumerate(attempt.form, 1)}
    found = [
        TimelineEntry(at=attempt.started_at, kind=Happening.STARTED),
        *_windows(session, attempt),
        *_saves(session, attempt.id, numbers),
        *_late(session, attempt.id, numbers),
        *_marks(session, attempt.id, numbers),
        *_decisions(session, attempt),
        *_regrades(session, attempt),
    ]
    if attempt.submitted_at is not None:
        found.append(_ending(attempt.submitted_at, attempt.ended_by))
    return tuple(sorted(found, key=lambda entry: entry.at))


def _ending(at: datetime, ended_by: str | None) -> TimelineEntry:
    by_clock = ended_by == Ending.CLOCK
    return TimelineEntry(at=at, kind=Happening.TIME_UP if by_clock else Happening.SUBMITTED)


def _windows(session: Session, attempt: Attempt) -> list[TimelineEntry]:
    row = session.get(AttemptTime, (attempt.id, attempt.institution_id))
    windows = [read_window(stored) for stored in row.windows] if row else []
    # The first is where the attempt began.
    return [
        TimelineEntry(
            at=window.opened_at,
            kind=Happening.BESIDE if _is_beside(window, windows[:place]) else Happening.RESUMED,
            until=window.seen_at,
        )
        for place, window in enumerate(windows)
        if place
    ]


def _is_beside(window: Window, before: Sequence[Window]) -> bool:
    return any(other.seen_at > window.opened_at + _FAREWELL for other in before)


def _saves(
    session: Session, attempt_id: AttemptId, numbers: Mapping[ItemVersionId, int]
) -> list[TimelineEntry]:
    rows = session.execute(
        select(Response.item_version_id, Response.saved_at).where(Response.attempt_id == attempt_id)
    )
    by_minute: dict[datetime, list[tuple[datetime, int]]] = defaultdict(list)
    for item_version_id, saved_at in rows:
        minute = saved_at.replace(second=0, microsecond=0)
        by_minute[minute].append((saved_at, numbers[item_version_id]))
    return [
        TimelineEntry(
            at=max(saved_at for saved_at, _ in saves),
            kind=Happening.SAVED,
            numbers=tuple(sorted(number for _, number in saves)),
        )
        for saves in by_minute.values()
    ]


def _late(
    session: Session, attempt_id: AttemptId, numbers: Mapping[ItemVersionId, int]
) -> list[TimelineEntry]:
    rows = session.scalars(select(LateResponse).where(LateResponse.attempt_id == attempt_id))
    return [
        TimelineEntry(
            at=row.received_at, kind=Happening.LATE, numbers=(numbers[row.item_version_id],)
        )
        for row in rows
    ]


def _marks(
    session: Session, attempt_id: AttemptId, numbers: Mapping[ItemVersionId, int]
) -> list[TimelineEntry]:
    rows = session.scalars(select(ItemMark).where(ItemMark.attempt_id == attempt_id))
    return [
        TimelineEntry(
            at=row.marked_at,
            kind=Happening.MARKED,
            numbers=(numbers[row.item_version_id],),
            actor_id=row.marked_by,
        )
        for row in rows
    ]


_DECISIONS = {
    "grant_minutes": Happening.MORE_TIME,
    "reopen_attempt": Happening.REOPENED,
    "delete_attempt": Happening.DELETED,
    "restore_attempt": Happening.RESTORED,
    "take_late": Happening.LATE_TAKEN,
    "leave_late": Happening.LATE_LEFT,
}


def _decisions(session: Session, attempt: Attempt) -> list[TimelineEntry]:
    entries = audit.list_entries(
        session, object_kind="attempt", object_id=attempt.id, limit=_MOST_ENTRIES
    )
    found = []
    for entry in entries:
        kind = _DECISIONS.get(entry.act)
        if kind is None:
            continue
        found.append(_decision(entry, kind, minutes=entry.facts.get("minutes")))
        before = entry.facts.get("ended_at")  # what was opened again had ended before
        if isinstance(before, str):
            found.append(_ending(datetime.fromisoformat(before), entry.facts.get("ended_by")))
    return found


def _regrades(session: Session, attempt: Attempt) -> list[TimelineEntry]:
    if attempt.scored_by_id is None:
        return []
    entries = audit.list_entries(
        session, object_kind="placement", object_id=attempt.placement_id, limit=_MOST_ENTRIES
    )
    return [
        _decision(entry, Happening.REGRADED)
        for entry in entries
        if entry.act == "regrade" and entry.recorded_at >= attempt.started_at
    ]


def _decision(entry: AuditEntry, kind: Happening, *, minutes: int | None = None) -> TimelineEntry:
    return TimelineEntry(
        at=entry.recorded_at,
        kind=kind,
        minutes=minutes,
        actor_id=entry.actor_id,
        reason=entry.reason,
    )
