"""The demo's child processes: started, watched, started again, and never left behind."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from lti_tool.core.processes import tied

# In the environment of every child: how those of a supervisor that was killed are known again.
MARK = "CAIRN_DEMO_CHILD_OF"

STOP_SECONDS = 10.0
STEADY_SECONDS = 10.0  # a program that ran for so long did not fail at its start
LONGEST_PAUSE_SECONDS = 10.0


class DemoError(RuntimeError):
    """The demo cannot run. The message is a sentence that says what to do."""


class Program:
    """A child process that leads a group of its own, with its log in a file.

    `is_ready` is given the process's number and tells whether it does its work yet.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        is_ready: Callable[[int], bool],
    ) -> None:
        self.name = name
        self._command, self._environment = [*command], dict(environment)
        self._log, self._is_ready = log, is_ready
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_not_before = 0.0
        self._pause_seconds = 0.0

    @property
    def pid(self) -> int | None:
        """The number of the process that was started last; None before."""
        return None if self._process is None else self._process.pid

    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """Tell whether it runs and answers."""
        return self._process is not None and self.is_alive() and self._is_ready(self._process.pid)

    def start(self) -> None:
        """Start the process. Call on the main thread: the kernel ties the child to it."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                tied(self._command, signal.SIGTERM),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops all in order
            )
        self._started_at = time.monotonic()

    def revive(self) -> bool:
        """Start a dead process again; after repeated failures with a growing pause.

        Returns:
            Whether it was started.
        """
        now = time.monotonic()
        if self.is_alive():
            return False
        if self._process is not None:
            self._sweep()
            self._process = None
            if now - self._started_at > STEADY_SECONDS:
                self._pause_seconds = 0.0
            self._start_not_before = now + self._pause_seconds
            self._pause_seconds = min(max(0.5, self._pause_seconds * 2), LONGEST_PAUSE_SECONDS)
        if now < self._start_not_before:
            return False
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """Send SIGTERM, which lets running requests and jobs finish."""
        if self.is_alive() and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Wait for the process to end, and end what is left of its group."""
        if self._process is None:
            return
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._sweep()
        self._process.wait()

    def _sweep(self) -> None:
        """End the whole group: a web server's workers outlive their killed main process."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """Return the end of the log, on one line."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return " / ".join(line for line in lines[-5:] if line.strip()) or "(nothing)"


def start_all(programs: Sequence[Program], *, seconds: float) -> None:
    """Start programs side by side and return when all answer.

    Raises:
        DemoError: one ended instead, or the time is up.
    """
    for program in programs:
        program.start()
    deadline = time.monotonic() + seconds
    waiting = [*programs]
    while waiting:
        for program in waiting:
            if not program.is_alive() or time.monotonic() > deadline:
                raise DemoError(f"{program.name} does not start: {program.last_words()}")
        waiting = [program for program in waiting if not program.is_ready()]
        time.sleep(0.05)


def stop_all(programs: Sequence[Program]) -> None:
    """Stop programs side by side."""
    for program in programs:
        program.ask_to_stop()
    for program in programs:
        program.stop()


def run_once(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run one of our commands to its end.

    Raises:
        DemoError: it failed, with what it said last.
    """
    done = subprocess.run(  # noqa: S603 - our own program
        tied(cairn(*arguments), signal.SIGKILL),
        env=dict(environment),
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    if done.returncode != 0:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise DemoError(f"{name} failed: {words}")


def cairn(*arguments: str) -> list[str]:
    """Return the command line of one of our own commands."""
    return [sys.executable, "-m", "lti_tool.cli", *arguments]


def end_leftovers(home: Path) -> int:
    """Kill children of an earlier supervisor of `home` that outlived it. Linux only.

    They are known by their environment, so that no other process can be meant. The caller
    holds the lock of `home`.

    Returns:
        How many there were.
    """
    mark = f"{MARK}={home}".encode()
    ended = 0
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environment.read_bytes().split(b"\0"):
                os.kill(int(environment.parent.name), signal.SIGKILL)
                ended += 1
    return ended


def answers(url: str) -> bool:
    """Tell whether a page can be had at `url` on this machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status < http.client.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def require_free_port(port: int, variable: str) -> None:
    """See that we can listen on a port of this machine.

    Raises:
        DemoError: naming the variable that moves it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(
                f"Port {port} is in use by another program. Stop that, or take another port: "
                f"{variable}={port + 100} make demo"
            ) from error
