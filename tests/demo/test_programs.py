"""Child processes: real ones, small ones."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lti_tool.demo import programs
from lti_tool.demo.programs import DemoError, Program

SLEEP = "import time; time.sleep(60)"
# A main process with a worker of its own, as a web server has.
FAMILY = (
    "import subprocess, sys, time;"
    f"worker = subprocess.Popen([sys.executable, '-c', '{SLEEP}']);"
    "print(worker.pid, flush=True); worker.wait()"
)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def program(folder: Path, code: str) -> Iterator[Program]:
    child = Program(
        "child",
        [sys.executable, "-c", code],
        environment=os.environ,
        log=folder / "child.log",
        is_ready=lambda _pid: False,
    )
    try:
        yield child
    finally:
        child.stop()


def test_a_killed_program_is_started_again_with_what_was_left_of_its_group_ended(
    tmp_path: Path,
) -> None:
    with program(tmp_path, FAMILY) as child:
        child.start()
        log = tmp_path / "child.log"
        wait_for(lambda: log.read_text().endswith("\n"), "its worker's number")
        first, worker = child.pid, int(log.read_text())
        assert child.revive() is False

        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: not child.is_alive(), "death")
        assert is_running(worker)

        assert child.revive() is True
        assert child.is_alive()
        assert child.pid != first
        wait_for(lambda: not is_running(worker), "the end of the old worker")


def test_a_program_that_keeps_failing_is_tried_with_growing_pauses(tmp_path: Path) -> None:
    with program(tmp_path, "raise SystemExit('no such luck')") as child:
        child.start()
        starts = 0
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            starts += child.revive()
            time.sleep(0.01)

        assert 2 <= starts <= 4  # at once, after half a second, a second, two
        assert "no such luck" in child.last_words()


def test_a_program_that_ends_at_its_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    with (
        program(tmp_path, "raise SystemExit('port is taken')") as child,
        pytest.raises(DemoError, match="child does not start: port is taken"),
    ):
        programs.start_all([child], seconds=20)


def test_a_program_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "STOP_SECONDS", 0.5)
    deaf = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"print('deaf', flush=True); {SLEEP}"
    )
    with program(tmp_path, deaf) as child:
        child.start()
        wait_for(lambda: "deaf" in child.last_words(), "deafness")
        pid = child.pid

        child.stop()

        assert pid is not None
        assert not is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are known by /proc")
def test_only_children_of_the_same_home_are_ended(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "mine too"
    left, stranger = (
        subprocess.Popen([sys.executable, "-c", SLEEP], env={programs.MARK: str(home)})
        for home in (mine, other)
    )

    # Popen returns when the program was started, so its environment is the new one.
    assert programs.end_leftovers(mine) == 1

    left.wait(10)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_taken_port_is_told_with_the_variable_that_moves_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(DemoError, match=f"Port {port} is in use.*SOME_PORT={port + 100}"):
            programs.require_free_port(port, "SOME_PORT")

    programs.require_free_port(port, "SOME_PORT")


def test_a_failed_command_is_told_with_what_it_said() -> None:
    with pytest.raises(DemoError, match=r"Reading the mail failed: .*No such command 'mail'"):
        programs.run_once("Reading the mail", ["mail"], os.environ)
