"""What a page asks for in one message: in whose name, and what is left on the connection."""

from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from lti_tool.core.db import (
    look_up,
    look_up_in,
    run,
    run_alone,
    system_transaction,
    transaction,
)
from lti_tool.core.driver import statement
from lti_tool.core.ids import InstitutionId
from lti_tool.core.lookup import lookup

SOMEBODY = InstitutionId(uuid4())
SEEN = {"app.sees_deleted": "on"}
ASKED = lookup("""
    SELECT CAST(:id AS uuid) AS id, 1.50::numeric::text AS exact, pg_backend_pid() AS pid,
        nullif(current_setting('app.institution_id', true), '') AS tenant,
        nullif(current_setting('app.sees_deleted', true), '') AS seen
""")
AFTER = statement("""
    SELECT nullif(current_setting('app.institution_id', true), '') AS tenant,
        nullif(current_setting('app.sees_deleted', true), '') AS seen, pg_backend_pid() AS pid
""")
FAILING = lookup("SELECT 1 / CAST(CAST(:id AS uuid) IS NULL AS int) AS never")
PREPARED = statement("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = :words")


def _undo() -> None:
    with system_transaction() as session:
        session.execute(text("SELECT 1"))
        raise ZeroDivisionError


def _ask(asked: UUID = SOMEBODY) -> dict[str, object]:
    found: dict[str, object] = look_up_in(SOMEBODY, ASKED, {"id": asked}, SEEN)
    return found


@pytest.mark.usefixtures("live_app")
def test_it_is_asked_in_the_name_of_its_institution_and_nothing_after_it_is() -> None:
    found = _ask()

    (after,) = run_alone(AFTER, {})
    assert found["tenant"] == found["id"] == str(SOMEBODY)
    assert (found["seen"], found["exact"]) == ("on", "1.50")
    assert (after.tenant, after.seen, after.pid) == (None, None, found["pid"])


@pytest.mark.usefixtures("database")
def test_within_a_transaction_it_finds_the_same() -> None:
    alone = _ask()
    with transaction(SOMEBODY) as session:
        inside = look_up(session, ASKED, {"id": SOMEBODY})

    assert inside == {**alone, "seen": None}


@pytest.mark.usefixtures("live_app")
@pytest.mark.parametrize("lets_go", [True, False])
def test_it_is_prepared_once_whether_or_not_the_driver_lets_go_of_it_in_a_rollback(
    *, lets_go: bool
) -> None:
    _ask()
    if lets_go:  # it does if it prepared something itself
        run_alone(AFTER, {})
    with pytest.raises(ZeroDivisionError):
        _undo()
    _ask()

    assert [row.n for row in run_alone(PREPARED, {"words": ASKED.sql.decode()})] == [1]


@pytest.mark.usefixtures("live_app")
def test_it_is_prepared_again_where_the_driver_let_go_of_it_in_a_part_of_a_transaction() -> None:
    pid = _ask()["pid"]
    with transaction(SOMEBODY) as session:
        session.execute(text("SELECT 1"))
        run(session, AFTER, {})
        part = session.begin_nested()
        session.execute(text("SELECT 1"))
        part.rollback()

    assert [_ask()["pid"] for _ in range(2)] == [pid, pid]
    assert [row.n for row in run_alone(PREPARED, {"words": ASKED.sql.decode()})] == [1]


@pytest.mark.usefixtures("live_app")
def test_other_words_are_prepared_by_themselves() -> None:
    other = lookup("SELECT CAST(:id AS uuid) AS other")
    _ask()

    assert look_up_in(SOMEBODY, other, {"id": SOMEBODY}) == {"other": str(SOMEBODY)}


@pytest.mark.usefixtures("live_app")
def test_where_nothing_is_found_there_is_nothing() -> None:
    nothing = lookup("SELECT CAST(:id AS uuid) AS id WHERE false")

    assert look_up_in(SOMEBODY, nothing, {"id": SOMEBODY}) is None
    with transaction(SOMEBODY) as session:
        assert look_up(session, nothing, {"id": SOMEBODY}) is None


@pytest.mark.usefixtures("live_app")
def test_one_that_failed_leaves_nothing_open() -> None:
    pid = _ask()["pid"]
    with pytest.raises(psycopg.errors.DivisionByZero):
        look_up_in(SOMEBODY, FAILING, {"id": SOMEBODY}, SEEN)

    (after,) = run_alone(AFTER, {})
    assert (after.tenant, after.seen) == (None, None)
    assert _ask()["pid"] == after.pid != pid


@pytest.mark.usefixtures("live_app")
def test_it_is_not_for_a_transaction_that_is_open() -> None:
    with system_transaction(), pytest.raises(RuntimeError):
        _ask()
