"""Workers and clocks for tests of scores on their way, and what the assessment comes to."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from lti_tool.campus import clock as campus_clock
from lti_tool.core import clock
from lti_tool.grading import jobs, sender
from lti_tool.grading.rules import Outcome
from lti_tool.platforms.quirks import quirks_of
from lti_tool.worker import run_worker
from tests.grading.course import Course

GENERIC = quirks_of("generic")
# Of the points that Campus' column is of.
ALL, TWO, NONE = Decimal(3), Decimal(2), Decimal(0)


class Later:
    """Moves the product's clock and the platform's, together or apart."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ours = self._theirs = timedelta()
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + self._ours)
        monkeypatch.setattr(campus_clock, "now", lambda: real() + self._theirs)

    def move(self, **duration: float) -> None:
        self._ours += timedelta(**duration)
        self._theirs += timedelta(**duration)

    def move_ours(self, **duration: float) -> None:
        self._ours += timedelta(**duration)


def work() -> None:
    """Let a worker do all that is queued, and what the clock finds due."""
    run_worker(burst=True)
    jobs.wake_due_lanes()
    run_worker(burst=True)


def sender_answers(batch: list[sender.Parcel], course: Course) -> list[Outcome]:
    delivered: list[Outcome] = []

    async def report(item: sender.Delivered) -> None:
        delivered.append(item.answer.outcome)

    asyncio.run(sender.send(batch, jobs._line(course.registration_id, GENERIC), report))
    return delivered
