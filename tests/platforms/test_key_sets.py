"""Platforms' keys: what is taken, what is kept, and how often anybody is asked."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from flask import Flask, Response
from joserfc.jwk import ECKey, RSAKey

from lti_tool.core import clock
from lti_tool.platforms import key_sets
from lti_tool.platforms.errors import KeySetUnreachableError
from lti_tool.platforms.key_sets import verification_key
from tests.helpers import serving

pytestmark = pytest.mark.usefixtures("database")


def public(kid: object, **changes: object) -> dict[str, object]:
    key = RSAKey.generate_key(2048).as_dict(private=False)
    named = {**key, "kid": kid, "use": "sig", "alg": "RS256", **changes}
    return {name: value for name, value in named.items() if value is not None}


@dataclass
class Server:
    """A key set on a web server, to be changed and broken."""

    url: str = ""
    keys: list[object] = field(default_factory=list)
    status: int = 200
    body: str | None = None
    asked: int = 0
    late: threading.Event | None = None

    def answer(self) -> Response:
        self.asked += 1
        if self.late is not None:
            self.late.wait(20)
        body = self.body if self.body is not None else json.dumps({"keys": self.keys})
        return Response(body, self.status, mimetype="application/json")


@pytest.fixture
def server() -> Iterator[Server]:
    server, app = Server(keys=[public("one")]), Flask("keys")
    app.add_url_rule("/jwks", view_func=server.answer)
    with serving(app) as url:
        server.url = f"{url}/jwks"
        yield server


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    instant = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: instant)


def test_a_set_is_fetched_once_for_many_launches(server: Server) -> None:
    for _ in range(5):
        assert verification_key(server.url, "one") is not None

    assert server.asked == 1


def test_another_process_finds_it_in_the_database(server: Server) -> None:
    verification_key(server.url, "one")
    key_sets.forget_all()

    assert verification_key(server.url, "one") is not None
    assert server.asked == 1


def test_an_unknown_key_is_looked_for_but_not_at_every_message(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification_key(server.url, "one")
    assert verification_key(server.url, "two") is None
    assert server.asked == 1

    server.keys.append(public("two"))
    later(monkeypatch, key_sets.COOL_DOWN)
    assert verification_key(server.url, "two") is not None
    assert server.asked == 2
    for _ in range(3):
        assert verification_key(server.url, "three") is None
    assert server.asked == 2


def test_a_known_platform_is_not_asked_about_strangers_as_often_as_one_in_an_outage(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification_key(server.url, "one")

    later(monkeypatch, key_sets.COLD_COOL_DOWN)

    assert verification_key(server.url, "of nobody") is None
    assert server.asked == 1


def test_a_platform_that_answers_late_is_left_alone_for_longer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its launches would have a process's few threads wait, and so everybody else's."""
    monkeypatch.setattr(key_sets, "_SECONDS", 0.4)
    server.late = threading.Event()

    with pytest.raises(KeySetUnreachableError):
        verification_key(server.url, "one")
    later(monkeypatch, key_sets.COLD_COOL_DOWN)
    with pytest.raises(KeySetUnreachableError):
        verification_key(server.url, "one")
    assert server.asked == 1

    server.late.set()
    later(monkeypatch, timedelta(seconds=60))
    assert verification_key(server.url, "one") is not None


@pytest.mark.parametrize("kid", ["one", "two"])
def test_nobody_waits_long_for_another_launch_that_asks(
    server: Server, monkeypatch: pytest.MonkeyPatch, kid: str
) -> None:
    """With keys that are kept one goes on; without the right one a moment later it may be there."""
    monkeypatch.setattr(key_sets, "_PATIENCE_SECONDS", 0.05)
    verification_key(server.url, "one")
    later(monkeypatch, key_sets.REFRESH_AFTER + timedelta(seconds=1))

    with key_sets._entries[server.url].lock:
        if kid == "one":
            assert verification_key(server.url, kid) is not None
        else:
            with pytest.raises(KeySetUnreachableError):
                verification_key(server.url, kid)
    assert server.asked == 1


def test_for_one_who_was_late_nobody_waits_at_all(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "_PATIENCE_SECONDS", 30)
    server.status = 503
    with pytest.raises(KeySetUnreachableError):
        verification_key(server.url, "one")
    key_sets._entries[server.url].took = timedelta(seconds=4)
    began = time.monotonic()

    with key_sets._entries[server.url].lock, pytest.raises(KeySetUnreachableError):
        verification_key(server.url, "one")

    assert time.monotonic() - began < 15


def test_a_new_key_that_another_process_fetched_is_taken_without_asking_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification_key(server.url, "one")
    here = dict(key_sets._entries)
    key_sets.forget_all()  # from here on another process
    server.keys.append(public("two"))
    later(monkeypatch, key_sets.COOL_DOWN)
    verification_key(server.url, "two")
    asked = server.asked

    key_sets.forget_all()
    key_sets._entries.update(here)

    assert verification_key(server.url, "two") is not None
    assert server.asked == asked


def test_a_key_that_was_withdrawn_is_forgotten_in_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification_key(server.url, "one")
    server.keys = [public("two")]

    later(monkeypatch, key_sets.REFRESH_AFTER + timedelta(seconds=1))

    assert verification_key(server.url, "one") is None
    assert verification_key(server.url, "two") is not None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (404, None),
        (200, "<html>Please sign in</html>"),
        (200, "{}"),
        (200, '{"keys": []}'),
        (200, '{"keys": "none"}'),
        (200, "[]"),
        (200, '{"error": "maintenance"}'),
    ],
)
def test_what_is_no_key_set_replaces_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int, body: str | None
) -> None:
    verification_key(server.url, "one")
    server.status, server.body = status, body

    later(monkeypatch, key_sets.REFRESH_AFTER + timedelta(seconds=1))
    assert verification_key(server.url, "one") is not None
    assert server.asked == 2
    key_sets.forget_all()
    assert verification_key(server.url, "one") is not None


def test_an_outage_at_first_sight_is_temporary_and_not_remembered_for_long(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.status = 503
    for _ in range(3):
        with pytest.raises(KeySetUnreachableError):
            verification_key(server.url, "one")
    assert server.asked == 1

    server.status = 200
    later(monkeypatch, key_sets.COLD_COOL_DOWN)
    assert verification_key(server.url, "one") is not None


def test_only_keys_that_may_sign_launches_are_taken(server: Server) -> None:
    odd = ((1 << 2039) + 1).to_bytes(255)  # a modulus of 2,040 bits
    padded = bytes(128) + ((1 << 1023) + 1).to_bytes(128)  # 1,024 bits behind as many noughts
    endless = b"\xff" * 100_000
    elliptic = ECKey.generate_key("P-256").as_dict(private=False)
    server.keys = [
        public("bare", use=None, alg=None),  # Open edX
        public("encrypts", use="enc"),
        public("other algorithm", alg="RS512"),
        public("too short", n=base64.urlsafe_b64encode(odd).rstrip(b"=").decode()),
        public("padded", n=base64.urlsafe_b64encode(padded).rstrip(b"=").decode()),
        public("endless", n=base64.urlsafe_b64encode(endless).rstrip(b"=").decode()),
        public("signs nothing", e="AQ"),
        public("a\0null"),
        public(None),
        public(7),
        {**elliptic, "kid": "elliptic"},
        {"kty": "RSA", "kid": "no numbers"},
        {"kty": "RSA", "kid": "nonsense", "n": "!", "e": "AQAB"},
        {"kty": "RSA", "kid": "numbers", "n": 7, "e": 3},
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        "a word",
        None,
    ]

    wanted = [str(key.get("kid")) for key in server.keys if isinstance(key, dict)]
    taken = {kid for kid in wanted if verification_key(server.url, kid) is not None}

    assert taken == {"bare"}


@pytest.mark.parametrize(
    "odd",
    ['"\\u0000"', '"\\ud83d"', "1e400", '{"a": "\\uD83D"}'],
    ids=["null", "half a letter", "beyond numbers", "half a letter inside"],
)
def test_a_set_with_what_no_database_holds_is_used_and_kept_without_it(
    server: Server, odd: str
) -> None:
    rest = f'"x5c": {odd}, "kid": "one"'
    body = json.dumps({"keys": [{**public(None), "here": 1}], "more": 2})
    server.body = body.replace('"here": 1', rest).replace('"more": 2', f'"more": {odd}')

    assert verification_key(server.url, "one") is not None

    key_sets.forget_all()
    assert verification_key(server.url, "one") is not None
    assert server.asked == 1


def test_a_private_key_published_by_mistake_is_not_kept_as_one(server: Server) -> None:
    server.keys = [{**RSAKey.generate_key(2048).as_dict(private=True), "kid": "oops"}]

    key = verification_key(server.url, "oops")

    assert key is not None
    assert not key.is_private
