"""The launch in a real browser: the tool in a frame of another site, with and without cookies.

Campus is at 127.0.0.1 and the product at localhost: two sites, so cookies in the frame are
third-party ones, which Chromium keeps only when they are partitioned.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from lti_tool.core.settings import Settings
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.campus.site import Site
from tests.launch.platform import PAGES, connect, install_probe
from tests.launch.two_sites import Browsers, listening


@pytest.fixture
def tool(
    live_app: Flask, live_settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browsers]:
    install_probe(live_app)
    monkeypatch.setitem(live_app.config, "CAIRN_PAGES", PAGES)
    browsers = Browsers(live_app)
    with listening(browsers, live_settings) as base_url:
        browsers.connected = connect(site, base_url=base_url)
        yield browsers


def open_activity(open_page: OpenPage, tool: Browsers, **how: Any) -> Page:  # noqa: ANN401 - open_page's
    """Sign in to Campus as a student and open a new activity of the tool."""
    assert tool.connected is not None
    path = tool.connected.place().removesuffix("/launch")
    url = tool.connected.site.url
    page = open_page(url, **how)
    page.locator("button[name=as][value='2']").first.click()
    page.goto(url + path)
    return page


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_a_launch_works_inside_the_courses_page(
    open_page: OpenPage,
    tool: Browsers,
    javascript: bool,  # noqa: FBT001 - one of two browsers
) -> None:
    page = open_activity(open_page, tool, javascript=javascript)
    frame = page.frame_locator("iframe[name=tool]")
    if not javascript:  # Campus' own forms have a button then
        for action in ("/lti/login", "/lti/launch"):
            frame.locator(f"form[action$='{action}'] button").click()

    expect(frame.locator("body")).to_contain_text('"roles":["learner"]')


def test_where_frames_keep_no_cookies_a_new_window_does(
    open_page: OpenPage, tool: Browsers
) -> None:
    tool.without_cookies = {"iframe"}
    page = open_activity(open_page, tool)
    frame = page.frame_locator("iframe[name=tool]")
    expect(frame.get_by_role("heading", level=1)).to_have_text(
        "One more step: open it in a new window"
    )

    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Open in a new window").click()

    expect(opened.value.locator("body")).to_contain_text('"roles":["learner"]')


def test_where_new_windows_are_blocked_the_address_can_be_taken_along(
    browser: Browser, tool: Browsers
) -> None:
    """In a page of its own making: that a window is blocked is an error to `open_page`."""
    tool.without_cookies = {"iframe"}
    page = open_activity(partial(opened_in, browser), tool)
    frame = page.frame_locator("iframe[name=tool]")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("One more step")
    allowed = "allow-forms allow-scripts allow-same-origin"  # and no pop-ups
    page.locator("iframe[name=tool]").evaluate(f"frame => {{ frame.sandbox = '{allowed}' }}")
    page.frames[-1].goto(page.frames[-1].url)

    frame.get_by_role("link", name="Open in a new window").click()

    assert len(page.context.pages) == 1
    address = frame.get_by_label("Address of this activity").input_value()
    tab = page.context.new_page()
    tab.goto(address)
    expect(tab.locator("body")).to_contain_text('"roles":["learner"]')
    page.context.close()


def opened_in(browser: Browser, url: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(url)
    return page


def test_where_no_cookie_is_kept_at_all_the_page_says_what_to_do(
    open_page: OpenPage, tool: Browsers
) -> None:
    tool.without_cookies = {"iframe", "document"}
    page = open_activity(open_page, tool)
    with page.context.expect_page() as opened:
        page.frame_locator("iframe[name=tool]").get_by_role("link").last.click()

    expect(opened.value.get_by_role("heading", level=1)).to_have_text(
        "Your browser keeps no cookies for this site"
    )
    tool.without_cookies = {"iframe"}
    opened.value.get_by_role("link", name="Try again").click()
    expect(opened.value.locator("body")).to_contain_text('"roles":["learner"]')


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("where", ["iframe", "document"])
def test_the_pages_without_cookies_are_for_everybody(
    open_page: OpenPage, tool: Browsers, width: int, where: str
) -> None:
    tool.without_cookies = {"iframe", "document"}
    assert tool.connected is not None
    query = {
        "iss": tool.connected.site.url,
        "login_hint": "campus-1002",
        "target_link_uri": f"{tool.connected.base_url}/lti/launch",
        **({"window": "new"} if where == "document" else {}),
    }
    address = "&".join(f"{name}={value}" for name, value in query.items())

    page = open_page(f"{tool.connected.base_url}/lti/login?{address}", width=width)

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0


def test_a_refusal_is_seen_inside_the_courses_page(open_page: OpenPage, tool: Browsers) -> None:
    assert tool.connected is not None
    page = open_activity(open_page, tool)
    frame = page.frame_locator("iframe[name=tool]")
    expect(frame.locator("body")).to_contain_text("learner")
    page.frames[-1].goto(f"{tool.connected.base_url}/lti/launch")

    expect(frame.get_by_role("heading", level=1)).to_have_text("This launch has been used")
