"""Server processes that are tied to ours: nothing stays behind, and what died starts again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

START_SECONDS = 60  # crash recovery may take its time
STOP_SECONDS = 30


class ServerStartError(RuntimeError):
    """A server cannot run here. The message is a sentence that says what to do."""


def tied(command: Sequence[str], stop: signal.Signals) -> list[str]:
    """Return the command that runs `command` and has the kernel send it `stop` when we die.

    The signal comes when the starting *thread* ends: start it on the main thread. Without
    `setpriv` (macOS) the command is returned as it is.
    """
    if shutil.which("setpriv") is None:
        return [*command]
    return ["setpriv", "--pdeathsig", stop.name.removeprefix("SIG"), "--", *command]


class Server:
    """One server process that can be started again on the port it had."""

    def __init__(  # noqa: PLR0913 - values of one process, all named
        self,
        *,
        name: str,
        data: Path,
        unprivileged: Sequence[str],
        command: Callable[[int], list[str]],
        url: Callable[[int], str],
        pid_file: Path,
        is_ready: Callable[[int, int], bool],
        stop_signal: signal.Signals,
    ) -> None:
        self.name, self._data, self._unprivileged = name, data, unprivileged
        self._command, self._url, self._is_ready = command, url, is_ready
        self._pid_file, self._stop_signal = pid_file, stop_signal
        self._log = data.with_suffix(".log")
        self._log.unlink(missing_ok=True)
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where to connect; the same for as long as this object lives."""
        return self._url(self._listening_port())

    @property
    def pid(self) -> int:
        """The number of the process that was started last."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and return when it answers.

        Raises:
            ServerStartError: it does not, with the end of its log.
        """
        first = self._port is None
        for _ in range(5):
            stop_leftover(self._pid_file, self._data, self._stop_signal)
            if first:
                self._port = _free_port()
            if self._comes_up():
                return
            # Someone took the free port meanwhile, or what is left of a killed server still
            # holds port or memory: both pass.
            if not self._log_says("in use"):
                break
            time.sleep(0.5)
        raise ServerStartError(
            f"{self.name} does not start. Its log {self._log} ends: {self._last_words()}"
        )

    def _comes_up(self) -> bool:
        port = self._listening_port()
        command = [*self._unprivileged, *tied(self._command(port), self._stop_signal)]
        with self._log.open("ab") as output:
            # A session of its own: Ctrl-C in the terminal is for us, who stop it in good order.
            self._process = subprocess.Popen(  # noqa: S603 - our own binaries and arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                if self._is_ready(port, self._process.pid):
                    return True
            time.sleep(0.02)
        self.stop()
        return False

    def stop(self) -> None:
        """Ask the process to end, and see that it does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listening_port(self) -> int:
        if self._port is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._port

    def _log_says(self, words: str) -> bool:
        return words in "\n".join(self._log_lines()[-10:])

    def _last_words(self) -> str:
        return " / ".join(self._log_lines()[-3:]) or "(nothing)"

    def _log_lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines() if self._log.exists() else []


def stop_leftover(pid_file: Path, data: Path, stop: signal.Signals) -> None:
    """End a server that outlived its owner; forget one that is dead but not yet reaped.

    We hold the lock of the directory, so its owner is gone. PostgreSQL takes a zombie, or a
    stranger that got the old number, for a living server and would refuse to start.
    """
    asked = False
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            pid = int(pid_file.read_text().split()[0])
        except (OSError, IndexError, ValueError):
            return
        command = _command_of(pid)
        if command is None:
            return  # a stale file, which both servers recognise
        if str(data) not in command:
            pid_file.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise ServerStartError(
                f"Process {pid} still uses {data} and does not stop. End it: kill {pid}"
            )
        if not asked:
            with suppress(ProcessLookupError):
                os.kill(pid, stop)
            asked = True
        time.sleep(0.1)


def _command_of(pid: int) -> str | None:
    """Return the command line of a process, empty for a zombie, None if there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        except OSError:
            return None
    ps = subprocess.run(  # noqa: S603 - a number is all that varies
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 - macOS: where it stands varies
        check=False,
        capture_output=True,
        text=True,
    )
    return ps.stdout if ps.returncode == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
