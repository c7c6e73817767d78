"""A site of real processes that can be killed: PostgreSQL, Valkey, and `cairn serve` over them."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from sqlalchemy import make_url

from lti_tool.core import schema, servers
from lti_tool.core.settings import Database, Settings

KEY = b"only for tests: 32 bytes of key."
PASSWORD = "only-for-tests"


@dataclass(kw_only=True)
class Site:
    """What runs, and how to end it as a power cut would."""

    url: str
    running: servers.Servers
    database_url: str
    environ: dict[str, str]
    workers: int
    web: subprocess.Popen[bytes] = field(init=False)

    def start_web(self) -> None:
        """Start the web server, which takes a while."""
        port = self.url.rpartition(":")[2]
        serve = ["serve", "--port", port, "--workers", str(self.workers)]
        self.web = subprocess.Popen(
            [sys.executable, "-m", "lti_tool.cli", *serve],
            env=self.environ,
            start_new_session=True,
        )

    def await_web(self) -> None:
        """Wait until the web server answers."""
        deadline = time.monotonic() + 120
        while not self.answers():
            assert self.web.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)

    def answers(self) -> bool:
        """Tell whether a request is answered."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/lti/jwks.json", timeout=5).status_code == 200
        return False

    def worker_pids(self) -> list[int]:
        """Return the web server's processes that answer requests."""
        found = []
        for task in Path(f"/proc/{self.web.pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if command and b"resource_tracker" not in command:
                    found.append(int(pid))
        return found

    def kill_worker(self) -> None:
        """End one process of the web server; the server starts another."""
        os.kill(self.worker_pids()[0], signal.SIGKILL)

    def kill_web(self) -> None:
        """End all of the web server, and start it again."""
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait()
        self.start_web()
        self.await_web()

    def kill_database(self) -> None:
        """End PostgreSQL with everything it had in memory, and start it again."""
        os.kill(self.running.pids()["PostgreSQL"], signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not self.running.revive():
            assert time.monotonic() < deadline, "PostgreSQL was not killed"
            time.sleep(0.02)

    def connect(self) -> psycopg.Connection:
        """Connect as the cluster's superuser, who sees every institution's rows."""
        return psycopg.connect(self.running.database.replace("+psycopg", ""), autocommit=True)


@contextmanager
def running_site(
    home: Path, *, workers: int = 2, log: str = "text"
) -> Iterator[tuple[Site, Settings]]:
    """Run a migrated site until the block ends; durable, since its servers will be killed.

    Args:
        home: a folder for its data.
        workers: how many web processes.
        log: as CAIRN_LOG; production's is `json`.
    """
    with servers.running(home / "servers") as running, socket.socket() as probe:
        application = make_url(running.database).set(username="cairn_app", password=PASSWORD)
        url = application.render_as_string(hide_password=False)
        probe.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        kept = {name: word for name, word in os.environ.items() if not name.startswith("CAIRN_")}
        site = Site(
            url=origin,
            running=running,
            database_url=url,
            workers=workers,
            environ={
                **kept,
                "CAIRN_MODE": "demo",
                "CAIRN_LOG": log,
                "CAIRN_BASE_URL": origin,
                "CAIRN_ISSUER_URL": origin.replace("127.0.0.1", "localhost"),
                "CAIRN_DATABASE_URL": url,
                "CAIRN_REDIS_URL": running.redis,
                "CAIRN_SECRET_KEY": base64.urlsafe_b64encode(KEY).decode(),
                "CAIRN_STORAGE_DIR": str(home / "storage"),
            },
        )
        site.start_web()
        schema.upgrade(running.database, url)  # meanwhile
        site.await_web()
        settings = Settings(
            base_url=origin,
            issuer_url=origin,
            database=Database(url=url),
            redis_url=running.redis,
            secret_keys=(KEY,),
            storage_dir=home / "storage",
            mode="demo",
        )
        try:
            yield site, settings
        finally:
            with suppress(ProcessLookupError):
                os.killpg(site.web.pid, signal.SIGKILL)
            site.web.wait()
