"""Real servers once per test run, a copy of one migrated database for each worker.

With CAIRN_DATABASE_URL and CAIRN_REDIS_URL set, these servers are used and nothing is started;
the account in CAIRN_DATABASE_URL must be allowed to create databases and roles.
"""

import contextlib
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from lti_tool.core import servers

pytest_plugins = ["tests.browser"]

TEMPLATE = "cairn_template"

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
    with _admin() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(TEMPLATE)))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them; after SIGKILL the kernel does."""
    if not hasattr(config, "workerinput"):
        _stack.close()


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


@pytest.fixture
def live_database() -> Iterator[str]:
    """Give one test a real database of its own, for threads and processes. Yields the URL."""
    with _copy_of_template(f"cairn_live_{uuid.uuid4().hex[:12]}") as url:
        yield url


def _copy_of_template(name: str) -> contextlib.AbstractContextManager[str]:
    return _database(name, template=TEMPLATE)


@contextlib.contextmanager
def _database(name: str, *, template: str) -> Iterator[str]:
    # 20 ms, against seconds of migrations.
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with _admin() as admin:
        admin.execute(drop)
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield _url(name)
    finally:
        with _admin() as admin:
            admin.execute(drop)


def _url(database: str) -> str:
    return urlsplit(os.environ["CAIRN_DATABASE_URL"])._replace(path=f"/{database}").geturl()


def _admin() -> psycopg.Connection:
    url = os.environ["CAIRN_DATABASE_URL"].replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)
