"""How long questions were in view, and in which windows, as pages report it. Pure functions.

A page counts by its own clock and may claim what it likes. What is credited never comes to more
than has passed by ours, so that all questions of an attempt together took no longer than it did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

# So that nobody can fill the table.
MOST_WINDOWS = 50
# A page without scripts that is sent after longer was left open, not read.
LONGEST_LOOK = timedelta(minutes=30)
# After longer without a word, pages without scripts are another visit.
_VISIT = timedelta(minutes=30)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a page says it has shown since it last said so.

    Attributes:
        page_id: of the window; None for a page without scripts.
        shown_ms: by number of the question in the form.
    """

    page_id: UUID | None
    shown_ms: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window that an attempt was open in: when it was first and last heard of.

    Attributes:
        page_id: None for pages without scripts, which are one window as long as they follow
            each other.
    """

    page_id: UUID | None
    opened_at: datetime
    seen_at: datetime

    def to_json(self) -> dict[str, str | None]:
        """Return it as `AttemptTime.windows` keeps it."""
        return {
            "page_id": str(self.page_id) if self.page_id else None,
            "opened_at": self.opened_at.isoformat(),
            "seen_at": self.seen_at.isoformat(),
        }


def read_window(stored: Mapping[str, Any]) -> Window:
    """Return a window of `AttemptTime.windows`."""
    return Window(
        page_id=UUID(stored["page_id"]) if stored["page_id"] else None,
        opened_at=datetime.fromisoformat(stored["opened_at"]),
        seen_at=datetime.fromisoformat(stored["seen_at"]),
    )


def credited(
    before: Mapping[str, int], shown_ms: Mapping[int, int], since: datetime, at: datetime
) -> dict[str, int]:
    """Return milliseconds by number with what was reported, as `AttemptTime.by_item` keeps it.

    Args:
        before: what there was.
        shown_ms: what a page reports.
        since: until when time was credited before.
        at: when the report arrived.
    """
    claimed = sum(shown_ms.values())
    passed = max(0, (at - since) // _MILLISECOND)
    share = min(1.0, passed / claimed) if claimed else 0.0
    after = dict(before)
    for number, milliseconds in shown_ms.items():
        more = int(milliseconds * share)
        if more:
            after[str(number)] = after.get(str(number), 0) + more
    return after


def with_window(
    windows: Sequence[Window], page_id: UUID | None, since: datetime, at: datetime
) -> list[Window]:
    """Return the windows of an attempt after one was heard of, in the order in which they opened.

    Args:
        windows: those known before.
        page_id: of the one that reports; None for a page without scripts.
        since: when that page was made, if this is the first that is heard of it.
        at: now.
    """
    after = list(windows)
    for place, window in enumerate(after):
        if window.page_id == page_id and (page_id or since - window.seen_at <= _VISIT):
            after[place] = replace(window, seen_at=max(window.seen_at, at))
            return after
    if len(after) < MOST_WINDOWS:
        after.append(Window(page_id=page_id, opened_at=since, seen_at=at))
    return after
