"""The driver under SQLAlchemy: connections that may be gone, and statements past the ORM.

For `core.db` alone, but for `statement`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

IDLE_SECONDS = 1.0
_GONE = (psycopg.OperationalError, psycopg.InterfaceError)
_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


def watch(engine: Engine) -> None:
    """Have the engine's connections looked at before they are used again after a while."""
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_if_idle)


def _note_use(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(
    connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Find out before the first statement whether the database has gone meanwhile.

    Not on each checkout, as the pool's own ping: on a busy process that is a round trip a
    transaction, and whoever meets a dead connection is told to come again (core.web).
    """
    used_at = record.info.get("used_at")
    if used_at is None or time.monotonic() - used_at < IDLE_SECONDS:
        return
    # Nothing is asked, so no transaction begins: psycopg forgets with one that is rolled back all
    # that was prepared, and each statement would be planned anew six times.
    try:
        result = cast("psycopg.Connection[Any]", connection).pgconn.exec_(b"")
    except _GONE as error:
        raise DisconnectionError from error
    if result.status != ExecStatus.EMPTY_QUERY:
        raise DisconnectionError


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement for `run`, made once by `statement`."""

    sql: bytes
    names: tuple[str, ...]


def statement(words: str) -> Statement:
    """Prepare a statement whose parameters are written `:name`, as in SQLAlchemy's `text`."""
    names: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return Statement(re.sub(r"(?<!:):(\w+)", numbered, words).encode(), tuple(names))


def tell(driver: "psycopg.Connection[Any]", words: str) -> PGresult:
    """Have statements run that take nothing; several at once are one round trip.

    Returns:
        What came of the last.

    Raises:
        OperationalError: the database has gone, as SQLAlchemy says it.
        psycopg.Error: whatever else is wrong.
    """
    result = driver.pgconn.exec_(words.encode())
    if result.status in _DONE:
        return result
    error = error_from_result(result)
    if driver.pgconn.status != ConnStatus.OK or isinstance(error, _GONE):
        raise _in_known_words(error)
    raise error


@contextmanager
def borrowed(engine: Engine) -> Iterator["psycopg.Connection[Any]"]:
    """Lend a connection of the engine's pool; after an exception nobody gets it again."""
    try:
        pooled = engine.raw_connection()
    except _GONE as error:
        raise _in_known_words(error) from error
    try:
        yield cast("psycopg.Connection[Any]", pooled.dbapi_connection)
    except BaseException:  # whatever it was, it may have left a statement half read
        pooled.invalidate()
        raise
    pooled.close()


def driver_of(connection: Connection) -> "psycopg.Connection[Any]":
    """Return the driver's own connection under one of SQLAlchemy's."""
    return cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)


def rows_of(
    driver: "psycopg.Connection[Any]", words: Statement, values: Mapping[str, Any]
) -> list[Any]:
    """Run a statement and return its rows as named tuples."""
    try:
        with psycopg.RawCursor(driver, row_factory=namedtuple_row) as cursor:
            cursor.execute(words.sql, [values[name] for name in words.names], prepare=True)
            # Not `description`, which makes an object of every column.
            return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
    except _GONE as error:
        raise _in_known_words(error) from error


def _in_known_words(error: psycopg.Error) -> OperationalError:
    """Return what SQLAlchemy would raise, which web answers; without the values."""
    return OperationalError(None, None, error, hide_parameters=True)
