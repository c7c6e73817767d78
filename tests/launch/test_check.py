"""The page that says what works in this browser."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.browser import OpenPage, axe_violations, overflow_px
from tests.helpers import serving

FRAMED = {"Sec-Fetch-Dest": "iframe"}
ALONE = {"Sec-Fetch-Dest": "document"}


def checked(client: FlaskClient, headers: dict[str, str], query: str = "") -> str:
    bounce = client.get(f"/lti/check{query}", headers=headers)
    assert bounce.status_code == 303
    page = client.get(bounce.location, headers=headers)
    assert page.status_code == 200
    return page.text


def test_where_the_cookie_comes_back_a_launch_works(client: FlaskClient) -> None:
    inside = checked(client, FRAMED)

    assert "Yes, Cairn works here" in inside
    assert "came back, although this page is inside another" in inside
    assert "Try a new window" not in inside


def test_where_a_frame_keeps_none_a_new_window_is_offered(app: Flask) -> None:
    inside = checked(app.test_client(use_cookies=False), FRAMED)

    assert "Not like this" in inside
    assert "because this page is inside another one" in inside
    assert 'href="/lti/check?window=new" target="_blank"' in inside


def test_the_new_window_says_that_it_works(client: FlaskClient) -> None:
    page = checked(client, ALONE, "?window=new")

    assert "It opened, and cookies work in it" in page


def test_a_browser_without_cookies_is_told_what_to_allow(app: Flask) -> None:
    page = checked(app.test_client(use_cookies=False), ALONE)

    assert "Allow cookies for this site" in page
    assert "Try a new window" not in page


def test_an_old_browser_is_not_guessed_about(client: FlaskClient) -> None:
    assert "This browser does not say" in checked(client, {})


def test_it_may_be_seen_inside_any_course(client: FlaskClient) -> None:
    page = client.get("/lti/check/result")

    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors *")


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_a_browser_sees_what_it_can_do(
    open_page: OpenPage,
    live_app: Flask,
    *,
    javascript: bool,
) -> None:
    with serving(live_app) as url:
        address = url.replace("127.0.0.1", "localhost")
        page = open_page(f"{address}/lti/check", javascript=javascript, width=320)
        expect(page.get_by_role("heading", level=1)).to_have_text("Yes, Cairn works here")
        expect(page.locator("#scripts")).to_contain_text("On." if javascript else "Off")
        assert overflow_px(page) == 0
        if javascript:
            expect(page.locator("#storage")).to_contain_text("Cairn does not need")
            assert axe_violations(page) == []
