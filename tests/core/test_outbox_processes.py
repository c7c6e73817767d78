"""The outbox with several processes: relays at once, a worker that dies, a Redis that hangs."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask

from lti_tool.core import outbox, queue
from lti_tool.core import settings as settings_module
from lti_tool.core.settings import Settings
from tests.conftest import Worker
from tests.core.bells import Listener, deliveries, pass_time, ring


@pytest.mark.usefixtures("live_app")
def test_relays_at_once_hand_over_each_delivery_once(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring(*range(40))
    queue.connection().flushdb()
    pass_time(monkeypatch, seconds=6)

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
    ring(1)
    queue.connection().flushdb()
    delivery_id = str(deliveries()[0].id)
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

    pass_time(monkeypatch, seconds=outbox.LEASE.total_seconds() + 1)
    assert outbox.relay() == 2
    Worker().run()

    (delivery,) = deliveries()
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
