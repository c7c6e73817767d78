"""Real servers once per test run, a copy of one migrated database for each worker.

A test of rules needs no fixture. `database` is for what reads or writes: all of the test is
one transaction that is rolled back. `client` (and `app`) ask for pages within it. Tests with
threads or processes take `live_app` or `live_settings`, which have a real database of their own.

With CAIRN_DATABASE_URL and CAIRN_REDIS_URL set, these servers are used and nothing is started;
the account in CAIRN_DATABASE_URL must be allowed to create databases and roles.
"""

import contextlib
import gc
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from redis import Redis
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import QueuePool, StaticPool

from lti_tool.app import create_app
from lti_tool.core import db, keys, metrics, outbox, queue, schema, servers
from lti_tool.core import settings as settings_module
from lti_tool.core.loading import loading
from lti_tool.core.settings import Database, Http, Settings
from lti_tool.platforms import key_sets, known, service_client
from lti_tool.worker import run_worker
from tests.campus.site import Site, running_campus
from tests.helpers import no_running_loop

# How long an example takes says what else the machine is at work on, and nothing of the code.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")

pytest_plugins = ["tests.browser", "tests.sharing"]  # open_page; who runs which test

TEMPLATE = "cairn_template"
OWNER, APPLICATION = "cairn_test_owner", "cairn_test_app"
PASSWORD = "only-for-tests"
SECRET_KEYS = (b"only for tests: 32 bytes of key.",)

_stack = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the controller only; xdist's workers inherit its environment."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if "CAIRN_DATABASE_URL" not in os.environ:
        home = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="cairn-tests-")))
        running = _stack.enter_context(servers.running(home, settings=servers.THROWAWAY))
        os.environ["CAIRN_DATABASE_URL"] = running.database
        os.environ["CAIRN_REDIS_URL"] = running.redis
    _make_template()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector look neither at 5,000 tests nor too often: a tenth of all CPU."""
    with loading():
        collected = yield
    gc.set_threshold(20_000)
    return collected


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them; after SIGKILL the kernel does."""
    if not hasattr(config, "workerinput"):
        _stack.close()


def _make_template() -> None:
    """Migrate once, as production does: an owner that is no superuser, and the application."""
    owner, template = sql.Identifier(OWNER), sql.Identifier(TEMPLATE)
    with _admin() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(template))
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
            create = sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}")
            admin.execute(create.format(owner, PASSWORD))
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(template, owner))
    owner_url = _url(TEMPLATE, role=OWNER)
    schema.upgrade(owner_url, _url(TEMPLATE, role=APPLICATION))


@pytest.fixture(scope="session")
def redis_url(worker_id: str) -> str:
    """Valkey's database of this worker: 1 and up."""
    number = 1 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1
    return urlsplit(os.environ["CAIRN_REDIS_URL"])._replace(path=f"/{number}").geturl()


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> Iterator[str]:
    """This worker's database, migrated: SQLAlchemy URL of its owner."""
    with _copy_of_template(f"cairn_test_{worker_id}") as url:
        yield url


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[str], str]]:
    """Make empty databases for other products; dropped when the tests end. Returns the URL."""
    with contextlib.ExitStack() as stack:

        def make(name: str) -> str:
            unique = f"{name}_{uuid.uuid4().hex[:12]}"
            return stack.enter_context(_database(unique, template="template1"))

        yield make


@pytest.fixture(scope="session")
def settings(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """What the product runs with in tests; `http://localhost` is where `client` asks."""
    return Settings(
        base_url="http://localhost",
        issuer_url="http://localhost",
        database=Database(url=_as_application(database_url), owner_url=database_url),
        redis_url=redis_url,
        secret_keys=SECRET_KEYS,
        storage_dir=tmp_path_factory.mktemp("storage"),
        mode="demo",
        http=Http(allowed_hosts=("127.0.0.1", "localhost"), timeout_seconds=5),
    )


@pytest.fixture(scope="session")
def _product(settings: Settings) -> Iterator[Flask]:
    with _built(settings) as app:
        yield app


@pytest.fixture(scope="session")
def _engine(settings: Settings) -> Iterator[Engine]:
    # One connection for all tests: its process knows the tables after the first, where a new one
    # would look them up, and start, for each.
    engine = create_engine(settings.database.url, poolclass=StaticPool)
    yield engine
    engine.dispose()


@pytest.fixture
def database(_product: Flask, _engine: Engine, settings: Settings) -> Iterator[Connection]:
    """Run the test within one transaction, as the application's role; nothing of it stays.

    `transaction()` becomes a savepoint of it. Yields the connection, for a look at raw rows.
    """
    settings_module.install(settings)
    bind_before = db._sessions.kw["bind"]
    with _engine.connect() as connection:
        outer = connection.begin()
        db._sessions.configure(bind=connection, join_transaction_mode="create_savepoint")
        event.listen(db._sessions, "after_begin", _forget_tenant, insert=True)
        yield connection
        event.remove(db._sessions, "after_begin", _forget_tenant)
        db._sessions.configure(bind=bind_before, join_transaction_mode="conditional_savepoint")
        outer.rollback()
    _forget_caches()
    with Redis.from_url(settings.redis_url) as redis:
        redis.flushdb()


def _forget_tenant(
    _session: Session, _transaction: SessionTransaction, connection: Connection
) -> None:
    """In a savepoint `SET LOCAL` outlives the session that said it; a real one forgets."""
    connection.execute(text("SELECT set_config('app.institution_id', '', true)"))


@pytest.fixture
def app(_product: Flask, database: Connection) -> Flask:  # noqa: ARG001 - binds the transaction
    """Return the product, within the test's transaction. pytest-flask's `client` asks for it."""
    return _product


class Worker:
    """Runs what production would, here and now."""

    def run(self) -> None:
        """Run jobs until the queue is empty, those that jobs enqueue included."""
        with no_running_loop():  # where a page is open beside
            run_worker(burst=True)

    def relay(self) -> int:
        """Hand over what is due and was missed. Return how many deliveries."""
        return outbox.relay()


@pytest.fixture
def worker(database: Connection) -> Worker:  # noqa: ARG001 - its jobs are part of the test
    """Run jobs within the test's transaction."""
    return Worker()


@pytest.fixture(scope="session")
def _campus_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture
def campus(_campus_site: Site) -> Iterator[Site]:
    """Yield a Campus that listens on 127.0.0.1, seeded, without faults; see `tests.campus.site`."""
    yield _campus_site
    _campus_site.campus.faults.clear()


@pytest.fixture
def live_database() -> Iterator[str]:
    """Give one test a real database of its own, for threads and processes. Yields the URL."""
    with _copy_of_template(f"cairn_live_{uuid.uuid4().hex[:12]}") as url:
        yield url


@pytest.fixture
def live_settings(live_database: str, settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Yield settings with that database, for processes; set their `base_url` yourself."""
    roles = Database(url=_as_application(live_database), owner_url=live_database)
    yield replace(settings, database=roles, storage_dir=tmp_path / "storage")
    with Redis.from_url(settings.redis_url) as redis:
        redis.flushdb()


@pytest.fixture
def live_app(live_settings: Settings) -> Iterator[Flask]:
    """Yield a product of its own on that database, for `serving` and threads."""
    with _built(live_settings) as app:
        yield app


@contextlib.contextmanager
def _built(settings: Settings) -> Iterator[Flask]:
    """Make the product with these settings the one of this process, until the block ends."""
    with another_product():
        app = create_app(settings)
        app.testing = True
        yield app


def _end_connections(engine: Engine) -> None:
    # A browser's last request may still be under way: its connection would be nobody's.
    pool, ends_at = cast("QueuePool", engine.pool), time.monotonic() + 5
    while pool.checkedout() and time.monotonic() < ends_at:
        time.sleep(0.01)
    engine.dispose()


@contextlib.contextmanager
def another_product() -> Iterator[None]:
    """Let the block make a product, and return to the present one after it."""
    before, bind_before = settings_module._installed[:], db._sessions.kw["bind"]
    _forget_caches()
    try:
        yield
    finally:
        if db._sessions.kw["bind"] not in {None, bind_before}:
            _end_connections(db._sessions.kw["bind"])
        settings_module._installed[:] = before
        db._sessions.configure(bind=bind_before)
        _forget_caches()


def _forget_caches() -> None:
    """Forget what a process may remember and this one, living through many tests, may not."""
    if queue.connection.cache_info().currsize:
        queue.connection().close()
    queue.connection.cache_clear()
    keys.forget()
    key_sets.forget_all()
    known.forget_all()
    metrics.forget()
    service_client.forget_all()


@contextlib.contextmanager
def _copy_of_template(name: str) -> Iterator[str]:
    with _database(name, template=TEMPLATE, owner=OWNER):
        yield _url(name, role=OWNER)


@contextlib.contextmanager
def _database(name: str, *, template: str, owner: str | None = None) -> Iterator[str]:
    database = sql.Identifier(name)
    # 20 ms, against seconds of migrations.
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database)
    with _admin() as admin:
        admin.execute(drop)
        admin.execute(create.format(database, sql.Identifier(template)))
        if owner is not None:
            give = sql.SQL("ALTER DATABASE {} OWNER TO {}")
            admin.execute(give.format(database, sql.Identifier(owner)))
    try:
        yield _url(name)
    finally:
        with _admin() as admin:
            admin.execute(drop)


def _url(database: str, *, role: str | None = None) -> str:
    parts = urlsplit(os.environ["CAIRN_DATABASE_URL"])._replace(path=f"/{database}")
    if role is not None:
        place = parts.netloc.rpartition("@")[2]
        parts = parts._replace(netloc=f"{role}:{PASSWORD}@{place}")
    return parts.geturl()


def _as_application(url: str) -> str:
    return url.replace(f"//{OWNER}:", f"//{APPLICATION}:", 1)


def _admin() -> psycopg.Connection:
    url = os.environ["CAIRN_DATABASE_URL"].replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)
