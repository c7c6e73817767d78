import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text

from lti_tool.core import clock, outbox, queue
from lti_tool.core.db import system_transaction
from lti_tool.core.errors import ConflictError, TemporaryError
from tests.conftest import Worker
from tests.core.bells import BellRang, Listener, deliveries, pass_time, ring


def _away() -> Redis:
    """Return a connection to a port where nobody answers."""
    return Redis(port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))


@pytest.mark.usefixtures("database")
class TestDelivery:
    def test_both_subscribers_hear_every_event_once(
        self, listener: Listener, worker: Worker
    ) -> None:
        ring(1, 2)
        worker.run()
        worker.run()

        assert sorted(listener.heard) == sorted(listener.echoed) == [1, 2]
        for delivery in deliveries():
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

        assert deliveries() == []
        assert listener.heard == []

    def test_an_event_nobody_asked_for_is_a_bug(self) -> None:
        with pytest.raises(KeyError, match="BellRang"):
            ring(1)

    def test_twice_and_out_of_order_is_once_each(self, listener: Listener) -> None:
        ring(*range(8))
        ids = [str(d.id) for d in deliveries() + deliveries("echo_bell")] * 2
        random.Random(5).shuffle(ids)  # noqa: S311 - the same order every time

        for delivery_id in ids:
            outbox.deliver(delivery_id)

        assert sorted(listener.heard) == sorted(listener.echoed) == [*range(8)]

    def test_a_delivery_that_is_running_is_not_begun_again(self, listener: Listener) -> None:
        ring(1)
        (delivery,) = deliveries()
        listener.fail = partial(outbox.deliver, str(delivery.id))

        outbox.deliver(str(delivery.id))

        assert listener.heard == [1]

    def test_one_subscribers_trouble_is_not_the_others(
        self, listener: Listener, worker: Worker
    ) -> None:
        listener.fail = _raise(ConflictError("no"))
        ring(1)
        worker.run()

        assert listener.echoed == [1]
        assert deliveries("echo_bell")[0].finished_at is not None


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
        ring(1)
        worker.run()
        waits = []
        for _ in range(10):
            (delivery,) = deliveries()
            assert delivery.due_at is not None
            waits.append((delivery.due_at - clock.now()).total_seconds())
            pass_time(monkeypatch, seconds=waits[-1] - 1)
            assert worker.relay() == 0
            pass_time(monkeypatch, seconds=2)
            assert worker.relay() == 1
            worker.run()
        listener.fail = lambda: None
        pass_time(monkeypatch, hours=1)
        worker.relay()
        worker.run()

        assert [round(wait, -1) for wait in waits[:4]] == [30, 60, 120, 240]
        assert [round(wait, -1) for wait in waits[-2:]] == [3600, 3600]
        assert len(listener.heard) == 12
        assert deliveries()[0].finished_at is not None

    def test_after_years_it_is_still_an_hour(self) -> None:
        assert outbox._delay(100_000) == timedelta(hours=1)

    def test_a_refusal_is_a_dead_letter_with_its_reason(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener.fail = _raise(ConflictError("there is no\x00 such \ud800column"))
        ring(1)
        worker.run()
        pass_time(monkeypatch, days=30)
        worker.relay()
        worker.run()

        (delivery,) = deliveries()
        assert delivery.died_at is not None
        assert (delivery.due_at, delivery.finished_at) == (None, None)
        assert delivery.last_error == "conflict: there is no such column"
        assert listener.heard == [1]

    def test_a_bug_is_raised_and_tried_again(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener.fail = _raise(ZeroDivisionError())
        ring(1)

        with pytest.raises(ZeroDivisionError):
            outbox.deliver(str(deliveries()[0].id))

        (delivery,) = deliveries()
        assert (delivery.last_error, delivery.leased_until) == ("ZeroDivisionError", None)
        listener.fail = lambda: None
        pass_time(monkeypatch, seconds=31)
        worker.relay()
        worker.run()
        assert deliveries()[0].finished_at is not None

    def test_a_database_that_gives_up_is_an_outage(self, listener: Listener) -> None:
        def time_out() -> None:
            with system_transaction() as session:
                session.execute(text("SET LOCAL statement_timeout = '5ms'"))
                session.execute(text("SELECT pg_sleep(1)"))

        listener.fail = time_out
        ring(1)

        outbox.deliver(str(deliveries()[0].id))

        (delivery,) = deliveries()
        assert delivery.last_error == "database: QueryCanceled"
        assert delivery.due_at is not None

    def test_whose_lease_ran_out_has_no_say_any_more(
        self, listener: Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker stops for two minutes, another one finishes its delivery, it wakes and fails."""
        ring(1)
        delivery_id = str(deliveries()[0].id)

        def sleep_and_fail() -> None:
            listener.fail = lambda: None
            pass_time(monkeypatch, minutes=2)
            outbox.deliver(delivery_id)
            raise TemporaryError("too late")

        listener.fail = sleep_and_fail
        outbox.deliver(delivery_id)

        (delivery,) = deliveries()
        assert listener.heard == [1, 1]
        assert delivery.finished_at is not None
        assert (delivery.due_at, delivery.last_error) == (None, None)


@pytest.mark.usefixtures("database")
class TestRelay:
    def test_what_redis_forgot_is_handed_over_again(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ring(1)
        queue.connection().flushdb()
        worker.run()
        assert listener.heard == []
        assert worker.relay() == 0  # the hand-over after commit has its five seconds

        pass_time(monkeypatch, seconds=6)
        assert worker.relay() == 2
        worker.run()

        assert (listener.heard, listener.echoed) == ([1], [1])

    def test_without_redis_the_change_is_kept_and_announced_later(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as outage:
            outage.setattr(queue, "connection", _away)
            ring(1)
            pass_time(monkeypatch, seconds=6)
            assert worker.relay() == 0
        assert worker.relay() == 2
        worker.run()

        assert listener.heard == [1]

    def test_a_queue_that_is_behind_is_not_filled_further(
        self, listener: Listener, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outbox, "MOST_WAITING", 2)
        ring(1)
        pass_time(monkeypatch, minutes=5)

        assert worker.relay() == 0
        assert queue.count_waiting() == 2
        worker.run()

        assert listener.heard == [1]

    def test_a_batch_takes_the_longest_due_first(
        self, listener: Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ring(1)
        pass_time(monkeypatch, seconds=1)
        ring(2)
        queue.connection().flushdb()
        pass_time(monkeypatch, seconds=60)

        assert outbox.relay(batch=2) == 2

        assert {job.args[0] for job in queue.queue().jobs} == {
            str(deliveries()[0].id),
            str(deliveries("echo_bell")[0].id),
        }
        assert listener.heard == []
