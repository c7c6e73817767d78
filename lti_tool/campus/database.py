"""Campus' PostgreSQL: the engine, rows as records, and digests of what is secret."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, TextClause, create_engine, text

from lti_tool.campus import clock

_SCHEMA = Path(__file__).with_name("schema.sql")
_LOCK = text("SELECT pg_advisory_xact_lock(20110)")
_LOG = text(
    "INSERT INTO messages (at, direction, kind, outcome, detail)"
    " VALUES (:at, :direction, :kind, :outcome, CAST(:detail AS jsonb))"
)
_SITE = text("INSERT INTO site (guid) VALUES (:guid) ON CONFLICT DO NOTHING")
R = TypeVar("R")


def open_database(url: str) -> Engine:
    """Connect and create the tables that are missing. Dispose of the engine when done."""
    engine = create_engine(url, pool_size=8, max_overflow=24)
    with engine.begin() as connection:
        connection.execute(_LOCK)  # several processes may start at once
        for statement in _SCHEMA.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.execute(_SITE, {"guid": secrets.token_hex(16)})
    return engine


def find_all(
    connection: Connection, record: type[R], query: TextClause, **values: object
) -> list[R]:
    """Return all rows of `query`; its columns are the fields of `record`."""
    return [record(**row) for row in connection.execute(query, values).mappings()]


def find_one(
    connection: Connection, record: type[R], query: TextClause, **values: object
) -> R | None:
    """Return the row of `query`, or None. Its columns are the fields of `record`."""
    row = connection.execute(query, values).mappings().one_or_none()
    return None if row is None else record(**row)


def digest(secret: str) -> bytes:
    """Return what is stored of a secret: enough to know it again, useless to a reader."""
    return hashlib.sha256(secret.encode()).digest()


def log_message(
    engine: Engine, *, direction: str, kind: str, outcome: str, detail: Mapping[str, object]
) -> None:
    """Keep one message for the log page. `detail` holds no token, hint or assertion."""
    values = {
        "at": clock.now(),
        "direction": direction,
        "kind": kind,
        "outcome": outcome,
        "detail": json.dumps(detail, default=str),
    }
    with engine.begin() as connection:
        connection.execute(_LOG, values)
