"""Connections that the database has dropped, and statements that commit by themselves."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from lti_tool.core import clock, db, driver
from lti_tool.core.db import system_statements, system_transaction, transaction
from lti_tool.core.driver import statement
from lti_tool.core.ids import InstitutionId
from lti_tool.core.lookup import lookup


def _pid() -> int:
    with system_transaction() as session:
        pid: int = session.scalars(text("SELECT pg_backend_pid()")).one()
    return pid


def _end(pid: int) -> None:
    """End a backend, as a restart of the database does."""
    admin = os.environ["CAIRN_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.usefixtures("live_app")
def test_a_connection_that_died_while_idle_is_replaced_unnoticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "IDLE_SECONDS", 0.0)
    pid = _pid()
    _end(pid)

    assert _pid() != pid


@pytest.mark.usefixtures("live_app")
def test_a_connection_that_died_just_now_fails_once_and_then_never_again() -> None:
    pid = _pid()
    _end(pid)

    with pytest.raises(DBAPIError):
        _pid()

    assert _pid() != pid


@pytest.mark.usefixtures("live_app")
def test_a_busy_connection_is_not_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    _pid()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)  # the pool's own clock stands still
    pid = _pid()
    _end(pid)

    with pytest.raises(DBAPIError):  # it would have been replaced
        _pid()


def test_whoever_meets_a_dead_database_is_told_to_come_again(live_app: Flask) -> None:
    client = live_app.test_client()
    _end(_pid())

    page = client.get("/i/nowhere")
    again = client.get("/i/nowhere")

    assert page.status_code == 503
    assert "database_away" in page.get_data(as_text=True)
    assert again.status_code == 404


def _make(table: str, opened: Callable[[], AbstractContextManager[Session]]) -> None:
    with opened() as session:
        session.execute(text(f"CREATE TEMPORARY TABLE {table} (n int)"))
        raise ZeroDivisionError


def _exists(table: str) -> bool:
    with system_transaction() as session:
        return session.scalar(text("SELECT to_regclass(:name)"), {"name": table}) is not None


@pytest.mark.usefixtures("live_app")
def test_statements_commit_one_by_one_and_a_transaction_does_not() -> None:
    with pytest.raises(ZeroDivisionError):
        _make("kept", system_statements)
    with pytest.raises(ZeroDivisionError):
        _make("dropped", system_transaction)

    assert _exists("kept")
    assert not _exists("dropped")


SOMEBODY = InstitutionId(uuid4())
PID = statement("SELECT pg_backend_pid() AS pid, CAST(:word AS text) AS word, :word AS again")

LOOKED_UP = lookup("SELECT pg_backend_pid() AS pid, CAST(:id AS uuid) AS id")


@pytest.mark.usefixtures("live_app")
def test_a_statement_alone_gives_named_rows_and_goes_back_to_the_pool_as_it_was() -> None:
    (row,) = db.run_alone(PID, {"word": "a:b"})

    assert (row.word, row.again) == ("a:b", "a:b")
    assert _pid() == row.pid  # the same connection, in a transaction again
    with system_transaction() as session:
        driver = session.connection().connection.dbapi_connection
        assert driver is not None
        assert driver.autocommit is False


@pytest.mark.usefixtures("live_app")
def test_a_statement_alone_that_failed_leaves_no_connection_in_its_own_mode() -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        db.run_alone(statement("SELECT 1 / (length(:word) - 1)"), {"word": "x"})

    with system_transaction() as session:
        driver = session.connection().connection.dbapi_connection
        assert driver is not None
        assert driver.autocommit is False


@pytest.mark.usefixtures("live_app")
def test_a_statement_alone_has_committed_when_it_returns() -> None:
    words = statement(
        "INSERT INTO institutions (id, slug, name, created_at)"
        " VALUES (gen_random_uuid(), :slug, 'x', now())"
    )

    assert db.run_alone(words, {"slug": "alone"}) == []

    with system_transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM institutions WHERE slug = 'alone'")) == 1


TENANT = statement("SELECT current_setting('app.institution_id', true) AS id, CAST(:x AS text)")


@pytest.mark.usefixtures("live_app")
def test_a_statement_of_an_institution_is_asked_in_its_name_and_nothing_after_it_is() -> None:
    (inside,) = db.run_in(SOMEBODY, TENANT, {"x": ""})

    (after,) = db.run_alone(TENANT, {"x": ""})
    assert inside.id == str(SOMEBODY)
    assert not after.id


@pytest.mark.usefixtures("live_app")
def test_a_statement_of_an_institution_that_failed_leaves_nothing_open() -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        db.run_in(SOMEBODY, statement("SELECT 1 / (length(:word) - 1)"), {"word": "x"})

    (after,) = db.run_alone(TENANT, {"x": ""})
    assert not after.id


@pytest.mark.usefixtures("live_app")
def test_a_statement_of_an_institution_has_committed_when_it_returns() -> None:
    words = statement(
        "INSERT INTO institutions (id, slug, name, created_at)"
        " VALUES (gen_random_uuid(), :slug, 'x', now())"
    )

    db.run_in(SOMEBODY, words, {"slug": "of-one"})

    with system_transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM institutions WHERE slug = 'of-one'")) == 1


@pytest.mark.usefixtures("live_app")
def test_what_the_database_says_no_to_at_the_end_is_told_as_it_says_it() -> None:
    """A constraint that is only checked at the commit is an error of its own kind."""
    words = statement("DO $$ BEGIN RAISE unique_violation; END $$")
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.run_in(SOMEBODY, words, {})
    with transaction(SOMEBODY) as session, pytest.raises(psycopg.errors.SyntaxError):
        db.switch(session, "app.sees deleted", "on")


@pytest.mark.usefixtures("live_app")
def test_a_statement_of_an_institution_is_not_for_a_transaction_that_is_open() -> None:
    with system_transaction(), pytest.raises(RuntimeError):
        db.run_in(SOMEBODY, PID, {"word": "x"})


@pytest.mark.usefixtures("live_app")
def test_a_statement_alone_is_not_for_a_transaction_that_is_open() -> None:
    with system_transaction(), pytest.raises(RuntimeError):
        db.run_alone(PID, {"word": "x"})


@pytest.mark.usefixtures("live_app")
@pytest.mark.parametrize(
    "way", ["alone", "of an institution", "looked up", "in a transaction of one", "in one"]
)
def test_a_connection_that_died_fails_a_statement_in_the_known_way(way: str) -> None:
    """As web answers it: 503. Nobody gets that connection again, nobody sees the values."""

    def ask() -> int:
        if way == "alone":
            return int(db.run_alone(PID, {"word": "secret"})[0].pid)
        if way == "of an institution":
            return int(db.run_in(SOMEBODY, PID, {"word": "secret"})[0].pid)
        if way == "looked up":
            return int(db.look_up_in(SOMEBODY, LOOKED_UP, {"id": SOMEBODY})["pid"])
        opened = transaction(SOMEBODY) if way == "in a transaction of one" else system_transaction()
        with opened as session:
            return int(db.run(session, PID, {"word": "secret"})[0].pid)

    pid = ask()
    _end(pid)

    with pytest.raises(OperationalError) as failed:
        ask()

    assert "secret" not in str(failed.value)
    assert ask() != pid


@pytest.mark.usefixtures("live_app")
def test_a_database_out_of_reach_fails_a_statement_alone_in_the_known_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    monkeypatch.setitem(db._sessions.kw, "bind", nowhere)

    with pytest.raises(OperationalError):
        db.run_alone(PID, {"word": "x"})


@pytest.mark.usefixtures("live_app")
def test_what_was_prepared_stays_so_when_an_idle_connection_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "IDLE_SECONDS", 0.0)
    db.run_alone(PID, {"word": "x"})

    prepared = db.run_alone(
        statement("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE :like"),
        {"like": "SELECT pg_backend_pid() AS pid%"},
    )

    assert [row.n for row in prepared] == [1]


@pytest.mark.usefixtures("live_app")
@pytest.mark.parametrize("way", ["alone", "of an institution"])
def test_what_was_prepared_and_then_forgotten_is_prepared_again(way: str) -> None:
    """As psycopg has it forgotten with a transaction that is rolled back."""

    def ask() -> int:
        if way == "alone":
            return int(db.run_alone(PID, {"word": "x"})[0].pid)
        return int(db.run_in(SOMEBODY, PID, {"word": "x"})[0].pid)

    pid = ask()
    with system_transaction() as session:
        session.execute(text("DEALLOCATE ALL"))

    assert ask() == pid


@pytest.mark.usefixtures("live_app")
@pytest.mark.parametrize("way", ["alone", "of an institution"])
def test_values_of_every_type_come_back_as_they_went(way: str) -> None:
    words = statement(
        "SELECT CAST(:b AS bytea) AS b, CAST(:t AS text) AS t, CAST(:u AS uuid) AS u,"
        " CAST(:w AS timestamptz) AS w, CAST(:n AS float) AS n, CAST(:o AS boolean) AS o,"
        " CAST(:j AS jsonb) AS j, CAST(:l AS text[]) AS l, CAST(:e AS text) AS e"
    )
    given: dict[str, object] = {
        "b": bytes(range(256)),
        "t": "O'Neill \\ \"ä€😀",
        "u": uuid4(),
        "w": clock.now(),
        "n": 0.25,
        "o": False,
        "j": '{"a": ["\'", "\\\\"]}',
        "l": ["a,b", "c'd", 'e"f', "\\"],
        "e": None,
    }

    (row,) = db.run_alone(words, given) if way == "alone" else db.run_in(SOMEBODY, words, given)

    assert row._asdict() == given | {"j": {"a": ["'", "\\"]}}


NAP = statement("SELECT CAST(pg_sleep(CAST(:seconds AS float)) AS text)")


@pytest.mark.usefixtures("live_app")
@pytest.mark.parametrize("way", ["alone", "of an institution"])
def test_other_threads_go_on_while_a_statement_is_waited_for(way: str) -> None:
    def nap() -> None:
        if way == "alone":
            db.run_alone(NAP, {"seconds": 2})
        else:
            db.run_in(SOMEBODY, NAP, {"seconds": 2})

    napping = Thread(target=nap)
    napping.start()
    turns = 0
    while napping.is_alive():
        time.sleep(0.01)
        turns += 1

    assert turns > 10


WHO_DECIDED = text("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'")


@pytest.mark.usefixtures("live_app")
def test_only_a_fleeting_transaction_does_not_wait_for_the_disk() -> None:
    sources = []
    for fleeting in (False, True, False):
        with transaction(SOMEBODY, fleeting=fleeting) as session:
            sources.append(session.scalar(WHO_DECIDED) == "session")
            way = session.scalar(text("SHOW synchronous_commit"))
            assert way == "off" or not fleeting

    assert sources == [False, True, False]


@pytest.mark.usefixtures("live_app")
def test_only_a_fleeting_statement_does_not_wait_for_the_disk() -> None:
    words = statement("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'")

    sources = [
        db.run_in(SOMEBODY, words, {}, fleeting=fleeting)[0].source == "session"
        for fleeting in (False, True, False)
    ]

    assert sources == [False, True, False]
