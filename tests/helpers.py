"""What tests of every package share and that is no fixture."""

import asyncio.events
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHARED = Path(__file__).parents[2] / "shared"


def require(program: str) -> str:
    """Return the path of a program, or skip the test; CAIRN_REQUIRE_ALL=1 makes that a failure."""
    path = shutil.which(program)
    if path is not None:
        return path
    reason = f"{program} is not installed: .ci/run installs it"
    if os.environ.get("CAIRN_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def shared_folder(*parts: str) -> Path:
    """Return a folder of reference data that lies beside some checkouts, or skip the test."""
    folder = SHARED.joinpath(*parts)
    if not folder.exists():
        pytest.skip(f"the reference data {'/'.join(parts)} is not beside this checkout")
    return folder


class Served:
    """An application behind a server whose requests can be waited for when it stops.

    Closes every answer: Werkzeug's server leaves one open whose client is gone, and its file. A
    request that a browser sends while its page closes comes after the end, and is refused: its
    connection to the database would be nobody's.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._under_way = 0
        self._has_ended = False
        self._changed = threading.Condition()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        with self._changed:
            if self._has_ended:
                start_response("503 Service Unavailable", [("Content-Length", "0")])
                return
            self._under_way += 1
        try:
            answer = self._app(environ, start_response)
            with ExitStack() as ended:
                if hasattr(answer, "close"):  # a list has none (PEP 3333)
                    ended.callback(answer.close)
                yield from answer
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._has_ended = True
            self._changed.wait_for(lambda: not self._under_way, timeout=30)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` from threads of this process on 127.0.0.1. Yields the base URL, without slash.

    Its requests do not see a test's open transaction: use `live_database`.
    """
    served = Served(app)
    server = make_server("127.0.0.1", 0, served, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        served.end()


@contextmanager
def no_running_loop() -> Iterator[None]:
    """Let `asyncio.run` work: Playwright's loop counts as running in this thread while it lives."""
    before = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        yield
    finally:
        asyncio.events._set_running_loop(before)


_CLEAR = text("SELECT pg_stat_clear_snapshot()")  # who is there is read once in a transaction
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_for_a_lock(connection: Connection, waiting: int = 1) -> None:
    """Return once this many others wait for a lock in this connection's database."""
    deadline = time.monotonic() + 20
    while (connection.scalar(_WAITING) or 0) < waiting:
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)
        connection.execute(_CLEAR)
