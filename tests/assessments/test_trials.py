"""Trying as a learner: the real pages, and afterwards not one row more than before."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.services import (
    close_overdue,
    create_assessment,
    forget_trials,
    publish_edition,
)
from lti_tool.core import clock
from lti_tool.core import settings as settings_module
from lti_tool.core.db import Base, system_transaction, transaction
from lti_tool.core.ids import AttemptId, EditionId
from tests.assessments.conftest import Visit, put_cookie, visit
from tests.assessments.factories import (
    form_of,
    learner,
    placed,
    published,
    stopped_clock,
    university,
)
from tests.assessments.items.samples import sample
from tests.learner.story import csrf_token


@pytest.fixture
def teacher(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Visit:
    pages = {**app.config["CAIRN_PAGES"], "LtiResourceLinkRequest": "instructor.show_placement"}
    monkeypatch.setitem(app.config, "CAIRN_PAGES", pages)
    place = university()
    arrived = visit(place, placed(place, minutes=30), roles=("instructor",))
    put_cookie(client, arrived)
    return arrived


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = settings_module.current()
    settings_module.install(replace(before, storage_dir=tmp_path))
    yield tmp_path
    settings_module.install(before)


def rows(here: Visit) -> dict[str, int]:
    """Count the rows of every table: the institution's, and those of none."""
    counts = {}
    with transaction(here.place.id) as session:
        for table in Base.metadata.sorted_tables:
            counts[table.name] = session.scalar(select(func.count()).select_from(table)) or 0
    with system_transaction() as session:
        for table in Base.metadata.sorted_tables:
            found = session.scalar(select(func.count()).select_from(table)) or 0
            counts[f"{table.name} of none"] = found
    return counts


def begin(client: FlaskClient, here: Visit, edition: EditionId | None = None) -> str:
    """Begin a trial from the placement's page; return the address of its first page."""
    page = client.get(f"/l/{here.launch_id}/placement")
    found = re.search(r'name="edition" value="([^"]+)"', page.text)
    assert found
    answer = client.post(
        f"/l/{here.launch_id}/trials",
        data={"csrf_token": csrf_token(page), "edition": str(edition or found[1])},
    )
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def send(client: FlaskClient, url: str, page: TestResponse, **values: object) -> TestResponse:
    return client.post(url, data={"csrf_token": csrf_token(page), **values})


def test_a_trial_is_taken_on_the_real_pages_and_leaves_no_row(
    client: FlaskClient, teacher: Visit
) -> None:
    before = rows(teacher)
    url = begin(client, teacher)
    page = client.get(url)
    assert "You are trying this as a learner" in page.text
    attempt_id = AttemptId(UUID(url.rpartition("/")[2]))
    asked = form_of(teacher.place, attempt_id)
    answers = {f"answer-{id_}": letter for id_, letter in zip(asked, "abd", strict=True)}
    was = {f"was-{id_}": "0.0." for id_ in asked}
    assert send(client, f"{url}/responses", page, **answers, **was, go="1").status_code == 303
    assert rows(teacher)["responses"] == before["responses"] + 3

    result = send(client, f"{url}/submit", client.get(f"{url}/submit"))

    assert result.status_code == 200
    assert "2 of 3" in result.text
    assert "Would be passed" in result.text
    assert rows(teacher) == before
    assert client.get(url).status_code == 404


def test_a_trial_that_is_left_leaves_no_row(client: FlaskClient, teacher: Visit) -> None:
    before = rows(teacher)
    url = begin(client, teacher)
    trial_id = url.rpartition("/")[2]

    answer = send(client, f"/l/{teacher.launch_id}/trials/{trial_id}/leave", client.get(url))

    assert answer.status_code == 303
    assert answer.location.endswith("/placement")
    assert rows(teacher) == before


@pytest.mark.usefixtures("folder")
def test_files_of_a_trial_go_with_it(client: FlaskClient, teacher: Visit, folder: Path) -> None:
    place = teacher.place
    edition_id = publish_edition(
        place.id,
        EditionDraft(
            assessment_id=create_assessment(place.id, "Reports"),
            title="Reports",
            summary="",
            pass_mark=1,  # type: ignore[arg-type]  # read as a decimal
            items=(DraftItem(item=sample("file_upload")),),
        ),
    )
    before = rows(teacher)
    url = begin(client, teacher, edition_id)
    page = client.get(url)
    [item] = form_of(place, AttemptId(UUID(url.rpartition("/")[2])))
    sent = send(client, f"{url}/files/{item}", page, file=(io.BytesIO(b"%PDF"), "report.pdf"))
    assert sent.status_code == 303, sent.text
    assert [path for path in folder.rglob("*") if path.is_file()]

    result = send(client, f"{url}/submit", client.get(f"{url}/submit"))

    assert "Would wait for marking" in result.text
    assert rows(teacher) == before
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_the_next_trial_takes_the_place_of_one_that_was_not_handed_in(
    client: FlaskClient, teacher: Visit
) -> None:
    begin(client, teacher)
    once = rows(teacher)

    begin(client, teacher)

    assert rows(teacher) == once


def test_a_trial_that_nobody_ends_goes_by_itself_and_is_never_scored(
    client: FlaskClient, teacher: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(teacher)
    begin(client, teacher)
    watch = stopped_clock(monkeypatch, clock.now() + timedelta(hours=1))
    assert close_overdue() == 0
    assert forget_trials() == 0

    watch.advance(hours=12)

    assert forget_trials() == 1
    assert rows(teacher) == before


def test_no_list_of_the_course_shows_a_trial(client: FlaskClient, teacher: Visit) -> None:
    begin(client, teacher)

    page = client.get(f"/l/{teacher.launch_id}/placement")

    assert "Nobody has begun yet" in page.text
    with transaction(teacher.place.id) as session:
        assert queries.list_results(session, teacher.placement_id) == []
        assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_a_learner_tries_nothing_and_a_teacher_begins_no_real_attempt(
    client: FlaskClient, teacher: Visit
) -> None:
    page = client.get(f"/l/{teacher.launch_id}/placement")
    real = send(client, teacher.url(), page)
    assert real.status_code == 403

    other = visit(teacher.place, teacher.placement_id, learner(teacher.place))
    put_cookie(client, other)
    start = client.get(other.url(other.begin()))
    trial = send(client, f"/l/{other.launch_id}/trials", start)
    assert trial.status_code == 403


def test_another_institutions_edition_and_another_persons_trial_are_not_found(
    client: FlaskClient, app: Flask, teacher: Visit
) -> None:
    foreign = published(university())
    page = client.get(f"/l/{teacher.launch_id}/placement")
    for edition in (str(foreign), "", "x"):
        url = f"/l/{teacher.launch_id}/trials"
        assert send(client, url, page, edition=edition).status_code == 404
    theirs = begin(client, teacher)
    colleague = app.test_client()
    arrived = visit(teacher.place, teacher.placement_id, roles=("instructor",))
    put_cookie(colleague, arrived)

    url = theirs.replace(str(teacher.launch_id), str(arrived.launch_id))

    assert colleague.get(url).status_code == 404
