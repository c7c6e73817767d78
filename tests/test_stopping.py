"""SIGTERM: what is under way is finished, nothing is lost, and the process ends in time."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from lti_tool import worker
from lti_tool.core import clock, metrics, queue
from lti_tool.core import settings as settings_module
from lti_tool.core.db import system_transaction
from lti_tool.core.settings import Settings
from lti_tool.launch.models import UsedLogin
from tests.test_cli import events, running, wait_for

FORGET = "lti_tool.launch.forgetting.forget_expired"
AWAKE = "lti_tool.grading.jobs.wake_due_lanes"


@contextmanager
def locked(settings: Settings, table: str) -> Iterator[None]:
    """Let whatever reads or writes a table wait for the end of the block."""
    url = (settings.database.owner_url or "").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def waits_for_a_lock(settings: Settings) -> bool:
    url = (settings.database.owner_url or "").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE NOT granted AND datname = current_database()"
        ).fetchone()
    return bool(row and row[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_web_server_answers_what_it_was_asked_before_it_ends(
    live_settings: Settings, tmp_path: Path
) -> None:
    port = free_port()
    settings = replace(live_settings, base_url=f"http://localhost:{port}")
    address = f"http://127.0.0.1:{port}"
    answers: list[int] = []

    def ask() -> None:
        answers.append(httpx.get(f"{address}/readyz", timeout=30).status_code)

    log = tmp_path / "log"
    with running(settings, "serve", "--port", str(port), log=log) as process:
        wait_for(lambda: is_up(address), "it serves")
        refused = httpx.post(f"{address}/lti/launch", data={"state": "s", "id_token": "x.y.z"})
        with locked(settings, "alembic_version"):
            asking = threading.Thread(target=ask)
            asking.start()
            wait_for(lambda: waits_for_a_lock(settings), "the request is under way")
            process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert process.poll() is None, "it waits for the request"
            assert answers == []
        asking.join()
        assert answers == [200]
        assert process.wait(20) == 0
        assert not is_up(address)
    # What the certification suite and whoever looks for a fault read: one line a launch.
    (launch,) = (line for line in events(log) if line["event"] == "launch")
    assert (launch["outcome"], launch["code"]) == ("refused", "launch_used")
    assert launch["request_id"] == refused.headers["X-Request-Id"]
    assert not [line for line in events(log) if line["event"] == "refused"]


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_worker_finishes_its_job_and_leaves_the_others(live_app: Flask) -> None:
    assert live_app.testing
    settings = settings_module.current()
    leave_used_login()
    with running(settings, "worker") as process:
        with locked(settings, "used_logins"):
            queue.enqueue(FORGET, [])
            wait_for(lambda: waits_for_a_lock(settings), "the job is under way")
            queue.enqueue(AWAKE, [])
            process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert process.poll() is None, "it waits for the job"
        assert process.wait(20) == 0
    with system_transaction() as session:
        assert session.scalar(select(func.count()).select_from(UsedLogin)) == 0
    assert queue.count_waiting() == 1
    assert queue.connection().hlen(metrics.KEY), "what it counted is left behind"


def test_a_worker_that_never_found_redis_ends_when_it_is_told_to(
    live_settings: Settings, tmp_path: Path
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    log = tmp_path / "log"
    with running(replace(live_settings, redis_url=nowhere), "worker", log=log) as process:
        wait_for(lambda: "queue_lost" in log.read_text(), "it looks for Redis")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert {line["event"] for line in events(log)} == {"started", "queue_lost"}


def test_a_worker_that_lost_redis_ends_when_it_is_told_to_and_finishes_its_job(
    live_app: Flask, tmp_path: Path
) -> None:
    assert live_app.testing
    settings = settings_module.current()
    leave_used_login()
    log = tmp_path / "log"
    with (
        forwarding(settings.redis_url) as (url, cut_off),
        running(replace(settings, redis_url=url), "worker", log=log) as process,
    ):
        with locked(settings, "used_logins"):
            queue.enqueue(FORGET, [])
            wait_for(lambda: waits_for_a_lock(settings), "the job is under way")
            cut_off()
            process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert process.poll() is None, "it waits for the job"
        assert process.wait(60) == 0
    with system_transaction() as session:
        assert session.scalar(select(func.count()).select_from(UsedLogin)) == 0
    assert "StopRequested" not in log.read_text()


def test_a_worker_that_cannot_go_on_begins_again_after_a_pause_until_it_can(
    live_app: Flask, tmp_path: Path
) -> None:
    assert live_app.testing
    settings, log = settings_module.current(), tmp_path / "log"
    waiting = queue.queue().key
    queue.connection().set(waiting, "no list of jobs")  # which RQ does not expect, and gives up
    began_at = time.monotonic()
    with running(settings, "worker", log=log) as process:
        wait_for(lambda: log.read_text().count('"worker_ended"') > 2, "it begins again")
        assert time.monotonic() - began_at > 2 * worker.RECONNECT_SECONDS
        queue.connection().delete(waiting)
        leave_used_login()
        queue.enqueue(FORGET, [])
        wait_for(lambda: queue.count_waiting() == 0, "it goes on")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with system_transaction() as session:
        assert session.scalar(select(func.count()).select_from(UsedLogin)) == 0


@contextmanager
def forwarding(url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Stand between a process and Redis; yield the address, and how to be away from then on."""
    parts = urlsplit(url)
    listening = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = [listening]

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection((parts.hostname or "", parts.port or 0))
                open_ones.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    def cut_off() -> None:
        for one in open_ones:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    accepting = threading.Thread(target=accept)
    accepting.start()
    port = listening.getsockname()[1]
    place = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    try:
        yield parts._replace(netloc=f"{place}127.0.0.1:{port}").geturl(), cut_off
    finally:
        cut_off()
        accepting.join()


def leave_used_login() -> None:
    with system_transaction() as session:
        session.add(UsedLogin(state_hash=b"state", expires_at=clock.now() - timedelta(hours=2)))


def test_a_relay_ends_at_once(live_settings: Settings) -> None:
    with (
        running(live_settings, "relay") as process,
        Redis.from_url(live_settings.redis_url) as redis,
    ):
        wait_for(lambda: redis.exists(queue.RELAY_SIGN), "it runs")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
