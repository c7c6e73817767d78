"""Answers as the page's script sends them, one at a time."""

import pytest
from flask.testing import FlaskClient

from lti_tool.assessments.services import submit_attempt
from lti_tool.core import clock
from tests.assessments.conftest import Visit
from tests.assessments.factories import form_of, stopped_clock
from tests.assessments.sending import as_json, saved, send, token


def test_a_script_saves_one_answer(
    here: Visit, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt_id = here.begin()
    body = as_json(form_of(here.place, attempt_id)[1], "b")
    second = clock.now().replace(microsecond=0)
    watch = stopped_clock(monkeypatch, at=second)

    first = send(client, here.url(attempt_id, "responses"), **body)
    watch.advance(seconds=3)
    again = send(client, here.url(attempt_id, "responses"), **body)

    assert first.status_code == again.status_code == 200
    assert first.json == {
        "verdict": "store",
        "sequence": 1,
        "saved_at": second.isoformat(timespec="milliseconds"),
        "now": second.isoformat(timespec="milliseconds"),
        "closes_at": None,
    }
    assert again.json == {
        **first.json,
        "verdict": "same",
        "now": watch.now.isoformat(timespec="milliseconds"),
    }
    assert saved(here, attempt_id) == ["-", "b", "-"]


def test_a_script_that_contradicts_another_window_gets_the_servers_copy(
    here: Visit, client: FlaskClient
) -> None:
    attempt_id = here.begin()
    item = form_of(here.place, attempt_id)[0]
    send(client, here.url(attempt_id, "responses"), **as_json(item, "b"))

    answer = send(client, here.url(attempt_id, "responses"), **as_json(item, "c"))

    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "response_conflict"
    assert (answer.json["stored"]["value"], answer.json["stored"]["sequence"]) == (["b"], 1)
    assert saved(here, attempt_id) == ["b", "-", "-"]


@pytest.mark.parametrize(
    "broken",
    [
        {"sequence": 0},
        {"sequence": 2**31},
        {"base": -1},
        {"value": "a"},
        {"value": ["e"]},
        {"value": ["a", "b"]},
        {"value": ["<script>"]},
        {"save_id": "1"},
        {"item_version_id": "11111111-1111-7111-8111-111111111111"},
        {"points": 1},
    ],
)
def test_a_script_that_sends_something_else_is_refused(
    here: Visit, client: FlaskClient, broken: dict[str, object]
) -> None:
    attempt_id = here.begin()
    body = {**as_json(form_of(here.place, attempt_id)[0], "a"), **broken}

    answer = send(client, here.url(attempt_id, "responses"), **body)

    assert answer.status_code == 400
    assert saved(here, attempt_id) == ["-", "-", "-"]


def test_no_json_and_no_object_are_refused(here: Visit, client: FlaskClient) -> None:
    url = here.url(here.begin(), "responses")
    headers = {"X-CSRF-Token": token(), "Accept": "application/json"}

    for body in ("{", "[]", "null", '"a"'):
        answer = client.post(url, data=body, headers=headers, content_type="application/json")
        assert answer.status_code == 400


def test_a_script_after_the_end_is_told_that_it_is_kept_apart(
    here: Visit, client: FlaskClient
) -> None:
    attempt_id = here.begin()
    submit_attempt(here.place.id, attempt_id, user_id=here.user_id)
    body = as_json(form_of(here.place, attempt_id)[0], "a")

    answer = send(client, here.url(attempt_id, "responses"), **body)

    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "attempt_closed"
