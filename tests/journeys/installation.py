"""Cairn and Campus as `make demo` runs them: two sites, real processes, one supervisor."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from playwright.sync_api import Browser, BrowserContext

from lti_tool.demo import programs
from tests.browser import ARGUMENTS
from tests.helpers import require

PROGRAMS = {"serve", "worker", "relay"}


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until `condition()` holds; fail, saying `what` did not come, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One that runs. Cairn and Campus are different sites to a browser."""

    home: Path
    cairn_url: str
    campus_url: str

    def pid(self, name: str) -> int:
        """Return the number of "serve", "worker", "relay" or "valkey"; 0 while it does not run."""
        if name == "valkey":
            try:
                return int((self.home / "valkey.pid").read_text().split()[0])
            except (OSError, IndexError):
                return 0
        words = f"lti_tool.cli {name}"
        # The web server's own workers have the same words, but lead no group.
        found = [pid for pid in _leaders(self.home) if words in _command(pid)]
        return max(found, default=0)

    def kill(self, name: str) -> int:
        """End it as a power cut would. Return its number."""
        pid = self.pid(name)
        assert pid, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_another(self, name: str, killed: int) -> None:
        """Wait until the supervisor has started it again and the web answers."""
        wait_for(lambda: self.pid(name) not in {0, killed}, f"{name} runs again")
        wait_for(lambda: programs.answers(f"{self.cairn_url}/lti/jwks.json"), "Cairn answers")

    @contextmanager
    def database(self, program: str = "serve") -> Iterator[psycopg.Connection]:
        """Connect as a program does: "serve", as the role whose rows are chosen, or "campus"."""
        pairs = (Path("/proc") / str(self.pid(program)) / "environ").read_bytes().split(b"\0")
        settings = dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)
        names = {"serve": b"CAIRN_DATABASE_URL", "campus": b"CAIRN_CAMPUS_DATABASE_URL"}
        url = settings[names[program]].decode().replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            yield connection

    @contextmanager
    def tenant(self) -> Iterator[psycopg.Connection]:
        """Connect within a transaction of the demo's institution."""
        with self.database() as connection:
            (institution,) = connection.execute("SELECT id FROM institutions").fetchone() or ("",)
            connection.execute(
                "SELECT set_config('app.institution_id', %s, true)", [str(institution)]
            )
            yield connection


def _leaders(home: Path) -> Iterator[int]:
    mark = f"{programs.MARK}={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked, or is another user's
            pid = int(folder.name)
            if os.getpgid(pid) == pid and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield pid


def _command(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_installation(home: Path) -> Iterator[Installation]:
    """Start everything with the demo's content, and stop it when the block ends."""
    port, campus_port = _free_port(), _free_port()
    command = programs.cairn(
        *("demo", "--home", str(home), "--port", str(port), "--campus-port", str(campus_port)),
        *("--allow", "127.0.0.1"),  # where journeys start LMSs of their own
    )
    inherited = {name: word for name, word in os.environ.items() if not name.startswith("CAIRN_")}
    said = home.parent / "supervisor.log"
    with (
        said.open("wb") as output,
        subprocess.Popen(command, env=inherited, stdout=output, stderr=output) as supervisor,
    ):
        try:
            wait_for(
                lambda: supervisor.poll() is not None or "Ctrl-C" in said.read_text(),
                "the demo runs",
                seconds=150,
            )
            assert supervisor.poll() is None, said.read_text()
            yield Installation(
                home=home,
                cairn_url=f"http://localhost:{port}",
                campus_url=f"http://127.0.0.1:{campus_port}",
            )
        finally:
            supervisor.send_signal(signal.SIGINT)
            try:
                supervisor.wait(60)
            except subprocess.TimeoutExpired:
                supervisor.kill()  # leaving the block would wait for it for ever
                raise


@contextmanager
def allowing_third_party_cookies(browser: Browser, home: Path) -> Iterator[BrowserContext]:
    """Open a browser that lets framed sites keep what they like; the default blocks it."""
    preferences = home / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    allow = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
    preferences.write_text(json.dumps(allow))
    context = browser.browser_type.launch_persistent_context(
        home, executable_path=require("chromium"), args=ARGUMENTS
    )
    yield context
    context.close()
