"""Clocks that are off and keys that change or are not there, for the seven products."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.core import clock, http
from lti_tool.platforms import key_sets
from tests.conformance.lti.products import EACH
from tests.conformance.lti.products.canvas import CANVAS
from tests.conformance.lti.products.hosted import BLACKBOARD, SCHOOLOGY
from tests.conformance.lti.products.own_site import MOODLE
from tests.conformance.lti.products.wire import Wire, connected, opened
from tests.launch.platform import error_code


@EACH
@pytest.mark.parametrize("seconds", [55, -55], ids=["ahead", "behind"])
def test_a_clock_that_is_almost_a_minute_off_is_borne(
    wire: Wire, client: FlaskClient, seconds: int
) -> None:
    wire.skew_s = seconds

    opened(wire, client, wire.launch())


@EACH
@pytest.mark.parametrize(
    ("seconds", "code"),
    [(600, "token_not_yet_valid"), (-600, "token_too_old")],
    ids=["ahead", "behind"],
)
def test_a_clock_that_is_ten_minutes_off_is_not(
    wire: Wire, client: FlaskClient, seconds: int, code: str
) -> None:
    wire.skew_s = seconds

    answer = wire.send(client, wire.launch())

    expected = {code, "token_expired"} if seconds < 0 else {code}
    assert error_code(answer) in expected
    assert "clock" in answer.text


@EACH
def test_keys_change_again_and_again(
    wire: Wire, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brightspace's do every hour; each time the set is asked for once."""
    opened(wire, client, wire.launch())
    now = clock.now()
    for hour in (1, 2):
        wire.rotate()
        wire.skew_s = 3600 * hour
        later = now + timedelta(hours=hour)
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        opened(wire, client, wire.launch())
        opened(wire, client, wire.launch())

    assert wire.asked == 3


@EACH
def test_a_key_that_is_not_in_the_set_is_refused_and_asked_for_once(
    wire: Wire, client: FlaskClient
) -> None:
    opened(wire, client, wire.launch())
    wire.rotate(publish=False)

    codes = [error_code(wire.send(client, wire.launch())) for _ in range(3)]

    assert codes == ["token_unknown_key"] * 3
    assert wire.asked <= 2


@EACH
def test_a_page_in_place_of_the_keys_replaces_nothing(
    wire: Wire, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(wire, client, wire.launch())
    wire.html = True
    wire.skew_s = 13 * 3600
    later = clock.now() + timedelta(hours=13)
    monkeypatch.setattr(clock, "now", lambda: later)

    opened(wire, client, wire.launch())

    assert wire.asked == 2


@pytest.mark.parametrize(
    ("wire", "status"),
    [(MOODLE, 200), (CANVAS, 403), (SCHOOLOGY, 500), (BLACKBOARD, 503)],
    ids=["a page", "403", "500", "503"],
    indirect=["wire"],
)
def test_keys_that_were_never_there_are_waited_for_in_words(
    wire: Wire, client: FlaskClient, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.html, wire.status = status == 200, status
    first = wire.send(client, wire.launch())
    wire.html, wire.status = False, 200
    later = clock.now() + key_sets.COLD_COOL_DOWN
    monkeypatch.setattr(clock, "now", lambda: later)

    assert (first.status_code, error_code(first)) == (503, "keys_unreachable")
    opened(wire, client, wire.launch())


def test_keys_that_come_slowly_come_and_those_that_do_not_in_time_are_given_up(
    client: FlaskClient, product: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    del product
    wait = http.get
    monkeypatch.setattr(http, "get", lambda *a, **k: wait(*a, **{**k, "timeout_seconds": 0.2}))
    with connected(MOODLE) as wire:
        wire.slow_s = 1
        answer = wire.send(client, wire.launch())
        monkeypatch.undo()
        later = clock.now() + key_sets.COLD_COOL_DOWN
        monkeypatch.setattr(clock, "now", lambda: later)
        wire.slow_s = 0.3

        assert wire.send(client, wire.launch()).status_code == 303
    assert (answer.status_code, error_code(answer)) == (503, "keys_unreachable")


def test_a_site_that_refuses_nameless_clients_gives_us_its_keys(
    client: FlaskClient, product: Flask
) -> None:
    """Some Moodle sites do (hypothesis/lms, services/jwt.py, 2026)."""
    del product
    with connected(MOODLE) as wire:
        wire.for_agents_only = True

        opened(wire, client, wire.launch())
