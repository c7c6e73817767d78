"""The driver under SQLAlchemy: connections that may be gone, and statements past the ORM.

For `core.db` alone, but for `statement`.
"""

import re
import select
import time
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

IDLE_SECONDS = 1.0
_numbers = count()
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


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A statement for `run`, made once by `statement`: each is itself alone."""

    sql: bytes
    names: tuple[str, ...]


def statement(words: str) -> Statement:
    """Prepare a statement whose parameters are written `:name`, as in SQLAlchemy's `text`."""
    names: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return Statement(re.sub(r"(?<!:):(\w+)", numbered, words).encode(), tuple(names))


def tell(driver: "psycopg.Connection[Any]", words: str) -> None:
    """Have statements run that take and return nothing; several at once are one round trip.

    Raises:
        OperationalError: the database has gone, as SQLAlchemy says it.
        psycopg.Error: whatever else is wrong.
    """
    result = driver.pgconn.exec_(words.encode())
    if result.status != ExecStatus.COMMAND_OK:
        raise _as_known(error_from_result(result), driver.pgconn)


class Line:
    """A connection of the pool, spoken to past the driver's cursors.

    What is asked at once is one transaction and one round trip: PostgreSQL commits when it has
    answered the last. That goes by libpq itself, for psycopg's cursors cost five times as much.
    """

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        """Speak by `driver`, which is in no transaction."""
        self._pgconn = driver.pgconn
        # Of no connection: it would keep this one, which lines are kept by, for ever.
        self._words = Transformer()
        self._names: dict[Statement, bytes] = {}
        self._socket = select.poll()
        self._socket.register(driver.pgconn.socket, select.POLLIN)

    def ask(self, *asked: tuple[Statement, Mapping[str, Any]]) -> list[Any]:
        """Run statements, all or none; returns the rows of the last as named tuples."""
        try:
            try:
                results = self._run(asked)
            except InvalidSqlStatementName:  # psycopg had all forgotten that was ever prepared
                self._names.clear()
                results = self._run(asked)
        except psycopg.Error as error:
            raise _as_known(error, self._pgconn) from error
        return self._rows_of(results[-1])

    def _run(self, asked: tuple[tuple[Statement, Mapping[str, Any]], ...]) -> list[PGresult]:
        ready = [(self._name_of(words), *self._written(words, values)) for words, values in asked]
        if len(ready) == 1:
            return self._checked([self._pgconn.exec_prepared(*ready[0])])
        self._pgconn.enter_pipeline_mode()
        for name, values, ways in ready:
            self._pgconn.send_query_prepared(name, values, ways)
        self._pgconn.pipeline_sync()
        results = self._read()
        self._pgconn.exit_pipeline_mode()
        return self._checked(results)

    def _name_of(self, words: Statement) -> bytes:
        """Return the name under which the connection has a statement prepared."""
        name = self._names.get(words)
        if name is None:
            name = b"cairn_%d" % next(_numbers)
            self._checked([self._pgconn.prepare(name, words.sql)])
            self._names[words] = name
        return name

    def _written(self, words: Statement, values: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
        """Write values, and how: as text, for PostgreSQL knows of which type each is by its place.

        Bytes as they are: without a connection psycopg writes them as for a literal, with quotes
        and backslashes doubled.
        """
        given = [values[name] for name in words.names]
        ways = [PyFormat.BINARY if isinstance(value, bytes) else PyFormat.TEXT for value in given]
        return list(self._words.dump_sequence(given, ways)), list(self._words.formats or ())

    def _read(self) -> list[PGresult]:
        """Wait for what comes until all is committed, as other threads go on meanwhile."""
        pgconn = self._pgconn
        while pgconn.flush():
            self._socket.poll(1)
            pgconn.consume_input()
        results: list[PGresult] = []
        while True:
            while pgconn.is_busy():
                self._socket.poll()
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                if pgconn.status != ConnStatus.OK:
                    raise psycopg.OperationalError  # the connection is lost
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)

    @staticmethod
    def _checked(results: list[PGresult]) -> list[PGresult]:
        for result in results:
            if result.status not in _DONE:
                raise error_from_result(result)
        return results

    def _rows_of(self, result: PGresult) -> list[Any]:
        if not result.nfields:
            return []
        columns = tuple(result.fname(number) for number in range(result.nfields))
        self._words.set_pgresult(result)
        return self._words.load_rows(0, result.ntuples, _maker(columns))


_lines: "WeakKeyDictionary[psycopg.Connection[Any], Line]" = WeakKeyDictionary()


def line_of(driver: "psycopg.Connection[Any]") -> Line:
    """Return the line of a connection, the same as long as it lasts."""
    line = _lines.get(driver)
    if line is None:
        line = _lines[driver] = Line(driver)
    return line


@lru_cache(maxsize=512)
def _maker(columns: tuple[bytes | None, ...]) -> Callable[..., Any]:
    """Return what makes a row of these columns."""
    names = [(column or b"").decode() for column in columns]
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known at run time
    make: Callable[..., Any] = row._make
    return make


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


def _as_known(error: psycopg.Error, pgconn: PGconn) -> Exception:
    """Return an error as it is, unless it says that the database has gone."""
    if pgconn.status != ConnStatus.OK or isinstance(error, _GONE):
        return _in_known_words(error)
    return error


def _in_known_words(error: psycopg.Error) -> OperationalError:
    """Return what SQLAlchemy would raise, which web answers; without the values."""
    return OperationalError(None, None, error, hide_parameters=True)
