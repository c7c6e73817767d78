"""What load balancers and monitors are told, and what strangers are not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from lti_tool.core import clock, health, queue, schema
from lti_tool.core import settings as settings_module
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import new_id
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.core.settings import Database, Settings
from lti_tool.grading.models import SenderLane
from tests.campus.site import Site
from tests.conftest import Worker, another_product
from tests.grading.course import AMARA
from tests.instructor.course import placed_course

TOKEN = "a-token-only-for-these-tests"
AUTH = {"Authorization": f"Bearer {TOKEN}"}

Scrape = Callable[[], dict[str, float]]


@pytest.fixture
def operated(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    use = replace(settings, operator_token=TOKEN)
    monkeypatch.setattr(settings_module, "_installed", [use])
    return app.test_client()


@pytest.fixture
def scrape(operated: FlaskClient) -> Scrape:
    def read() -> dict[str, float]:
        answer = operated.get("/metrics", headers=AUTH)
        assert answer.status_code == 200
        return {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return read


def test_a_living_process_says_so(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["Cache-Control"] == "no-store"


def test_strangers_are_told_yes_and_no_more(operated: FlaskClient) -> None:
    answer = operated.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")
    for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": TOKEN}):
        assert operated.get("/metrics", headers=headers).status_code == 404
        assert operated.get("/readyz", headers=headers).text == "ready\n"


def test_without_a_token_in_the_settings_nobody_is_an_operator(client: FlaskClient) -> None:
    for sent in ("Bearer ", "Bearer None", "Bearer"):
        assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404


def test_a_database_of_a_newer_release_lacks_nothing() -> None:
    newest, before, *_ = reversed(schema.missing_after("20261123_1700"))

    assert schema.missing_after(before) == [newest]
    assert schema.missing_after(newest) == []
    assert schema.missing_after("99991231_2359") == []


def test_operators_are_told_what_is_wrong(
    operated: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "missing_after", lambda _reached: ["20270101_0000"])
    health._missing.cache_clear()
    try:
        answer = operated.get("/readyz", headers=AUTH)
        stranger = operated.get("/readyz")
    finally:
        health._missing.cache_clear()

    assert answer.status_code == 503
    found = {one["about"]: one for one in answer.get_json()["findings"]}
    assert found["migrations"]["says"] == "1 have not run: run `cairn migrate`"
    assert found["database"]["ok"]
    assert (stranger.status_code, stranger.text) == (503, "not ready\n")


def test_pages_are_served_while_the_queue_is_away(
    operated: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = queue.connection()
    connection.connection_pool.reset()
    monkeypatch.setitem(connection.connection_pool.connection_kwargs, "port", 1)

    answer = operated.get("/readyz", headers=AUTH)

    assert answer.status_code == 200
    assert [one["ok"] for one in answer.get_json()["findings"]] == [True, True, False]
    assert "cairn_queue_up 0.0" in operated.get("/metrics", headers=AUTH).text


def test_without_a_database_the_process_is_not_ready_and_still_says_so(settings: Settings) -> None:
    nowhere = Database(url="postgresql+psycopg://nobody:x@127.0.0.1:1/nothing")
    with another_product():
        from lti_tool.app import create_app  # noqa: PLC0415 - of the block's settings

        client = create_app(replace(settings, database=nowhere, operator_token=TOKEN)).test_client()
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        said = client.get("/readyz", headers=AUTH).get_json()["findings"][0]
        assert said["about"] == "database"
        assert "x" not in said["says"].partition(":")[0].split("@")
        metrics = client.get("/metrics", headers=AUTH).text
    assert "cairn_database_up 0.0" in metrics
    assert "cairn_queue_up 1.0" in metrics


def test_what_waits_and_what_was_given_up_is_measured(scrape: Scrape) -> None:
    now = clock.now()
    with system_transaction() as session:
        for state in ({"due_at": now}, {"died_at": now}, {"finished_at": now}):
            session.add(
                OutboxDelivery(
                    event_id=new_id(),
                    event_type="Nothing",
                    subscriber="nobody",
                    payload={},
                    recorded_at=now - timedelta(hours=2),
                    **state,
                )
            )

    found = scrape()

    label = "[('subscriber', 'nobody')]"
    assert found[f"cairn_deliveries_waiting{label}"] == 1
    assert found[f"cairn_deliveries_dead{label}"] == 1
    assert 7200 <= found[f"cairn_deliveries_oldest_seconds{label}"] < 7300
    assert found["cairn_database_up[]"] == found["cairn_queue_up[]"] == 1
    assert found["cairn_workers[]"] == 0


def test_scores_launches_saves_and_answers_are_measured(
    app: Flask,
    scrape: Scrape,
    campus: Site,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = {**app.config["CAIRN_PAGES"], "LtiResourceLinkRequest": "instructor.show_placement"}
    monkeypatch.setitem(app.config, "CAIRN_PAGES", pages)
    with placed_course(app, campus) as placed:
        placed.course.take(AMARA, "abc")
        worker.run()
        placed.course.take("nobody-of-campus", "abc")
        campus.campus.faults.change({"scores_status": 503})
        worker.run()
        with system_transaction() as session:
            session.execute(update(SenderLane).values(failing_since=clock.now()))

        found = scrape()

    [lane] = {name.partition("[")[2] for name in found if name.startswith("cairn_scores_waiting")}
    assert "'platform', 'Campus'" in lane
    assert found[f"cairn_scores_acknowledged_total[{lane}"] == 1
    assert found[f"cairn_platform_failing[{lane}"] == 1
    assert found["cairn_launches_total[('outcome', 'opened')]"] >= 1
    answered = "[('le', '+Inf'), ('method', 'POST'), ('page', 'launch.launch'), ('status', '3xx')]"
    assert found[f"cairn_http_request_seconds_bucket{answered}"] >= 1
    jobs = "[('job', 'grading.jobs.send_due'), ('outcome', 'done')]"
    assert found[f"cairn_job_seconds_count{jobs}"] >= 1


def test_strangers_words_are_no_labels(operated: FlaskClient, scrape: Scrape) -> None:
    operated.open("/no/such/page", method="BREW")

    names = [name for name in scrape() if "'none'" in name]

    assert names
    assert all("('method', 'other')" in name for name in names)
