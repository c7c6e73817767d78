"""Logins and launches when several things happen at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from lti_tool.core import clock
from lti_tool.launch import forgetting, logins
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
        name = logins.cookie_name(arrival.fields["state"])
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


def test_marks_of_used_logins_are_forgotten_once_no_clock_takes_them(
    student: Browser, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = student.arrive(student.connected.place())
    student.post(early)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=30))
    student.post(early)  # an answer too late leaves nothing
    assert forgetting.forget_expired() == 0

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=71))

    assert forgetting.forget_expired() == 1
    assert database.scalar(text("SELECT count(*) FROM used_logins")) == 0


def test_a_login_leaves_nothing_in_the_database(student: Browser, database: Connection) -> None:
    def written() -> dict[str, int]:
        names = database.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).all()
        counts = (f"SELECT count(*) FROM {name}" for name in names)  # noqa: S608
        return {
            name: database.scalar(text(count)) or 0
            for name, count in zip(names, counts, strict=True)
        }

    form, before = student.login_form(student.connected.place()), written()

    assert student.login(form).status_code == 302

    assert written() == before


def test_the_secrets_of_a_login_are_not_in_the_database(
    student: Browser, database: Connection
) -> None:
    arrival = student.arrive(student.connected.place())
    student.post(arrival)

    row = database.execute(text("SELECT * FROM used_logins")).one()

    for secret in (arrival.fields["state"], arrival.claims["nonce"]):
        assert secret not in str(row)
