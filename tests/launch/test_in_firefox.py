"""Launch and attempt in Firefox as people have it: what framed sites keep is kept apart."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, FrameLocator, Page, expect

from lti_tool.core.settings import Settings
from tests.campus.site import Site
from tests.firefox import running_firefox
from tests.launch.platform import connect
from tests.launch.two_sites import RIGHT, Browsers, listening, place_assessment

pytestmark = pytest.mark.timeout(180)

FRAMED = """address => document.body.replaceChildren(
    Object.assign(document.createElement("iframe"), {name: "tool", src: address, width: 800}))"""
MS = 30_000  # a click starts a request of its own, on a machine that may be busy


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_firefox(tmp_path_factory.mktemp("firefox")) as firefox:
        yield firefox


@pytest.fixture
def tool(live_app: Flask, live_settings: Settings, site: Site) -> Iterator[Browsers]:
    tool = Browsers(live_app)
    with listening(tool, live_settings) as base_url:
        tool.connected = connect(site, base_url=base_url)
        yield tool


@pytest.fixture
def student(browser: Browser, tool: Browsers) -> Iterator[Page]:
    """A window in which Campus knows a student. No script may fail or be refused in it."""
    assert tool.connected is not None
    troubles: list[str] = []

    def on_error(error: Error) -> None:
        troubles.append(str(error))

    with browser.new_context() as context:
        context.set_default_timeout(MS)
        page = context.new_page()
        page.on("pageerror", on_error)
        page.goto(tool.connected.site.url)
        page.locator("button[name=as][value='2']").first.click()
        expect(page.get_by_role("link", name="Be somebody else")).to_be_visible(timeout=MS)
        yield page
    assert troubles == []


def open_activity(page: Page, tool: Browsers) -> FrameLocator:
    assert tool.connected is not None
    page.goto(tool.connected.site.url + place_assessment(tool.connected))
    return page.frame_locator("iframe[name=tool]")


def test_an_attempt_is_taken_inside_the_courses_page(student: Page, tool: Browsers) -> None:
    frame = open_activity(student, tool)
    frame.get_by_role("button", name="Start").click()
    for number, words in enumerate(RIGHT, 1):
        expect(frame.get_by_text(f"Question {number} of 3").locator("visible=true")).to_be_visible(
            timeout=MS
        )
        frame.get_by_role("radio", name=words).locator("visible=true").check()
        expect(frame.locator("#answered")).to_contain_text(f"{number} of 3", timeout=MS)
        expect(frame.locator("#saved [data-state=saved]")).to_be_visible(timeout=MS)
        expect(frame.locator("#saved [data-state=saving]")).to_be_hidden(timeout=MS)
        if number < 3:
            frame.get_by_role("button", name="Next").locator("visible=true").click()
    frame.get_by_role("button", name="Review and hand in").locator("visible=true").first.click()
    frame.get_by_role("button", name="Hand in", exact=True).click()

    expect(frame.get_by_text("You have 3 of 3 points")).to_be_visible(timeout=MS)


def test_where_frames_keep_no_cookies_a_new_window_does(student: Page, tool: Browsers) -> None:
    tool.without_cookies = {"iframe"}
    frame = open_activity(student, tool)
    expect(frame.get_by_role("heading", name="One more step")).to_be_visible(timeout=MS)

    with student.context.expect_page() as opened:
        frame.get_by_role("link", name="Open in a new window").click()

    expect(opened.value.get_by_role("button", name="Start")).to_be_visible(timeout=MS)


def test_the_check_of_the_browser_tells_what_it_keeps_in_a_frame(
    student: Page, tool: Browsers
) -> None:
    assert tool.connected is not None
    student.evaluate(FRAMED, f"{tool.connected.base_url}/lti/check")
    frame = student.frame_locator("iframe[name=tool]")

    expect(frame.get_by_role("heading", name="Yes, Cairn works here")).to_be_visible(timeout=MS)
    expect(frame.get_by_text("Inside another page, as in a course.")).to_be_visible(timeout=MS)
    expect(frame.get_by_text("although this page is inside another.")).to_be_visible(timeout=MS)
    expect(frame.get_by_text("On. Answers are saved while you work.")).to_be_visible(timeout=MS)
    expect(frame.get_by_text("This page may not use what it stores outside")).to_be_visible(
        timeout=MS
    )
