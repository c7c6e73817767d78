import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import get_contextvars

from lti_tool.core import logs, outbox
from lti_tool.core.db import system_transaction

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

log = logs.get("lti_tool.example")


class Output:
    """What a handler with our formatter wrote."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def event(self) -> dict[str, Any]:
        (event,) = self.events()
        return event


Listen = Callable[..., Output]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Collect what is logged, as JSON or for eyes, without touching pytest's own handlers."""
    root, level, added = logging.getLogger(), logging.getLogger().level, []

    def start(*, as_json: bool = True) -> Output:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logs.formatter(json=as_json))
        root.addHandler(handler)
        added.append(handler)
        return Output(stream)

    root.setLevel(logging.INFO)
    logs.clear()
    yield start
    logs.clear()
    root.setLevel(level)
    for handler in added:
        root.removeHandler(handler)


def test_an_event_is_one_json_line_that_says_when_where_and_how_bad(listen: Listen) -> None:
    output = listen()
    log.info("award_granted", award=UUID(int=1), points=3, note="two\nlines")
    event = output.event()
    assert event["timestamp"].endswith("Z")
    del event["timestamp"]
    assert event == {
        "event": "award_granted",
        "award": str(UUID(int=1)),
        "points": 3,
        "note": "two\nlines",
        "level": "info",
        "logger": "lti_tool.example",
    }


def test_a_library_is_heard_in_the_same_form(listen: Listen) -> None:
    output = listen()
    logging.getLogger("library").warning("slow: %s", "https://lms.example/x?user=alice")
    event = output.event()
    assert event["event"] == "slow: https://lms.example/x?[removed]"
    assert (event["logger"], event["level"]) == ("library", "warning")


def test_every_line_of_a_request_carries_its_id_and_the_next_request_another(
    listen: Listen,
) -> None:
    output = listen()
    logs.bind_request_id("request-1")
    logs.bind(institution="abc")
    log.info("one")
    logging.getLogger("library").warning("two")
    made = logs.bind_request_id()
    log.info("three")
    logs.clear()
    log.info("four")
    one, two, three, four = output.events()
    assert one["request_id"] == two["request_id"] == "request-1"
    assert one["institution"] == two["institution"] == "abc"
    assert three["request_id"] == made
    assert len(made) == 16
    assert "institution" not in three
    assert "request_id" not in four


@pytest.mark.parametrize(
    "key",
    [
        "email",
        "user_email",
        "Email",
        "name",
        "given_name",
        "learner_full_name",
        "sub",
        "state",
        "id_token",
        "access_token",
        "cookie",
        "Set-Cookie",
        "authorization",
        "answers",
        "response",
        "login_hint",
        "sis_id",
        "client_secret",
        "code",
        "remote_addr",
        "nonce",
        "picture_url",
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_personal_is_replaced(listen: Listen, key: str, as_json: bool) -> None:  # noqa: FBT001 - a parameter of the test
    output = listen(as_json=as_json)
    log.info("seen", **{key: "Alice Example"}, inner={"deep": [{key: "Alice Example"}]})
    assert "Alice" not in output.text
    assert output.text.count(logs.REMOVED) == 2


@pytest.mark.parametrize(
    "key", ["award", "token_url", "answers_count", "logger", "event_name", "reason", "status"]
)
def test_what_is_not_personal_stays(listen: Listen, key: str) -> None:
    output = listen()
    log.info("seen", inner={key: "something"})
    assert output.event()["inner"] == {key: "something"}


def test_our_own_codes_are_told_from_the_codes_of_a_sign_in(listen: Listen) -> None:
    output = listen()
    log.info("refused", code="outbound_refused")
    log.info("refused", code="SplxlOBeZQQYbYS6WxSbIA")
    first, second = output.events()
    assert (first["code"], second["code"]) == ("outbound_refused", logs.REMOVED)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://lms.example/return?user=alice&x=1", "https://lms.example/return?[removed]"),
        ("see https://a.example/#alice now", "see https://a.example/?[removed] now"),
        ("GET /lti/login?login_hint=alice HTTP/1.1", "GET /lti/login?[removed] HTTP/1.1"),
        ("mail to alice.b+c@students.example.edu.", "mail to [removed]."),
        (f"token {TOKEN}", "token [removed]"),
        ("Authorization: Bearer abcdefgh.123", "Authorization: [removed]"),
        ("https://lms.example/path", "https://lms.example/path"),
        ("why? because", "why? because"),
    ],
)
def test_texts_are_cut_where_people_show(listen: Listen, text: str, written: str) -> None:
    output = listen()
    log.info("seen", detail=text)
    log.info(text)
    first, second = output.events()
    assert first["detail"] == second["event"] == written


class Learner(BaseModel):
    age: int


@pytest.mark.parametrize("as_json", [True, False])
def test_an_object_is_told_by_its_type_only(listen: Listen, as_json: bool) -> None:  # noqa: FBT001 - a parameter of the test
    output = listen(as_json=as_json)
    log.info("seen", learner=Learner(age=77_000_000_077))  # no part of a time of day
    assert "Learner" in output.text
    assert "77000000077" not in output.text


def _fail(answer: str) -> None:
    hidden = f"{answer} in a variable"
    if hidden:
        Learner.model_validate({"age": answer})


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("logger", [log, logging.getLogger("library")])
def test_a_traceback_tells_where_and_what_but_no_values(
    listen: Listen,
    as_json: bool,  # noqa: FBT001 - a parameter of the test
    logger: Any,  # noqa: ANN401 - ours or the standard library's
) -> None:
    output = listen(as_json=as_json)
    try:
        try:
            _fail("Alice")
        except ValidationError as error:
            raise RuntimeError("outer\nAlice below the first line") from error
    except RuntimeError:
        logger.exception("broke")
    assert "Alice" not in output.text
    for told in ("RuntimeError", "outer", "ValidationError", "1 validation error", "_fail"):
        assert told in output.text
    if as_json:
        assert [each["type"] for each in output.event()["exception"]] == [
            "RuntimeError",
            "ValidationError",
        ]


def test_configure_replaces_what_was_there_and_quiets_the_talkative() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure(json=True)
        logs.configure(json=True)
        (handler,) = root.handlers
        assert isinstance(handler, logging.StreamHandler)
        assert handler.stream is sys.stderr
        assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
        assert logging.getLogger("lti_tool").isEnabledFor(logging.INFO)
    finally:
        root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("live_app")
def test_a_database_error_does_not_quote_what_was_sent() -> None:
    with pytest.raises(DBAPIError) as failed, system_transaction() as session:
        session.execute(text("SELECT 1 / 0 WHERE :name = 'x'"), {"name": "Alice"})
    assert "division by zero" in str(failed.value)
    assert "Alice" not in str(failed.value)


@pytest.mark.usefixtures("database")
def test_a_delivery_logs_under_its_own_id_and_forgets_the_one_before() -> None:
    logs.bind_request_id("before")
    logs.bind(institution="abc")
    delivery = str(UUID(int=1))
    outbox.deliver(delivery)
    assert get_contextvars() == {"request_id": delivery}
    logs.clear()
