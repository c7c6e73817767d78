"""Logins and launches when several things happen at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from lti_tool.core import clock
from lti_tool.launch import forgetting, services
from tests.campus.site import Site
from tests.launch.platform import PAGES, Browser, browsing, connect, error_code, install_probe


def test_of_two_posts_of_one_message_at_once_one_opens(
    live_app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_probe(live_app)
    monkeypatch.setitem(live_app.config, "CAIRN_PAGES", PAGES)
    connected, posts = connect(site), 4
    with browsing(live_app, connected, 2) as browser:
        arrival = browser.arrive(connected.place())
        name = services.login_cookie_name(arrival.fields["state"])
        cookie = browser.client.get_cookie(name)
        assert cookie is not None
        secret, start = cookie.value, Barrier(posts, timeout=10)

        def post() -> str:
            client = live_app.test_client()
            client.set_cookie(name, secret)
            start.wait()
            answer = client.post("/lti/launch", data=arrival.fields)
            return "opened" if answer.status_code == 303 else error_code(answer)

        with ThreadPoolExecutor(posts) as threads:
            outcomes = [each.result() for each in [threads.submit(post) for _ in range(posts)]]

    assert sorted(outcomes) == ["launch_used"] * (posts - 1) + ["opened"]


def test_logins_nobody_answered_are_forgotten_and_those_under_way_are_not(
    student: Browser, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = student.login_form(student.connected.place())
    student.login(form)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=9))
    late = student.login(form)

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=11))

    assert forgetting.forget_expired() == 1
    assert database.scalar(text("SELECT count(*) FROM pending_logins")) == 1
    assert late.status_code == 302


def test_secrets_of_a_login_are_not_in_the_database(student: Browser, database: Connection) -> None:
    arrival = student.arrive(student.connected.place())

    row = database.execute(text("SELECT * FROM pending_logins")).one()

    for secret in (arrival.fields["state"], arrival.claims["nonce"]):
        assert secret not in str(row)
