"""An event that only tests announce, who hears it, and time that passes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from lti_tool.core import clock, outbox
from lti_tool.core.db import system_transaction
from lti_tool.core.outbox import OutboxDelivery


@dataclass(frozen=True, slots=True)
class BellRang:
    """An event of these tests alone."""

    number: int
    at: datetime


@dataclass(slots=True)
class Listener:
    """Two subscribers of it; `fail` is what the first one does after it has heard."""

    heard: list[int] = field(default_factory=list)
    echoed: list[int] = field(default_factory=list)
    fail: Callable[[], None] = lambda: None

    def hear_bell(self, event: BellRang) -> None:
        self.heard.append(event.number)
        self.fail()

    def echo_bell(self, event: BellRang) -> None:
        self.echoed.append(event.number)


def ring(*numbers: int) -> None:
    with system_transaction() as session:
        for number in numbers:
            outbox.record(session, BellRang(number, clock.now()))


def deliveries(subscriber: str = "hear_bell") -> list[OutboxDelivery]:
    with system_transaction() as session:
        return list(
            session.scalars(
                select(OutboxDelivery)
                .where(OutboxDelivery.subscriber == subscriber)
                .order_by(OutboxDelivery.id)
            )
        )


def pass_time(monkeypatch: pytest.MonkeyPatch, **parts: float) -> datetime:
    later = clock.now() + timedelta(**parts)
    monkeypatch.setattr(clock, "now", lambda: later)
    return later
