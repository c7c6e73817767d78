"""`make demo` as people run it: started, hurt, stopped, started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from lti_tool.demo import programs
from lti_tool.demo.programs import answers

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are known by /proc"),
]

CHILDREN = {"serve", "worker", "relay", "campus"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo's place and ports, whether it runs or not."""

    home: Path
    port: int
    campus_port: int

    @property
    def command(self) -> list[str]:
        ports = ["--port", str(self.port), "--campus-port", str(self.campus_port)]
        return programs.cairn("demo", "--home", str(self.home), *ports)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            [*self.command, *arguments],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """Start it and wait for the printed URL; stop it with Ctrl-C if the test did not.

        What is there already is not made again: the second start is to take seconds.
        """
        new = not (self.home / "state.json").exists()
        with subprocess.Popen(
            self.command, env=environment(), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            assert ("demo content is loaded" in said) is new, said
            assert f"Open  http://127.0.0.1:{self.campus_port}/" in said, said
            assert "Safari" in said
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                process.stdout.read()
                process.wait(60)

    def processes(self) -> dict[int, str]:
        """Return the command lines of everything that belongs to it, by number."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                marked = f"{programs.MARK}={self.home}".encode()
                if str(self.home) in command or marked in (folder / "environ").read_bytes():
                    found[int(folder.name)] = command
        return found

    def pids(self) -> dict[str, int]:
        """Return the number of each program and server by name."""
        own = {
            word: pid
            for pid, command in self.processes().items()
            for word in CHILDREN
            if f"lti_tool.cli {word}" in command
        }
        for name, file in (("postgres", "postgres/postmaster.pid"), ("valkey", "valkey.pid")):
            with suppress(OSError, IndexError):
                own[name] = int((self.home / file).read_text().split()[0])
        return own

    def is_whole(self) -> bool:
        return (
            answers(f"http://127.0.0.1:{self.campus_port}/")
            and answers(f"http://127.0.0.1:{self.port}/lti/jwks.json")
            and self.pids().keys() == CHILDREN | {"postgres", "valkey"}
        )


def environment() -> dict[str, str]:
    return {name: word for name, word in os.environ.items() if not name.startswith("CAIRN_")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home = tmp_path_factory.mktemp("demo") / "a home"
    return Demo(home, free_port(), free_port())


def test_whatever_is_killed_runs_again(demo: Demo) -> None:
    with demo.running():
        assert demo.is_whole()
        for victim in ("serve", "worker", "relay", "campus", "valkey", "postgres"):
            before = demo.pids()[victim]

            os.kill(before, signal.SIGKILL)

            wait_for(
                lambda victim=victim, before=before: (  # type: ignore[misc]
                    demo.pids().get(victim, before) != before and demo.is_whole()
                ),
                f"{victim} runs again",
            )


def test_ctrl_c_leaves_nothing_and_the_data_are_there_the_next_time(demo: Demo) -> None:
    with demo.running() as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert demo.processes() == {}

    with demo.running() as process:
        assert not (demo.home / "state.partial").exists()

        second, reset = demo.run(), demo.run("--reset")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert (second.returncode, reset.returncode) == (1, 1)
    assert f"in use by another process (number {process.pid})" in second.stderr
    assert f"in use by another process (number {process.pid})" in reset.stderr
    assert demo.processes() == {}


def test_a_killed_supervisor_leaves_nothing_and_hinders_nothing(demo: Demo) -> None:
    with demo.running() as process:
        process.kill()
        process.wait()
        wait_for(lambda: demo.processes() == {}, "nothing left")

    with demo.running():
        assert demo.is_whole()


def test_a_taken_or_another_port_is_told_and_forgetting_forgets(demo: Demo) -> None:
    with demo.running():
        pass
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", demo.port))
        taken.listen()
        refused = demo.run()
    other = Demo(demo.home, free_port(), demo.campus_port).run()
    forgotten = demo.run("--reset")

    assert refused.returncode == 1
    assert f"Port {demo.port} is in use by another program" in refused.stderr
    assert other.returncode == 1
    assert f"was made with port {demo.port}" in other.stderr
    assert forgotten.returncode == 0
    assert [path.name for path in demo.home.iterdir()] == ["lock"]
