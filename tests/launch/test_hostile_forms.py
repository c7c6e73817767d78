"""Logins and forms that no platform sends: each refused in words, nothing kept."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from tests.launch.forging import NOTHING, check_line, check_refusal
from tests.launch.platform import Arrival, Browser, stored

LOGINS: dict[str, dict[str, str]] = {
    "target on another host": {"target_link_uri": "https://evil.example/lti/launch"},
    "target with our name before it": {"target_link_uri": "http://localhost@evil.example/"},
    "target with our name below it": {"target_link_uri": "http://localhost.evil.example/"},
    "target without a scheme": {"target_link_uri": "//localhost/lti/launch"},
    "target is a script": {"target_link_uri": "javascript:alert(1)//localhost"},
    "target with a backslash": {"target_link_uri": "http://localhost\\@evil.example/"},
    "target has two lines": {"target_link_uri": "http://localhost/lti/\nlaunch"},
    "target has a null": {"target_link_uri": "http://localhost/\x00"},
    "target is huge": {"target_link_uri": "http://localhost/" + "x" * 10_000},
    "issuer has a null": {"iss": "a\x00b"},
    "issuer is SQL": {"iss": "' OR 1=1 --"},
    "issuer is of nobody": {"iss": "https://nobody.example"},
    "issuer is huge": {"iss": "x" * 100_000},
    "client of another": {"client_id": "somebody"},
    "client has a null": {"client_id": "a\x00"},
    "hint is huge": {"login_hint": "x" * 200_000},
    "hint has a null": {"login_hint": "a\x00b"},
    "message hint is huge": {"lti_message_hint": "x" * 200_000},
    "message hint has a null": {"lti_message_hint": "a\x00b"},
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("change", LOGINS.values(), ids=list(LOGINS))
def test_a_login_that_is_none_is_refused_in_words(
    student: Browser, change: dict[str, str], method: str
) -> None:
    form = {**student.login_form(student.connected.place()), **change}
    query = "&".join(f"{name}={quote(value)}" for name, value in form.items())

    answer = student.login(form) if method == "POST" else student.client.get(f"/lti/login?{query}")
    if answer.status_code == 303:
        answer = student.client.get(answer.location)

    assert 400 <= answer.status_code < 500, (answer.status_code, answer.headers)
    assert "<h1>" in answer.text


def test_a_login_that_splits_a_header_splits_none(student: Browser) -> None:
    form = student.login_form(student.connected.place())

    answer = student.login({**form, "login_hint": "a\r\nSet-Cookie: x=y", "lti_message_hint": "é☃"})

    assert answer.status_code == 302
    assert "x=y" not in answer.headers.getlist("Set-Cookie")
    assert "\n" not in answer.location


FORMS: dict[str, Callable[[Browser, Arrival], TestResponse]] = {
    "a token of 1 MB": lambda b, a: b.client.post(
        "/lti/launch", data={**a.fields, "id_token": "x" * 1_000_000}
    ),
    "a token of 600 KB": lambda b, a: b.client.post(
        "/lti/launch", data={**a.fields, "id_token": "x" * 600_000}
    ),
    "a state of 300 KB": lambda b, a: b.client.post(
        "/lti/launch", data={**a.fields, "state": "x" * 300_000}
    ),
    "a state with a null": lambda b, a: b.client.post(
        "/lti/launch", data={**a.fields, "state": "\x00"}
    ),
    "in the address": lambda b, a: b.client.post("/lti/launch", query_string=a.fields),
    "as JSON": lambda b, a: b.client.post("/lti/launch", json=a.fields),
    "another state first": lambda b, a: b.client.post(
        "/lti/launch", data={"state": ["x", a.fields["state"]], "id_token": a.fields["id_token"]}
    ),
    "another token first": lambda b, a: b.client.post(
        "/lti/launch", data={"state": a.fields["state"], "id_token": ["x", a.fields["id_token"]]}
    ),
    "another state second": lambda b, a: b.client.post(
        "/lti/launch", data={"state": [a.fields["state"], "x"], "id_token": a.fields["id_token"]}
    ),
    "another token second": lambda b, a: b.client.post(
        "/lti/launch", data={"state": a.fields["state"], "id_token": [a.fields["id_token"], "x"]}
    ),
    "the same token twice": lambda b, a: b.client.post(
        "/lti/launch", data={"state": a.fields["state"], "id_token": [a.fields["id_token"]] * 2}
    ),
    "token and error": lambda b, a: b.client.post(
        "/lti/launch", data={**a.fields, "error": "<script>alert(1)</script>"}
    ),
    "bytes that are no text": lambda b, _: b.client.post(
        "/lti/launch",
        data=b"state=%ff%fe&id_token=%ff",
        content_type="application/x-www-form-urlencoded",
    ),
    "2,000 fields": lambda b, a: b.client.post(
        "/lti/launch", data={**a.fields, **{f"f{n}": "1" for n in range(2000)}, "state": "x"}
    ),
}


@pytest.mark.parametrize("send", FORMS.values(), ids=list(FORMS))
def test_a_form_that_is_none_is_refused_in_words(
    student: Browser, database: Connection, send: Callable[[Browser, Arrival], TestResponse]
) -> None:
    arrival = student.arrive(student.connected.place())

    with capture_logs() as lines:
        answer = send(student, arrival)

    check_refusal(answer)
    check_line(lines, answer)
    assert "<script>alert" not in answer.text
    assert stored(database, student) == NOTHING


def test_a_token_by_multipart_form_is_the_same(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())

    answer = student.client.post(
        "/lti/launch", data=arrival.fields, content_type="multipart/form-data"
    )

    assert answer.status_code == 303
