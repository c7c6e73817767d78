"""`make demo`: everything on one machine, under one process that starts, watches and stops it.

Cairn is at `localhost`, Campus at `127.0.0.1`: two sites to a browser, as in production.
"""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol

from redis import Redis
from rq.worker import SimpleWorker

from lti_tool.core import schema, servers
from lti_tool.core.queue import RELAY_SIGN
from lti_tool.demo import databases, programs
from lti_tool.demo.programs import DemoError, Program, answers, cairn
from lti_tool.demo.state import State, read_state

HOME = Path(__file__).parents[2] / ".cairn" / "demo"
START_SECONDS = 90.0
WATCH_SECONDS = 0.25
PORT, CAMPUS_PORT = "CAIRN_DEMO_PORT", "CAIRN_DEMO_CAMPUS_PORT"

SAFARI = (
    "Safari keeps no secure cookies on plain http, not even on this machine: "
    "use Chrome, Edge or Firefox for the demo."
)

Say = Callable[[str], None]


class _Backend(Protocol):
    """Where the demo's PostgreSQL and Redis are."""

    @property
    def database(self) -> str: ...
    @property
    def redis(self) -> str: ...
    def revive(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Servers that somebody else runs.

    Attributes:
        database: SQLAlchemy URL of an account that may create databases and roles.
        redis: its URL.
    """

    database: str
    redis: str

    def revive(self) -> list[str]:
        """Do nothing: they are not ours to start."""
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What whoever starts the demo may choose.

    Attributes:
        web_port, campus_port: None for the ones it had, or 8400 and 8401.
        elsewhere: servers to use instead of embedded ones.
        allowed_hosts: further ones of this machine or network that Cairn may call.
    """

    home: Path = HOME
    web_port: int | None = None
    campus_port: int | None = None
    elsewhere: Elsewhere | None = None
    allowed_hosts: tuple[str, ...] = ()


def run(wishes: Wishes, say: Say) -> None:
    """Run the demo until Ctrl-C, SIGTERM or a closed terminal. Call on the main thread.

    Raises:
        DemoError, ServerStartError: it cannot run here; a sentence for the person.
    """
    # SIGINT too: what a script starts in the background is born deaf to it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with _started(wishes, say) as (backend, children):
            while True:
                time.sleep(WATCH_SECONDS)
                _heal(backend, children, say)
    except KeyboardInterrupt:
        say("Stopped. Its data is kept; make demo goes on from there.")


def forget(home: Path, say: Say) -> None:
    """Delete the demo's data.

    Raises:
        DemoError, ServerStartError: it is running, or the files are another user's.
    """
    if not home.exists():
        say("There is nothing to forget.")
        return
    with servers.owning(home):
        programs.end_leftovers(home)
        for path in home.iterdir():
            if path.name == "lock":
                continue
            try:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            except PermissionError as error:
                raise DemoError(
                    f"{error.filename} belongs to another user. Run make demo-reset as that user."
                ) from error
    say("Forgotten. make demo starts afresh.")


@contextmanager
def _started(wishes: Wishes, say: Say) -> Iterator[tuple[_Backend, Sequence[Program]]]:
    home = wishes.home.resolve()
    with ExitStack() as stack:
        try:
            yield _start(wishes, home, stack, say)
        finally:
            _deafen()  # a second Ctrl-C shall not cut the stopping short


def _start(
    wishes: Wishes, home: Path, stack: ExitStack, say: Say
) -> tuple[_Backend, Sequence[Program]]:
    """Start everything; what `stack` holds stops it again, at whatever step we are."""
    watch = _Stopwatch(say)
    backend = stack.enter_context(_backend(wishes, home))
    stack.callback(say, "Stopping ...")
    programs.end_leftovers(home)
    state = _state(wishes, home)
    watch.done("PostgreSQL and Valkey run" if wishes.elsewhere is None else "servers found")

    environment = _environment(state, backend, home, wishes.allowed_hosts)
    if not state.seeded:
        databases.make_databases(backend.database, state)
    elif databases.find_missing(backend.database):
        raise DemoError(
            "The demo's data are of an older version, which had no evening school. Forget them "
            "with: make demo-reset"
        )
    schema.upgrade(
        databases.owner_url(backend.database, state), databases.app_url(backend.database, state)
    )
    watch.done("database is up to date")
    if not state.seeded:
        programs.run_once("Loading the demo content", ["campus", "--seed"], environment)
        state.seeded = True
        state.write(home)
        watch.done("demo content is loaded")

    children = _children(state, environment, home, backend.redis)
    stack.callback(programs.stop_all, children)
    programs.start_all(children, seconds=START_SECONDS)
    watch.done(f"{', '.join(child.name for child in children)} run")
    say(f"\n  Open  {state.campus_url}/\n")
    say("That is Campus, a small LMS: choose who you want to be there and open a course.")
    say(SAFARI)
    say("Ctrl-C stops everything.")
    return backend, children


@contextmanager
def _backend(wishes: Wishes, home: Path) -> Iterator[_Backend]:
    if wishes.elsewhere is not None:
        with servers.owning(home):
            yield wishes.elsewhere
        return
    with servers.running(home) as running:
        yield running


def _state(wishes: Wishes, home: Path) -> State:
    """Return what the demo remembers, after seeing that its ports are free.

    Raises:
        DemoError: a port is taken, or another one is wished for than the data was made with.
    """
    state = read_state(home)
    if state is None:
        web_port = wishes.web_port or 8400
        state = State(web_port=web_port, campus_port=wishes.campus_port or web_port + 1)
    for wish, port, variable in (
        (wishes.web_port, state.web_port, PORT),
        (wishes.campus_port, state.campus_port, CAMPUS_PORT),
    ):
        if state.seeded and wish not in {None, port}:
            raise DemoError(
                f"The demo's data was made with port {port}, which is part of its credentials, "
                f"not {wish}. Leave {variable} away, or forget the data first: make demo-reset"
            )
        programs.require_free_port(port, variable)
    state.write(home)
    return state


def _environment(
    state: State, backend: _Backend, home: Path, allowed_hosts: Sequence[str]
) -> dict[str, str]:
    own = (f"127.0.0.1:{state.campus_port}", f"localhost:{state.web_port}")
    inherited = os.environ  # noqa: TID251 - children find their programs and locale as we do
    return {
        **{name: word for name, word in inherited.items() if not name.startswith("CAIRN_")},
        programs.MARK: str(home),
        "CAIRN_MODE": "demo",
        "CAIRN_BASE_URL": state.base_url,
        "CAIRN_DATABASE_URL": databases.app_url(backend.database, state),
        "CAIRN_OWNER_DATABASE_URL": databases.owner_url(backend.database, state),
        "CAIRN_REDIS_URL": backend.redis,
        "CAIRN_SECRET_KEY": state.secret_key,
        "CAIRN_STORAGE_DIR": str(home / "storage"),
        "CAIRN_MAIL_URL": (home / "mail").absolute().as_uri(),
        "CAIRN_MAIL_FROM": "Cairn <cairn@localhost>",
        "CAIRN_ALLOWED_HOSTS": ",".join((*own, *allowed_hosts)),
        "CAIRN_CAMPUS_DATABASE_URL": databases.campus_url(backend.database, state),
        "CAIRN_CAMPUS_EVENING_DATABASE_URL": databases.evening_url(backend.database, state),
        "CAIRN_CAMPUS_URL": state.campus_url,
        "CAIRN_CAMPUS_SECRET_KEY": state.campus_secret_key,
        "PYTHONUNBUFFERED": "1",
    }


def _children(
    state: State, environment: Mapping[str, str], home: Path, redis_url: str
) -> list[Program]:
    redis = Redis.from_url(redis_url)

    def child(name: str, *arguments: str, ready: Callable[[int], bool]) -> Program:
        log = home / f"{name.lower()}.log"
        log.unlink(missing_ok=True)
        return Program(name, cairn(*arguments), environment=environment, log=log, is_ready=ready)

    return [
        child(
            "Cairn",
            *("serve", "--host", "127.0.0.1", "--port", str(state.web_port)),
            ready=lambda _pid: answers(f"http://127.0.0.1:{state.web_port}/lti/jwks.json"),
        ),
        child("worker", "worker", ready=lambda pid: pid in _worker_pids(redis)),
        child("relay", "relay", ready=lambda pid: redis.get(RELAY_SIGN) == str(pid).encode()),
        child(
            "Campus",
            *("campus", "--port", str(state.campus_port)),
            ready=lambda _pid: answers(f"{state.campus_url}/"),
        ),
    ]


def _worker_pids(redis: Redis) -> set[int | None]:
    return {worker.pid for worker in SimpleWorker.all(connection=redis)}


def _heal(backend: _Backend, children: Sequence[Program], say: Say) -> None:
    for name in backend.revive():
        say(f"{name} had stopped and runs again.")
    for child in children:
        if child.revive():
            say(f"{child.name} had stopped and runs again. ({child.last_words()[-200:]})")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _deafen() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


class _Stopwatch:
    """Tells after each step what is done and how long it took."""

    def __init__(self, say: Say) -> None:
        self._say, self._since = say, time.monotonic()

    def done(self, step: str) -> None:
        now = time.monotonic()
        self._say(f"  {now - self._since:5.1f} s  {step}")
        self._since = now
