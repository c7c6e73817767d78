import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import select, text

from lti_tool.core import clock, outbox, queue
from lti_tool.core import settings as settings_module
from lti_tool.core.db import system_transaction
from lti_tool.core.errors import ConflictError, TemporaryError
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.core.settings import Settings
from tests.conftest import Worker


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


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    outbox.subscribe(BellRang, [listener.hear_bell, listener.echo_bell])
    yield listener
    del outbox._event_types["BellRang"], outbox._handlers["BellRang"]


def _ring(*numbers: int) -> None:
    with system_transaction() as session:
        for number in numbers:
            outbox.record(session, BellRang(number, clock.now()))


def _deliveries(subscriber: str = "hear_bell") -> list[OutboxDelivery]:
    with system_transaction() as session:
        return list(
            session.scalars(
                select(OutboxDelivery)
                .where(OutboxDelivery.subscriber == subscriber)
                .order_by(OutboxDelivery.id)
            )
        )


def _pass_time(monkeypatch: pytest.MonkeyPatch, **parts: float) -> datetime:
    later = clock.now() + timedelta(**parts)
    monkeypatch.setattr(clock, "now", lambda: later)
    return later


def _away() -> Redis:
    """Return a connection to a port where nobody answers."""
    return Redis(port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))


@pytest.mark.usefixtures("database")
class TestDelivery:
    def test_both_subscribers_hear_every_event_once(
        self, listener: Listener, worker: Worker
    ) -> None:
        _ring(1, 2)
        worker.run()
        worker.run()

        assert sorted(listener.heard) == sorted(listener.echoed) == [1, 2]
        for delivery in _deliveries():
            assert delivery.finished_at is not None
            assert (delivery.due_at, delivery.leased_until, delivery.tries) == (None, None, 1)

    def test_what_is_rolled_back_was_never_announced(
        self, listener: Listener, worker: Worker
    ) -> None:
        def ring_and_fail() -> None:
            with system_transaction() as session:
                outbox.record(session, BellRang(1, clock.now()))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            ring_and_fail()
        worker.run()

        assert _deliveries() == []
        assert listener.heard == []

    def test_an_event_nobody_asked_for_is_a_bug(self) -> None:
        with pytest.raises(KeyError, match="BellRang"):
            _ring(1)

    def test_twice_and_out_of_order_is_once_each(self, listener: Listener) -> None:
        _ring(*range(8))
        ids = [str(d.id) for d in _deliveries() + _deliveries("echo_bell")] * 2
        random.Random(5).shuffle(ids)  # noqa: S311 - the same order every time

        for delivery_id in ids:
            outbox.deliver(delivery_id)

        assert sorted(listener.heard) == sorted(listener.echoed) == [*range(8)]

    def test_a_delivery_that_is_running_is_not_begun_again(self, listener: Listener) -> None:
        _ring(1)
        (delivery,) = _deliveries()
        listener.fail = partial(outbox.deliver, str(delivery.id))

        outbox.deliver(str(delivery.id))

        assert listener.heard == [1]

    def test_one_subscribers_trouble_is_not_the_others(
        self, listener: Listener, worker: Worker
    ) -> None:
        listener.fail = _raise(ConflictError("no"))
        _ring(1)
        worker.run()

        assert listener.echoed == [1]
        assert _deliveries("echo_bell")[0].finished_at is not None


def _raise(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.usefixtures("database")
class TestFailure:
    def test_an_outage_is_retried_ever_more_slowly_until_it_passes(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener.fail = _raise(TemporaryError("the platform is away"))
        _ring(1)
        worker.run()
        waits = []
        for _ in range(10):
            (delivery,) = _deliveries()
            assert delivery.due_at is not None
            waits.append((delivery.due_at - clock.now()).total_seconds())
            _pass_time(monkeypatch, seconds=waits[-1] - 1)
            assert worker.relay() == 0
            _pass_time(monkeypatch, seconds=2)
            assert worker.relay() == 1
            worker.run()
        listener.fail = lambda: None
        _pass_time(monkeypatch, hours=1)
        worker.relay()
        worker.run()

        assert [round(wait, -1) for wait in waits[:4]] == [30, 60, 120, 240]
        assert [round(wait, -1) for wait in waits[-2:]] == [3600, 3600]
        assert len(listener.heard) == 12
        assert _deliveries()[0].finished_at is not None

    def test_after_years_it_is_still_an_hour(self) -> None:
        assert outbox._delay(100_000) == timedelta(hours=1)

    def test_a_refusal_is_a_dead_letter_with_its_reason(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener.fail = _raise(ConflictError("there is no\x00 such \ud800column"))
        _ring(1)
        worker.run()
        _pass_time(monkeypatch, days=30)
        worker.relay()
        worker.run()

        (delivery,) = _deliveries()
        assert delivery.died_at is not None
        assert (delivery.due_at, delivery.finished_at) == (None, None)
        assert delivery.last_error == "conflict: there is no such column"
        assert listener.heard == [1]

    def test_a_bug_is_raised_and_tried_again(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener.fail = _raise(ZeroDivisionError())
        _ring(1)

        with pytest.raises(ZeroDivisionError):
            outbox.deliver(str(_deliveries()[0].id))

        (delivery,) = _deliveries()
        assert (delivery.last_error, delivery.leased_until) == ("ZeroDivisionError", None)
        listener.fail = lambda: None
        _pass_time(monkeypatch, seconds=31)
        worker.relay()
        worker.run()
        assert _deliveries()[0].finished_at is not None

    def test_a_database_that_gives_up_is_an_outage(self, listener: Listener) -> None:
        def time_out() -> None:
            with system_transaction() as session:
                session.execute(text("SET LOCAL statement_timeout = '5ms'"))
                session.execute(text("SELECT pg_sleep(1)"))

        listener.fail = time_out
        _ring(1)

        outbox.deliver(str(_deliveries()[0].id))

        (delivery,) = _deliveries()
        assert delivery.last_error == "database: QueryCanceled"
        assert delivery.due_at is not None

    def test_whose_lease_ran_out_has_no_say_any_more(
        self, listener: Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker stops for two minutes, another one finishes its delivery, it wakes and fails."""
        _ring(1)
        delivery_id = str(_deliveries()[0].id)

        def sleep_and_fail() -> None:
            listener.fail = lambda: None
            _pass_time(monkeypatch, minutes=2)
            outbox.deliver(delivery_id)
            raise TemporaryError("too late")

        listener.fail = sleep_and_fail
        outbox.deliver(delivery_id)

        (delivery,) = _deliveries()
        assert listener.heard == [1, 1]
        assert delivery.finished_at is not None
        assert (delivery.due_at, delivery.last_error) == (None, None)


@pytest.mark.usefixtures("database")
class TestRelay:
    def test_what_redis_forgot_is_handed_over_again(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _ring(1)
        queue.connection().flushdb()
        worker.run()
        assert listener.heard == []
        assert worker.relay() == 0  # the hand-over after commit has its five seconds

        _pass_time(monkeypatch, seconds=6)
        assert worker.relay() == 2
        worker.run()

        assert (listener.heard, listener.echoed) == ([1], [1])

    def test_without_redis_the_change_is_kept_and_announced_later(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as outage:
            outage.setattr(queue, "connection", _away)
            _ring(1)
            _pass_time(monkeypatch, seconds=6)
            assert worker.relay() == 0
        assert worker.relay() == 2
        worker.run()

        assert listener.heard == [1]

    def test_a_queue_that_is_behind_is_not_filled_further(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outbox, "MOST_WAITING", 2)
        _ring(1)
        _pass_time(monkeypatch, minutes=5)

        assert worker.relay() == 0
        assert queue.count_waiting() == 2
        worker.run()

        assert listener.heard == [1]

    def test_a_batch_takes_the_longest_due_first(
        self, listener: Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _ring(1)
        _pass_time(monkeypatch, seconds=1)
        _ring(2)
        queue.connection().flushdb()
        _pass_time(monkeypatch, seconds=60)

        assert outbox.relay(batch=2) == 2

        assert {job.args[0] for job in queue.queue().jobs} == {
            str(_deliveries()[0].id),
            str(_deliveries("echo_bell")[0].id),
        }
        assert listener.heard == []


@pytest.mark.usefixtures("live_app")
def test_relays_at_once_hand_over_each_delivery_once(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ring(*range(40))
    queue.connection().flushdb()
    _pass_time(monkeypatch, seconds=6)

    with ThreadPoolExecutor(max_workers=4) as pool:
        counts = [pool.submit(outbox.relay, batch=7) for _ in range(12)]
        handed_over = sum(count.result() for count in counts)

    jobs = [job.args[0] for job in queue.queue().jobs]
    assert handed_over == len(jobs) == len(set(jobs)) == 80
    assert listener.heard == []


_SLOW_WORKER = """
import time
from dataclasses import dataclass
from datetime import datetime
from lti_tool.app import create_app
from lti_tool.core import outbox

@dataclass(frozen=True)
class BellRang:
    number: int
    at: datetime

def hear_bell(event):
    print("hearing", flush=True)
    time.sleep(60)

create_app()
outbox.subscribe(BellRang, [hear_bell])
outbox.deliver({delivery!r})
"""


def test_what_a_killed_worker_had_begun_is_begun_again(
    live_app: Flask,  # noqa: ARG001 - a database that other processes see
    live_settings: Settings,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _ring(1)
    queue.connection().flushdb()
    delivery_id = str(_deliveries()[0].id)
    environment = {
        **os.environ,
        "CAIRN_BASE_URL": "http://localhost",
        "CAIRN_MODE": "demo",
        "CAIRN_DATABASE_URL": live_settings.database.url,
        "CAIRN_REDIS_URL": live_settings.redis_url,
        "CAIRN_SECRET_KEY": "Zm9yIHRlc3RzIG9ubHk6IDMyIGJ5dGVzIG9mIGtleSE",
    }
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW_WORKER.format(delivery=delivery_id)],
        env=environment,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hearing\n"
        process.send_signal(signal.SIGKILL)

    outbox.deliver(delivery_id)
    assert listener.heard == []  # nobody knows yet that it died

    _pass_time(monkeypatch, seconds=outbox.LEASE.total_seconds() + 1)
    assert outbox.relay() == 2
    Worker().run()

    (delivery,) = _deliveries()
    assert listener.heard == [1]
    assert delivery.tries == 2
    assert delivery.finished_at is not None


@pytest.mark.usefixtures("database")
def test_a_redis_that_hangs_keeps_nobody_waiting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        hanging = replace(settings, redis_url=url)
        monkeypatch.setattr(settings_module, "_installed", [hanging])
        queue.connection.cache_clear()

        began = time.monotonic()
        done = queue.enqueue("lti_tool.core.outbox.deliver", [str(UUID(int=1))])
        took = time.monotonic() - began
        queue.connection().close()
        queue.connection.cache_clear()

    assert not done
    assert took < 4
