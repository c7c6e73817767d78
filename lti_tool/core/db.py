"""One engine, one base class, one way to open a transaction, one tenant in each.

Flask-SQLAlchemy owns the engine, the pool and the metadata; `transaction` works
without an app context, so workers and commands use it as well.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Numeric,
    Uuid,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    SessionTransaction,
    declared_attr,
    mapped_column,
    sessionmaker,
)

from lti_tool.core import ids, lookup
from lti_tool.core.driver import Statement, borrowed, driver_of, line_of, rows_of, tell, watch
from lti_tool.core.ids import InstitutionId
from lti_tool.core.settings import Settings

if TYPE_CHECKING:
    import psycopg

_tenant: ContextVar[InstitutionId | None] = ContextVar("tenant", default=None)
_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)
_NO_SWITCHES: Mapping[str, str] = MappingProxyType({})
_FLEETING: Mapping[str, str] = MappingProxyType({"synchronous_commit": "off"})

_sessions = sessionmaker(expire_on_commit=False)


class Base(DeclarativeBase):
    """Base of every table. Instants carry their zone, points are exact."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        Decimal: Numeric(12, 4),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        **dict.fromkeys(ids.ALL, Uuid),
    }


# Not model_class=Base: that fails on type_annotation_map and would make a second base class.
database = SQLAlchemy(metadata=Base.metadata)


def tenant() -> InstitutionId:
    """Return the institution of the open transaction.

    Raises:
        RuntimeError: no transaction is open, or one without an institution.
    """
    institution_id = _tenant.get()
    if institution_id is None:
        raise RuntimeError("this needs transaction(institution_id)")
    return institution_id


def tenant_or_none() -> InstitutionId | None:
    """Return the institution of the open transaction, None in a system transaction."""
    return _tenant.get()


class TenantRow:
    """Mixin of every table whose rows belong to one institution.

    The primary key is both columns: one index serves lookups under
    row-level security and is what composite foreign keys point at. The
    institution is filled in from the transaction.
    """

    @declared_attr
    def institution_id(cls) -> Mapped[InstitutionId]:  # noqa: N805 - a declared_attr is of the class
        """The tenant."""
        return mapped_column(ForeignKey("institutions.id"), primary_key=True, default=tenant)


def tenant_key(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return a foreign key that cannot cross institutions: (institution_id, column) -> table."""
    return ForeignKeyConstraint(
        ["institution_id", column], [f"{table}.institution_id", f"{table}.id"], ondelete=ondelete
    )


# nullif: a connection used before has '' here, not NULL. FORCE: the owner obeys as well.
# A superuser never does, so the application connects as a role of its own.
_POLICY = """
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {table} USING (
        institution_id {equals} nullif(current_setting('app.institution_id', true), '')::uuid)
"""


def tenant_policy(table: str, *, or_none: bool = False) -> str:
    """Return the SQL that shows each row of `table` to its institution only.

    Args:
        table: its name, ours, never from outside.
        or_none: rows without an institution are seen by transactions without one.
    """
    return _POLICY.format(table=table, equals="IS NOT DISTINCT FROM" if or_none else "=")


def connect(app: Flask, settings: Settings) -> None:
    """Bind `transaction` to the database. Called once per process, at start-up."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database.url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": settings.database.pool_size,
        "max_overflow": 0,
        # The one used last, whose plans and pages are warm, rather than each in turn.
        "pool_use_lifo": True,
        "connect_args": {"connect_timeout": 5},
        "hide_parameters": True,  # an error is logged and kept with a failed job: no values
    }
    database.init_app(app)
    with app.app_context():  # database.engine raises without one
        engine = database.engine
    watch(engine)
    _sessions.configure(bind=engine)


def in_transaction() -> bool:
    """Tell whether a transaction is open here: what must run outside asks, to fail always."""
    return _in_transaction.get()


@contextmanager
def transaction(institution_id: InstitutionId, *, fleeting: bool = False) -> Iterator[Session]:
    """Open a session of one institution: commits on exit, rolls back on any exception.

    Args:
        institution_id: the tenant.
        fleeting: its commit does not wait for the disk. A database that is killed within the next
            second may forget it, as a whole, unless something that lasts was committed after it.

    Raises:
        RuntimeError: a transaction is already open. Pass its session along
            instead: only the outermost caller decides what is atomic.
    """
    with _opened(institution_id, switches=_FLEETING if fleeting else _NO_SWITCHES) as session:
        yield session


@contextmanager
def system_transaction() -> Iterator[Session]:
    """Open a session that sees no institution's rows, only what belongs to none.

    For what must be known before the tenant is: registrations, deployments,
    pending logins, the outbox.
    """
    with _opened(None) as session:
        yield session


@contextmanager
def system_statements() -> Iterator[Session]:
    """Open a session like `system_transaction`'s in which each statement commits by itself.

    For what is one statement, or several of which none needs another to have happened: no
    round trips for BEGIN and COMMIT. In a rolled-back test it is a transaction as any other.
    """
    bind = _sessions.kw["bind"]
    if isinstance(bind, Engine):
        bind = _autocommitting(bind)
    with _opened(None, bind=bind) as session:
        yield session


@cache
def _autocommitting(engine: Engine) -> Engine:
    """Return a view of the engine, of the same pool; making one costs 0.1 ms."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _opened(
    institution_id: InstitutionId | None,
    *,
    bind: Engine | Connection | None = None,
    switches: Mapping[str, str] = _NO_SWITCHES,
) -> Iterator[Session]:
    if _in_transaction.get():
        raise RuntimeError("transaction() inside transaction()")
    open_token, tenant_token = _in_transaction.set(True), _tenant.set(institution_id)
    try:
        with _sessions(bind=bind) if bind else _sessions() as session:
            session.info["switches"] = switches
            with session.begin():
                yield session
    finally:
        _tenant.reset(tenant_token)
        _in_transaction.reset(open_token)
    for callback in session.info.pop("after_commit", ()):
        callback()


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Have `callback` called once the transaction has committed; never after a rollback."""
    session.info.setdefault("after_commit", []).append(callback)


@event.listens_for(_sessions, "after_begin")
def _name_tenant(
    session: Session, _transaction: SessionTransaction, connection: Connection
) -> None:
    """Tell row-level security who asks, until the transaction ends."""
    institution_id = _tenant.get()
    if institution_id is not None:
        _name(driver_of(connection), institution_id, session.info.get("switches", _NO_SWITCHES))


def _name(
    driver: "psycopg.Connection[Any]",
    institution_id: InstitutionId,
    switches: Mapping[str, str] = _NO_SWITCHES,
) -> None:
    """Begin a transaction of an institution if none has begun: one round trip for all."""
    begin = "BEGIN; " if driver.pgconn.transaction_status == TransactionStatus.IDLE else ""
    # An id has digits only: nothing of it can end the text.
    named = f"{begin}SET LOCAL app.institution_id = '{UUID(int=institution_id.int)}'"
    tell(driver, "; ".join([named, *(f"SET LOCAL {n} = '{w}'" for n, w in switches.items())]))


def switch(session: Session, name: str, word: str) -> None:
    """Set one of our own words (`app.*`) that policies look at, until the transaction ends.

    Args:
        session: of the transaction.
        name: of the setting, ours.
        word: its value, ours, never from outside.
    """
    tell(driver_of(session.connection()), f"SET LOCAL {name} = '{word}'")


def run(session: Session, words: Statement, values: Mapping[str, Any]) -> list[Any]:
    """Run a statement by the driver itself; returns its rows as named tuples.

    For the few statements that every launch runs: SQLAlchemy's own way costs 0.2 ms CPU more, each.
    """
    return rows_of(driver_of(session.connection()), words, values)


def run_alone(words: Statement, values: Mapping[str, Any]) -> list[Any]:
    """Run a statement of no institution like `run`, in no transaction: it commits by itself.

    In a rolled-back test it is a transaction as any other.
    A signal is heard when the database has answered, not before.

    Raises:
        RuntimeError: a transaction is open.
    """
    bind = _sessions.kw["bind"]
    if _in_transaction.get() or not isinstance(bind, Engine):
        with _opened(None) as session:
            return run(session, words, values)
    with borrowed(bind) as driver:
        return line_of(driver).ask((words, values))


def run_in(
    institution_id: InstitutionId,
    words: Statement,
    values: Mapping[str, Any],
    switches: Mapping[str, str] = _NO_SWITCHES,
    *,
    fleeting: bool = False,
) -> list[Any]:
    """Run a statement of one institution like `run`, in a transaction of its own.

    Args:
        institution_id: the tenant.
        words: the statement.
        values: of its parameters.
        switches: as `switch` sets them, for this statement.
        fleeting: as of a `transaction`.

    Raises:
        RuntimeError: a transaction is open.
    """
    bind = _sessions.kw["bind"]
    if _in_transaction.get() or not isinstance(bind, Engine):
        ways = _FLEETING if fleeting else _NO_SWITCHES
        with _opened(institution_id, switches=ways) as session:
            for name, word in switches.items():
                switch(session, name, word)
            rows = run(session, words, values)
            for name in switches:
                switch(session, name, "")
            return rows
    named = {"app.institution_id": str(institution_id), **switches}
    if fleeting:
        named |= _FLEETING
    with borrowed(bind) as driver:
        return line_of(driver).ask((_naming(tuple(named)), named), (words, values))


@cache
def _naming(names: tuple[str, ...]) -> Statement:
    """Return the statement that tells row-level security who asks, until the transaction ends."""
    told = ", ".join(f"set_config('{name}', ${at}, true)" for at, name in enumerate(names, 1))
    return Statement(f"SELECT {told}".encode(), names)


def look_up(session: Session, asked: Statement, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the query finds
    """Run a `lookup` in a transaction; returns the row by names, None where there is none."""
    return lookup.read(run(session, asked, values))


def look_up_in(
    institution_id: InstitutionId,
    asked: Statement,
    values: Mapping[str, Any],
    switches: Mapping[str, str] = _NO_SWITCHES,
) -> Any:  # noqa: ANN401 - whatever the query finds
    """Run a `lookup` like `run_in`; returns the row by names, None where there is none."""
    return lookup.read(run_in(institution_id, asked, values, switches))


def uuid_or_none(word: str) -> UUID | None:
    """Return the id that `word` spells, or None: ids in URLs and cookies are claims."""
    try:
        return UUID(word)
    except ValueError:
        return None
