"""Lookups: what a page asks the database for in one message, however much it needs to know.

A message begins the transaction, names the tenant, runs a prepared statement and commits. On a page
view each round trip saved is worth more than what it asks: while a process waits, others take its
place on the core, and it comes back to cold caches.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg.errors import InvalidSqlStatementName
from sqlalchemy import Connection, Engine, event

from lti_tool.core.driver import Statement, driver_of, rows_of, statement, tell

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Lookup:
    """A query for `look_up_in`, made once by `lookup`.

    Attributes:
        name: under which connections have it prepared; another for other words.
        words: what it asks.
    """

    name: str
    words: Statement


def lookup(query: str) -> Lookup:
    """Make a lookup of a query that finds one row, or none, by ids, written `:name`.

    Its answer is JSON, which Python reads faster than columns one by one: instants and ids come as
    text, and so has to be asked for what is exact (`::text`).
    """
    words = statement(f"SELECT to_json(found)::text AS found FROM ({query}) AS found")  # noqa: S608 - ours
    return Lookup(f"lookup_{sha256(words.sql).hexdigest()[:16]}", words)


# By connection; the driver lets go of all that was prepared when it rolls back, or may.
_prepared: "WeakKeyDictionary[psycopg.Connection[Any], set[str]]" = WeakKeyDictionary()


def watch(engine: Engine) -> None:
    """Have lookups prepared again on connections of the engine that let go of them."""
    event.listen(engine, "rollback", _forget)


def _forget(connection: Connection) -> None:
    if not connection.invalidated:
        _prepared.pop(driver_of(connection), None)


def answer_at_once(
    driver: "psycopg.Connection[Any]", before: str, asked: Lookup, ids: Mapping[str, UUID]
) -> Any:  # noqa: ANN401 - whatever the query finds
    """Run a lookup with what stands before it in one message, which is a transaction; see `answer`.

    Args:
        driver: in no transaction.
        before: statements, ours.
        asked: the lookup.
        ids: of its parameters.
    """
    try:
        return _answer_by_known(driver, before, asked, ids)
    except InvalidSqlStatementName:  # psycopg lets go of all that was prepared: of a savepoint too
        _prepared.pop(driver, None)
        return _answer_by_known(driver, before, asked, ids)


def _answer_by_known(
    driver: "psycopg.Connection[Any]", before: str, asked: Lookup, ids: Mapping[str, UUID]
) -> Any:  # noqa: ANN401 - whatever the query finds
    known = _prepared.get(driver)
    if known is None:
        known = _prepared[driver] = _find_prepared(driver)
    prepare = "" if asked.name in known else f"PREPARE {asked.name} AS {asked.words.sql.decode()}; "
    # An id has digits only: nothing of it can end the text.
    values = ", ".join(f"'{UUID(int=ids[name].int)}'" for name in asked.words.names)
    result = tell(driver, f"{before}; {prepare}EXECUTE {asked.name}({values})")
    known.add(asked.name)
    return _read(result.get_value(0, 0) if result.ntuples else None)


def _find_prepared(driver: "psycopg.Connection[Any]") -> set[str]:
    result = tell(driver, "SELECT name FROM pg_prepared_statements")
    names = (result.get_value(row, 0) for row in range(result.ntuples))
    return {name.decode() for name in names if name is not None}


def answer(driver: "psycopg.Connection[Any]", asked: Lookup, ids: Mapping[str, UUID]) -> Any:  # noqa: ANN401 - whatever the query finds
    """Run a lookup in the open transaction; returns the row by names, None where there is none."""
    rows = rows_of(driver, asked.words, ids)
    return _read(rows[0].found if rows else None)


def _read(found: str | bytes | None) -> Any:  # noqa: ANN401 - whatever the query finds
    return None if found is None else json.loads(found)
