"""The ground that the other tests stand on does what it says."""

import threading

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, text

from lti_tool.core import clock, db, queue
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId, new_id
from lti_tool.core.settings import Settings
from lti_tool.core.settings import current as current_settings
from lti_tool.people.models import Person
from lti_tool.platforms.models import Institution
from tests.conftest import Worker
from tests.helpers import serving

SLUG = "left-behind"


def make_institution(slug: str = SLUG) -> InstitutionId:
    institution_id = InstitutionId(new_id())
    with system_transaction() as session:
        session.add(
            Institution(id=institution_id, slug=slug, name="A university", created_at=clock.now())
        )
    return institution_id


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_is_gone_in_the_next(database: Connection, turn: int) -> None:
    make_institution()

    slugs = database.scalars(text("SELECT slug FROM institutions")).all()
    assert slugs == [SLUG], f"turn {turn}"


def test_a_tenant_is_forgotten_when_its_transaction_ends(database: Connection) -> None:
    first, second = make_institution("first"), make_institution("second")
    with transaction(first) as session:
        session.add(Person(created_at=clock.now()))

    with transaction(first) as session:
        assert len(session.scalars(select(Person)).all()) == 1
    with system_transaction() as session:
        assert session.scalars(select(Person)).all() == []
    with transaction(second) as session:
        assert session.scalars(select(Person)).all() == []
    role = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    assert database.scalar(role) is False


def test_a_job_runs_within_the_test(worker: Worker, database: Connection) -> None:
    queue.enqueue("tests.test_conftest.make_institution", ["from-a-job"])

    worker.run()

    assert database.scalar(text("SELECT slug FROM institutions")) == "from-a-job"


@pytest.mark.parametrize("turn", [1, 2])
def test_the_queue_is_empty_at_the_start_of_a_test(database: Connection, turn: int) -> None:
    assert database.closed is False
    assert queue.queue().count == 0, f"turn {turn}"
    queue.enqueue("tests.test_conftest.make_institution", ["never-run"])


def test_pages_are_asked_within_the_test(client: FlaskClient) -> None:
    assert client.get("/nowhere").status_code == 404


def test_threads_see_what_a_live_database_holds(
    live_app: Flask, live_settings: Settings, settings: Settings
) -> None:
    made: list[InstitutionId] = []

    thread = threading.Thread(target=lambda: made.append(make_institution()))
    thread.start()
    thread.join()

    assert current_settings() is live_settings
    with system_transaction() as session:
        assert session.get_one(Institution, made[0]).slug == SLUG
    with serving(live_app) as url:
        assert httpx.get(f"{url}/nowhere").status_code == 404
    assert settings.database.url != live_settings.database.url


def test_after_a_live_test_the_others_are_as_before(database: Connection) -> None:
    assert database.scalar(text("SELECT count(*) FROM institutions")) == 0
    assert db._sessions.kw["bind"] is database
