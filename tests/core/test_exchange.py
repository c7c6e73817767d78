"""Requests and answers in fewer steps: the same as Werkzeug's, which is the witness."""

from collections.abc import Iterator

import flask
import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.test import Client, EnvironBuilder

from lti_tool.core.exchange import Request, Response

FORM = "application/x-www-form-urlencoded"
STANDING = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


@pytest.fixture
def application() -> Iterator[Flask]:
    app = Flask("exchange")
    app.config["MAX_CONTENT_LENGTH"] = 1000
    with app.app_context():
        yield app


def _environ(body: bytes, content_type: str = FORM) -> dict[str, object]:
    return EnvironBuilder(method="POST", data=body, content_type=content_type).get_environ()


@pytest.mark.usefixtures("application")
class TestForms:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"a=1&b=2&a=3",
            b"a=&b",
            b"a=%C3%A4+%2B&%E2%82%AC=x",
            b"a=%FF%FE&b=1",
            b"a=\xc3\xa4",
            b"a=\xff",
            b"=&&=x",
            b"a=1;b=2",
        ],
    )
    @pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", "text/plain"])
    def test_a_form_is_read_as_werkzeug_reads_it(self, body: bytes, content_type: str) -> None:
        ours = Request(_environ(body, content_type)).form
        theirs = flask.Request(_environ(body, content_type)).form

        assert list(ours.lists()) == list(theirs.lists())

    def test_parts_are_read_with_their_files(self) -> None:
        given = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nzz\r\n--x--'

        with Request(_environ(given, "multipart/form-data; boundary=x")) as request:
            assert request.files["f"].read() == b"zz"
            assert not request.form

    @pytest.mark.parametrize("body", [b"a=%00", b"%00=a", b"a=\0", b"a=b&c=%2500%00"])
    @pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8"])
    def test_what_no_database_could_hold_is_refused(self, body: bytes, content_type: str) -> None:
        with pytest.raises(BadRequest):
            _ = Request(_environ(body, content_type)).form

    def test_what_only_looks_so_is_not(self) -> None:
        assert Request(_environ(b"a=%2500")).form["a"] == "%00"

    def test_more_than_is_allowed_is_refused(self) -> None:
        with pytest.raises(RequestEntityTooLarge):
            _ = Request(_environ(b"a" * 1001)).form


class TestAnswers:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    @pytest.mark.parametrize("status", [200, 201, 204, 302, 304, 404, 500])
    @pytest.mark.parametrize("body", [None, "", "päge", b"bytes", ["a", "b"]])
    @pytest.mark.parametrize("location", [None, "/l/x?a=b&c=%20", "/a b", "https://ü.example/"])
    def test_it_is_sent_as_werkzeug_sends_it(
        self, method: str, status: int, body: str | bytes | list[str] | None, location: str | None
    ) -> None:
        headers = [("Location", location)] if location else []
        ours = Client(Response(body, status, headers)).open(method=method)
        theirs = Client(flask.Response(body, status, headers)).open(method=method)

        assert ours.status == theirs.status
        assert sorted(ours.headers) == sorted(theirs.headers)
        assert ours.data == theirs.data

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_it_has_what_stands_unless_it_says_otherwise(self, method: str) -> None:
        response = Response("page", headers={"cache-control": "private"})
        response.standing = STANDING

        answer = Client(response).open(method=method)

        assert answer.headers.getlist("Cache-Control") == ["private"]
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]

    def test_who_waits_for_its_end_is_told(self) -> None:
        ended = []
        response = Response("page")
        response.call_on_close(lambda: ended.append(1))

        answer = Client(response).get()
        answer.close()

        assert ended == [1]
