"""Look an installation over: what is so, and what to do about what is not right."""

import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from rq.worker import SimpleWorker
from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from lti_tool.core import clock, http, keys, mail, outbox, queue, schema
from lti_tool.core.db import Base, TenantRow, system_transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.settings import Settings

CLOCK_TOLERANCE = timedelta(seconds=5)
LATE = timedelta(minutes=5)
RENEW_WITHIN = timedelta(days=14)
CROWDED = 0.8  # of the connections that PostgreSQL allows
SCARCE_BYTES, SCARCE_SHARE = 2_000_000_000, 0.05
# Linux 5.14 and up: what waits at a listener that ends goes to another one of the same address.
MIGRATES = Path("/proc/sys/net/ipv4/tcp_migrate_req")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        about: what was checked, in a word or two.
        ok: nothing has to be done.
        says: what is so; when not ok, also what to do.
    """

    about: str
    ok: bool
    says: str


Check: TypeAlias = Callable[[Settings], Iterator[Finding]]


def examine(
    settings: Settings, features: Mapping[str, tuple[Check, str]] | None = None
) -> list[Finding]:
    """Run every check, in an order in which the first failure explains the later ones.

    Args:
        settings: what the installation was started with.
        features: checks of features, which this module does not know: what each is about, the
            check, and the advice when it cannot be made.
    """
    checks = [
        ("database", _database),
        ("migrations", _migrations),
        ("queue", _queue),
        ("deliveries", _deliveries),
        ("keys", _keys),
        ("base URL", _base_url),
        ("certificate", _certificates),
        ("web servers", _web_servers),
        ("storage", _storage),
        ("disk", _disk),
        ("e-mail", _mail),
        *((about, check) for about, (check, _) in (features or {}).items()),
    ]
    advice = _ADVICE | {about: says for about, (_, says) in (features or {}).items()}
    findings: list[Finding] = []
    is_down = False
    for about, check in checks:
        try:
            findings += check(settings)
        except (SQLAlchemyError, RedisError, OSError, ToolError) as error:
            if is_down and isinstance(error, OperationalError):
                findings.append(_bad(about, "This can be looked at when the database answers."))
                continue
            is_down = is_down or about == "database"
            reason = str(error).strip().partition("\n")[0]
            findings.append(_bad(about, f"{advice[about]} ({type(error).__name__}: {reason})"))
    return findings


_ADVICE = {
    "database": "PostgreSQL does not answer: is it running, and is CAIRN_DATABASE_URL right?",
    "migrations": "The schema cannot be read: run `cairn migrate`.",
    "queue": "Redis does not answer: is it running, and is CAIRN_REDIS_URL right?",
    "deliveries": "The outbox cannot be read: run `cairn migrate`.",
    "keys": "The keys cannot be used: CAIRN_SECRET_KEY must contain the one they were made with.",
    "base URL": "We cannot reach ourselves at CAIRN_BASE_URL: is `cairn serve` running, and does "
    "the name lead to it from this machine?",
    "certificate": "Browsers and platforms do not trust the certificate: renew it, and let the "
    "proxy send the whole chain.",
    "web servers": "What this machine does with connections cannot be read.",
    "disk": "The disk of CAIRN_STORAGE_DIR cannot be measured.",
    "e-mail": "Letters cannot be sent: look at CAIRN_MAIL_URL, and whether the mail server is up.",
    "storage": "CAIRN_STORAGE_DIR cannot be written: make it, and give it to the user of `cairn`.",
}


def _good(about: str, says: str) -> Finding:
    return Finding(about=about, ok=True, says=says)


def _bad(about: str, says: str) -> Finding:
    return Finding(about=about, ok=False, says=says)


def _database(settings: Settings) -> Iterator[Finding]:
    with _connected(settings.database.url) as connection:
        version = connection.scalar(text("SHOW server_version"))
        yield _good("database", f"PostgreSQL {version} answers")
        yield _role(connection)
        yield _clock(connection.execute(text("SELECT clock_timestamp()")).scalar_one())
        yield _connections(connection)
        yield from _unprotected(connection)


def _role(connection: Connection) -> Finding:
    name, strong, owned = connection.execute(
        text(
            "SELECT rolname, rolsuper OR rolbypassrls, (SELECT count(*) FROM pg_class"
            " WHERE relowner = pg_roles.oid AND relkind = 'r')"
            " FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    if strong or owned:
        return _bad(
            "role",
            f"CAIRN_DATABASE_URL connects as {name}, whom row-level security does not bind "
            f"({'a superuser' if strong else f'owner of {owned} tables'}). Connect as a role of "
            "its own; CAIRN_OWNER_DATABASE_URL, for migrations, names the owner.",
        )
    return _good("role", f"{name} owns nothing and sees one institution at a time")


def _clock(theirs: datetime) -> Finding:
    ours = clock.now()
    apart = abs(ours - theirs)
    if apart >= CLOCK_TOLERANCE:
        return _bad(
            "clock",
            f"It is {ours:%Y-%m-%d %H:%M:%S} UTC on this machine and "
            f"{theirs.astimezone(UTC):%Y-%m-%d %H:%M:%S} in the database. Run a time service "
            "(NTP) on both: platforms refuse messages and scores with a wrong time.",
        )
    return _good("clock", f"{ours:%H:%M:%S} UTC, {apart.total_seconds():.1f} s from the database's")


def _connections(connection: Connection) -> Finding:
    used, allowed = connection.execute(
        text("SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity")
    ).one()
    if used > allowed * CROWDED:
        return _bad(
            "connections",
            f"{used} of {allowed} are taken: soon some process gets none. Lower pool_size in "
            "config/cairn.toml, run fewer processes, or raise max_connections of PostgreSQL.",
        )
    return _good("connections", f"{used} of {allowed} are taken")


def _unprotected(connection: Connection) -> Iterator[Finding]:
    """Find tables of tenants that row-level security does not guard."""
    schema.load_models()
    tenants = {
        str(mapper.local_table)
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantRow)
    }
    guarded = connection.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relrowsecurity AND relforcerowsecurity"
        )
    )
    names = sorted(tenants - set(guarded))
    if names:
        yield _bad(
            "tenants",
            f"Row-level security is off for {', '.join(names)}: either migrations are missing "
            "(`cairn migrate`), or somebody changed the schema by hand. Restore it: "
            "ALTER TABLE ... ENABLE and FORCE ROW LEVEL SECURITY.",
        )


def _migrations(settings: Settings) -> Iterator[Finding]:
    missing = schema.pending(settings.database.url)
    if missing:
        yield _bad("migrations", f"{len(missing)} have not run: run `cairn migrate`")
    elif schema.is_ahead(settings.database.url):
        yield _good("migrations", "a newer version has run its own, which this one bears")
    else:
        yield _good("migrations", "the schema is up to date")


def _queue(_settings: Settings) -> Iterator[Finding]:
    connection = queue.connection()
    connection.ping()
    yield _good("queue", f"Redis answers; {queue.queue().count} jobs wait")
    workers = SimpleWorker.count(connection=connection)
    if workers:
        yield _good("workers", f"{workers} running")
    else:
        yield _bad("workers", "None is running, so nothing is sent or signed: run `cairn worker`")
    if connection.exists(queue.RELAY_SIGN):
        yield _good("relay", "running")
    else:
        yield _bad("relay", "None is running, so nothing is tried again: run `cairn relay`")


def _deliveries(_settings: Settings) -> Iterator[Finding]:
    delivery = outbox.OutboxDelivery
    with system_transaction() as session:
        late, dead = session.execute(
            select(
                func.count().filter(delivery.due_at < clock.now() - LATE),
                func.count().filter(delivery.died_at.is_not(None)),
            )
        ).one()
    if late or dead:
        yield _bad(
            "deliveries",
            f"{late} are late by more than {LATE.seconds // 60} minutes, {dead} were given up: "
            "see `cairn backlog`",
        )
    else:
        yield _good("deliveries", "none is late, none was given up")


def _keys(_settings: Settings) -> Iterator[Finding]:
    key = keys.current("lti")
    yield _good("keys", f"messages to platforms are signed with {key.kid}")


def _base_url(settings: Settings) -> Iterator[Finding]:
    url = f"{settings.base_url}/lti/jwks.json"
    parts = urlsplit(url)
    own = (parts.netloc, parts.hostname or "", *settings.http.allowed_hosts)
    document = http.get_json(url, allowed_hosts=own)
    served = document.get("keys") if isinstance(document, dict) else None
    shown = served if isinstance(served, list) else []
    ours = keys.current("lti").kid
    if any(isinstance(one, dict) and one.get("kid") == ours for one in shown):
        yield _good("base URL", f"{settings.base_url} leads here")
    else:
        yield _bad(
            "base URL",
            f"{settings.base_url} leads to another installation: its keys are not ours. Correct "
            "CAIRN_BASE_URL, or the name's address.",
        )


def _certificates(settings: Settings) -> Iterator[Finding]:
    """See how long the certificates of our own addresses are valid, and whether they are trusted.

    Raises:
        OSError: one is not trusted.
    """
    for address in dict.fromkeys((settings.base_url, settings.issuer_url)):
        parts = urlsplit(address)
        if parts.scheme != "https":
            continue
        host = parts.hostname or ""
        try:
            plain = socket.create_connection((host, parts.port or 443), timeout=10)
        except OSError as error:
            yield _bad(
                "certificate",
                f"It cannot be seen, since nobody answers at {host}: let the name lead to the "
                f"proxy, and let this machine reach it. ({type(error).__name__}: {error})",
            )
            continue
        with (
            plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            ends = str((secure.getpeercert() or {})["notAfter"])
        left = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - clock.now()
        says = f"that of {host} is valid for {left.days} more days"
        if left < RENEW_WITHIN:
            yield _bad("certificate", f"{says}. Renew it: without one no LMS opens our pages.")
        else:
            yield _good("certificate", says)


def _web_servers(_settings: Settings) -> Iterator[Finding]:
    """See what becomes of connections that wait at a web process that dies.

    A hint and nothing to repair: containers may not be allowed to set it.
    """
    if not MIGRATES.exists():
        says = "what waits at one that dies is lost: Linux before 5.14, or another system"
    elif MIGRATES.read_text().strip() == "1":
        says = "what waits at one that dies goes to the others"
    else:
        says = (
            "what waits at one of several that dies is lost, unless you run "
            "`sysctl net.ipv4.tcp_migrate_req=1`"
        )
    yield _good("web servers", says)


def _disk(settings: Settings) -> Iterator[Finding]:
    space = shutil.disk_usage(settings.storage_dir)
    says = f"{space.free / 1e9:.0f} GB of {space.total / 1e9:.0f} are free for files"
    if space.free < max(SCARCE_BYTES, space.total * SCARCE_SHARE):
        yield _bad("disk", f"{says}: make room before learners' files are refused.")
    else:
        yield _good("disk", says)


def _storage(settings: Settings) -> Iterator[Finding]:
    settings.storage_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.storage_dir) as probe:
        probe.write(b"x")
        os.fsync(probe.fileno())
    yield _good("storage", f"{settings.storage_dir} can be written")


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.mail is None:
        yield _good("e-mail", "none is sent: CAIRN_MAIL_URL is not set")
    else:
        yield _good("e-mail", mail.check())


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
