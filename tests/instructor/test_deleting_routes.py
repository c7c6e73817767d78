"""Deleting an attempt: what follows is told before; then the learner, the list and the record."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.assessments.services import open_attempt
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, UserId
from tests.assessments.conftest import SECRET, Visit, put_cookie, visit
from tests.assessments.factories import learner, placed, university
from tests.assessments.services.test_deleting import take
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter
from tests.learner import story


@pytest.fixture
def here(app: Flask, client: FlaskClient) -> Visit:  # noqa: ARG001 - the product
    place = university()
    arrived = visit(place, placed(place), roles=("instructor",))
    put_cookie(client, arrived)
    return arrived


def url(here: Visit, user_id: UUID, attempt_id: UUID, act: str) -> str:
    return f"/l/{here.launch_id}/learners/{user_id}/attempts/{attempt_id}/{act}"


def taken(here: Visit) -> tuple[UserId, AttemptId]:
    user_id = learner(here.place)
    return user_id, take(here.place, here.placement_id, user_id, "abd")


def delete(client: FlaskClient, here: Visit, user_id: UUID, attempt_id: UUID) -> None:
    where = url(here, user_id, attempt_id, "delete")
    page = client.get(where)
    digest = page.text.partition('name="digest" value="')[2].partition('"')[0]
    data = {"csrf_token": story.csrf_token(page), "digest": digest, "reason": "A test run"}
    answer = client.post(where, data=data)
    assert answer.status_code == 303, answer.text


def test_what_follows_is_told_and_a_reason_is_asked_for(client: FlaskClient, here: Visit) -> None:
    user_id, attempt_id = taken(here)
    where = url(here, user_id, attempt_id, "delete")

    page = client.get(where)

    assert "The result, 2 of 3 points, is withdrawn" in page.text
    assert "may begin as if there had been none" in page.text
    token = story.csrf_token(page)
    refused = client.post(where, data={"csrf_token": token, "reason": " "})
    assert refused.status_code == 400
    assert "Say why" in refused.text
    outdated = client.post(where, data={"csrf_token": token, "digest": "x", "reason": "Typed"})
    assert outdated.status_code == 409
    assert "Typed" in outdated.text


def test_it_is_gone_from_the_pages_and_can_be_put_back(client: FlaskClient, here: Visit) -> None:
    user_id, attempt_id = taken(here)

    delete(client, here, user_id, attempt_id)

    results = client.get(f"/l/{here.launch_id}/placement").text
    assert "Nobody has begun yet" in results
    assert "Deleted attempts: 1" in results
    assert client.get(f"/l/{here.launch_id}/results.csv").text.count("\n") == 1
    person = client.get(f"/l/{here.launch_id}/learners/{user_id}")
    assert "No attempt is left" in person.text
    assert client.get(url(here, user_id, attempt_id, "")[:-1]).status_code == 404
    token = {"csrf_token": story.csrf_token(person), "reason": "It was none"}
    assert client.post(url(here, user_id, attempt_id, "restore"), data=token).status_code == 303
    assert client.post(url(here, user_id, attempt_id, "restore"), data=token).status_code == 404
    assert "2 of 3" in client.get(f"/l/{here.launch_id}/placement").text
    with transaction(here.place.id) as session:
        entries = audit.list_entries(session, object_kind="attempt", object_id=attempt_id)
    assert {(one.act, one.reason) for one in entries} == {
        ("delete_attempt", "A test run"),
        ("restore_attempt", "It was none"),
    }


def test_the_learner_is_told_without_the_reason(client: FlaskClient, here: Visit) -> None:
    user_id, attempt_id = taken(here)
    delete(client, here, user_id, attempt_id)
    arrived = visit(here.place, here.placement_id, user_id)
    put_cookie(client, arrived)

    page = client.get(f"/l/{arrived.launch_id}/").text
    result = client.get(f"/l/{arrived.launch_id}/results/{attempt_id}")

    assert "An attempt of yours was deleted" in page
    assert "A test run" not in page
    assert result.status_code == 404
    assert "This attempt was deleted" in result.text


def test_only_who_teaches_deletes_and_only_here(client: FlaskClient, here: Visit) -> None:
    user_id, attempt_id = taken(here)
    stranger = learner(here.place)
    elsewhere = placed(here.place)
    theirs = open_attempt(here.place.id, elsewhere, stranger)
    away = university()
    foreign = open_attempt(away.id, placed(away), learner(away))
    for whose, which in ((user_id, theirs), (user_id, foreign), (stranger, attempt_id)):
        assert client.get(url(here, whose, which, "delete")).status_code == 404
    arrived = visit(here.place, here.placement_id, user_id)
    put_cookie(client, arrived)
    assert client.get(url(arrived, user_id, attempt_id, "delete")).status_code == 403


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_pass_axe_and_fit_their_window(
    base_url: str, open_page: OpenPage, width: int
) -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    attempt_id = take(place, placement_id, user_id, "abd")
    arrived = visit(place, placement_id, learner(place), roles=("instructor",))
    opened = story.Visit(url=f"/l/{arrived.launch_id}", cookie=("", f"{place.id}.{SECRET}"))
    page = open_page("about:blank", width=width)

    enter(page, base_url, opened, f"/learners/{user_id}/attempts/{attempt_id}/delete")

    assert axe_violations(page) == []
    assert overflow_px(page) == 0
    page.get_by_label("Why").fill("A test run")
    page.get_by_role("button", name="Delete attempt 1").click()
    page.get_by_text("Put it back").first.click()
    page.get_by_role("button", name="Put it back").wait_for()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
