from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from lti_tool.app import TEMPLATES
from lti_tool.core import settings as settings_module
from lti_tool.core import web
from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    NotFoundError,
    TemporaryError,
    ToolError,
)
from lti_tool.core.settings import Settings

JSON = {"Accept": "application/json"}
SECRET, OLDER = b"one secret key of thirty-two byte", b"an older secret key of 32 bytes.."

View = Callable[[], ResponseReturnValue]


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: int
    value: str


class Tool:
    """A product of one page, /page, whose view a test gives."""

    def __init__(self) -> None:
        self.app = Flask("tool", template_folder=str(TEMPLATES), static_folder=str(web.STATIC))
        web.install(self.app)
        self.view: View = lambda: "page"
        self.app.add_url_rule("/page", "page", self._show, methods=["GET", "POST"])

    def _show(self) -> ResponseReturnValue:
        return self.view()

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


@pytest.fixture
def tool(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Tool:
    use = replace(settings, base_url="https://cairn.example.edu", secret_keys=(SECRET,))
    monkeypatch.setattr(settings_module, "_installed", [use])
    return Tool()


def _raise(error: Exception) -> View:
    def view() -> ResponseReturnValue:
        raise error

    return view


class _UnplacedError(ToolError):
    code = "unplaced"


class TestErrors:
    @pytest.mark.parametrize(
        ("family", "status"),
        [
            (InvalidRequestError, 400),
            (DeniedError, 403),
            (NotFoundError, 404),
            (ConflictError, 409),
            (TemporaryError, 503),
            (_UnplacedError, 500),
        ],
    )
    def test_each_family_has_its_status(
        self, tool: Tool, family: type[ToolError], status: int
    ) -> None:
        tool.view = _raise(family("Here is why."))

        page = tool.client.get("/page")
        told = tool.client.get("/page", headers=JSON)

        assert page.status_code == told.status_code == status
        assert "Here is why." in page.text
        assert page.content_type == "text/html; charset=utf-8"
        document = told.get_json()
        assert (document["code"], document["message"]) == (family.code, "Here is why.")
        assert document["request_id"] == told.headers["X-Request-Id"]

    def test_an_error_of_a_feature_has_its_familys_status(self) -> None:
        assert web.status_of(web.CrossSiteRequestError("x")) == 403

    def test_what_an_error_says_is_text_not_markup(self, tool: Tool) -> None:
        tool.view = _raise(NotFoundError("<script>alert(1)</script>"))

        page = tool.client.get("/page").text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page

    def test_a_bug_shows_nothing_of_itself(self, tool: Tool) -> None:
        tool.view = _raise(ValueError("the learner's answer"))

        page = tool.client.get("/page")

        assert page.status_code == 500
        assert "the learner" not in page.text
        assert page.headers["X-Request-Id"] in page.text

    def test_an_unknown_address_is_told_in_words(self, tool: Tool) -> None:
        page = tool.client.get("/nowhere")

        assert page.status_code == 404
        assert "There is nothing here" in page.text
        assert tool.client.get("/nowhere", headers=JSON).get_json()["code"] == "http_404"

    def test_a_method_that_is_not_there_names_those_that_are(self, tool: Tool) -> None:
        page = tool.client.delete("/page")

        assert page.status_code == 405
        assert set(page.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}

    @pytest.mark.parametrize(
        ("sent", "path"),
        [("/shelf?a=b&a=c", "/shelf/?a=b&a=c"), ("/shelf//?a=%2F", "/shelf/?a=%2F")],
    )
    def test_a_redirect_to_the_right_form_of_an_address_names_no_host(
        self, tool: Tool, sent: str, path: str
    ) -> None:
        tool.app.add_url_rule("/shelf/", "shelf", tool._show)

        answer = tool.client.get(
            sent, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        )

        assert (answer.status_code, answer.location) == (308, path)
        assert "evil.example" not in answer.text

    def test_too_much_at_once_is_refused(self, tool: Tool) -> None:
        def read() -> str:
            return str(len(request.get_data()))

        tool.view = read

        assert tool.client.post("/page", data=b"x" * 1_000_000).status_code == 200
        assert tool.client.post("/page", data=b"x" * 1_000_001).status_code == 413

    def test_what_no_database_could_hold_is_refused_at_the_door(self, tool: Tool) -> None:
        def read() -> str:
            return request.form.get("q", "")

        tool.view = read
        answers = (
            tool.client.get("/page?q=a%00b"),
            tool.client.get("/page?a%00b=q"),
            tool.client.get("/no%00where"),
            tool.client.post("/page", data={"q": "a\0b"}),
        )

        assert [answer.status_code for answer in answers] == [400] * 4
        assert "That did not work" in answers[0].text

    def test_a_database_that_is_away_is_temporary(self, tool: Tool) -> None:
        engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/x", poolclass=NullPool)

        def connect() -> ResponseReturnValue:
            with engine.connect():
                return "connected"

        for view in (connect, _raise(PoolTimeoutError("all in use"))):
            tool.view = view
            page = tool.client.get("/page", headers=JSON)

            assert (page.status_code, page.get_json()["code"]) == (503, "database_away")
            assert "nobody" not in page.text


class TestForms:
    def test_a_form_that_fits_is_typed(self) -> None:
        assert web.read_form(Answer, {"question": "3", "value": "b"}) == Answer(
            question=3, value="b"
        )

    def test_every_wrong_field_is_named_and_no_value(self) -> None:
        with pytest.raises(InvalidRequestError) as refused:
            web.read_form(Answer, {"question": "my secret", "colour": "x"})

        assert str(refused.value) == "Please check: question, value, colour."


class TestCsrf:
    @pytest.fixture(autouse=True)
    def session(self, tool: Tool) -> None:
        def view() -> ResponseReturnValue:
            web.bind_csrf("the session")
            web.check_csrf()
            return web.csrf_token()

        tool.view = view

    def _token(self, tool: Tool) -> str:
        return tool.client.get("/page").text

    def test_our_own_form_is_taken(self, tool: Tool) -> None:
        token = self._token(tool)

        for sent in (
            {"data": {"csrf_token": token}},
            {"headers": {"X-CSRF-Token": token}},
            {"data": {"csrf_token": token}, "headers": {"Origin": "https://cairn.example.edu"}},
        ):
            assert tool.client.post("/page", **sent).status_code == 200

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "http://cairn.example.edu", "null", ""]
    )
    def test_another_origin_is_refused_even_with_the_token(self, tool: Tool, origin: str) -> None:
        answer = tool.client.post(
            "/page", data={"csrf_token": self._token(tool)}, headers={"Origin": origin, **JSON}
        )

        assert (answer.status_code, answer.get_json()["code"]) == (403, "cross_site_request")

    @pytest.mark.parametrize("token", ["", "00", "ü", "zz" * 32, "0" * 64, "abc"])
    def test_a_token_that_is_none_is_refused(self, tool: Tool, token: str) -> None:
        assert tool.client.post("/page", data={"csrf_token": token}).status_code == 403

    def test_another_sessions_token_is_refused(self, tool: Tool) -> None:
        token = self._token(tool)

        def view() -> ResponseReturnValue:
            web.bind_csrf("another session")
            web.check_csrf()
            return "taken"

        tool.view = view

        assert tool.client.post("/page", data={"csrf_token": token}).status_code == 403

    def test_without_a_session_nothing_is_taken(self, tool: Tool) -> None:
        token = self._token(tool)

        def view() -> ResponseReturnValue:
            web.check_csrf()
            return f"taken {web.csrf_token()}"

        tool.view = view

        assert tool.client.get("/page").text == "taken "
        for sent in (token, ""):
            assert tool.client.post("/page", data={"csrf_token": sent}).status_code == 403

    def test_a_page_outlives_the_rotation_of_secrets(
        self, tool: Tool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = self._token(tool)
        rotated = replace(settings_module.current(), secret_keys=(OLDER, SECRET))
        monkeypatch.setattr(settings_module, "_installed", [rotated])
        assert self._token(tool) != token
        assert tool.client.post("/page", data={"csrf_token": token}).status_code == 200

        forgotten = replace(rotated, secret_keys=(OLDER,))
        monkeypatch.setattr(settings_module, "_installed", [forgotten])
        assert tool.client.post("/page", data={"csrf_token": token}).status_code == 403


class TestHeaders:
    def _policy(self, tool: Tool) -> dict[str, str]:
        """Return the content security policy by directive."""
        header = tool.client.get("/page").headers["Content-Security-Policy"]
        parts = [part.strip().partition(" ") for part in header.split(";")]
        assert len({name for name, _, _ in parts}) == len(parts)
        return {name: value for name, _, value in parts}

    def test_nothing_is_allowed_that_we_do_not_use(self, tool: Tool) -> None:
        policy = self._policy(tool)

        assert policy["default-src"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in str(policy)

    def test_a_launch_is_framed_by_its_platform_only(self, tool: Tool) -> None:
        def view() -> ResponseReturnValue:
            web.frame_ancestors(["https://lms.example.edu", "http://[::1]:8401"])
            return "page"

        tool.view = view

        assert self._policy(tool)["frame-ancestors"] == "https://lms.example.edu http://[::1]:8401"

    def test_a_form_may_go_back_to_the_platform(self, tool: Tool) -> None:
        def view() -> ResponseReturnValue:
            web.form_action("https://lms.example.edu:8443/deep?x=1")
            return "page"

        tool.view = view

        assert self._policy(tool)["form-action"] == "'self' https://lms.example.edu:8443"

    @pytest.mark.parametrize(
        "evil",
        [
            "https://lms.example.edu; script-src-elem *",
            "https://lms.example.edu *",
            "javascript:alert(1)",
            "https://",
            "//lms.example.edu",
        ],
    )
    def test_a_platforms_words_cannot_widen_the_policy(self, tool: Tool, evil: str) -> None:
        def frame() -> ResponseReturnValue:
            web.frame_ancestors(["https://lms.example.edu", evil])
            return "page"

        def post() -> ResponseReturnValue:
            web.form_action(evil)
            return "page"

        tool.view = frame
        policy = self._policy(tool)
        tool.view = post
        refused = tool.client.get("/page")

        assert policy["frame-ancestors"] == "https://lms.example.edu"
        assert refused.status_code == 400
        assert "script-src-elem" not in refused.headers["Content-Security-Policy"]

    def test_pages_are_never_kept_and_static_files_for_ever(self, tool: Tool) -> None:
        with tool.app.test_request_context():
            address = web.static_url("cairn.css")
        versioned = tool.client.get(address)
        plain = tool.client.get("/static/cairn.css")

        assert tool.client.get("/page").headers["Cache-Control"] == "no-store"
        assert "immutable" in versioned.headers["Cache-Control"]
        assert plain.headers["Cache-Control"] == "no-cache"
        assert versioned.data == plain.data
        versioned.close()
        plain.close()

    def test_errors_have_the_headers_as_well(self, tool: Tool) -> None:
        tool.view = _raise(ValueError())

        for address in ("/page", "/nowhere"):
            headers = tool.client.get(address).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            assert "frame-ancestors" in headers["Content-Security-Policy"]


class TestRequestId:
    def test_a_proxys_id_is_kept(self, tool: Tool) -> None:
        answer = tool.client.get("/page", headers={"X-Request-Id": "4f2a-9c1b"})

        assert answer.headers["X-Request-Id"] == "4f2a-9c1b"

    @pytest.mark.parametrize(
        "sent", ["short", "x" * 65, "id with spaces", "id\x00\x00\x00\x00\x00\x00", "<b>12345</b>"]
    )
    def test_what_is_no_id_is_replaced(self, tool: Tool, sent: str) -> None:
        answer = tool.client.get("/page", headers={"X-Request-Id": sent})

        assert answer.headers["X-Request-Id"] != sent
        assert len(answer.headers["X-Request-Id"]) == 16

    def test_every_request_has_one_of_its_own(self, tool: Tool) -> None:
        first, second = (tool.client.get("/page").headers["X-Request-Id"] for _ in range(2))

        assert first != second
