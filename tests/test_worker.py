import importlib
import io
import logging
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from lti_tool.core import clock, logs, queue
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import new_id
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.worker import PERIODIC, Periodic, hand_over_due, relay_once
from tests.conftest import Worker

ran: list[str] = []


def note() -> None:
    ran.append("note")


def fail(name: str) -> None:
    raise ValueError(f"it went wrong\n{name}")


@pytest.mark.parametrize("work", PERIODIC, ids=lambda work: work.function)
def test_periodic_work_exists_and_runs_on_an_empty_installation(
    database: Connection, work: Periodic
) -> None:
    module, _, name = work.function.rpartition(".")

    getattr(importlib.import_module(module), name)()

    assert database.in_transaction()


def test_a_job_that_fails_is_logged_once_without_what_it_was_about(worker: Worker) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.formatter(json=True))
    logging.getLogger().addHandler(handler)
    try:
        queue.enqueue(f"{__name__}.fail", ["Jane Doe"])
        worker.run()
    finally:
        logging.getLogger().removeHandler(handler)

    (line,) = [line for line in written.getvalue().splitlines() if "went wrong" in line]
    assert '"event":"job_failed"' in line
    assert "test_worker.py" in line
    assert "Jane Doe" not in written.getvalue()


def test_of_many_relays_one_hands_periodic_work_over(database: Connection, worker: Worker) -> None:
    assert database.in_transaction()
    work = [Periodic(function=f"{__name__}.note", every=timedelta(minutes=5))]
    handed_over: list[str] = []

    relays = [
        threading.Thread(target=lambda: handed_over.extend(hand_over_due(work))) for _ in range(8)
    ]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join()
    worker.run()

    assert handed_over == [f"{__name__}.note"]
    assert ran == ["note"]


def test_periodic_work_is_due_again_after_its_time(database: Connection) -> None:
    assert database.in_transaction()
    work = [Periodic(function=f"{__name__}.note", every=timedelta(milliseconds=50))]

    assert hand_over_due(work)
    threading.Event().wait(0.1)
    assert hand_over_due(work)


def test_a_relay_puts_nothing_off_while_redis_is_away(
    database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_at = clock.now() - timedelta(minutes=1)
    with system_transaction() as session:
        session.add(
            OutboxDelivery(
                event_id=new_id(),
                event_type="Nothing",
                subscriber="nobody",
                payload={},
                recorded_at=due_at,
                due_at=due_at,
            )
        )
    connection = queue.connection()
    connection.connection_pool.reset()
    monkeypatch.setitem(connection.connection_pool.connection_kwargs, "port", 1)

    assert relay_once() == 0
    assert database.scalar(select(OutboxDelivery.due_at)) == due_at

    monkeypatch.undo()
    connection.connection_pool.reset()
    assert relay_once() == 1
