"""Browsers that two people share, and browsers that keep no cookies in frames."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser import ARGUMENTS
from tests.helpers import require
from tests.journeys.installation import Installation
from tests.journeys.visitor import DATA_TITLE, Tool, Visitor, answer, start

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("placed"),
]


def test_two_students_share_a_browser_each_in_their_tab(
    installation: Installation, browser: Browser
) -> None:
    with browser.new_context() as context:
        first, second = (
            Visitor(page=context.new_page(), campus_url=installation.campus_url) for _ in range(2)
        )
        first.be("Amara Nwosu")
        amara = first.open(DATA_TITLE)
        expect(amara.get_by_role("button", name="Start")).to_be_visible()
        second.be("Björn Åström")  # Campus knows one person a browser, and forgets Amara
        bjorn = second.open(DATA_TITLE)
        start_with_one(bjorn)

        first.come_back()
        start_with_one(amara)
        amara.get_by_role("button", name="Next").locator("visible=true").click()
        answer(amara, 2)
        hand_in_early(amara, 3)
        second.come_back()
        hand_in_early(bjorn, 4)

        second.expect_score(DATA_TITLE, "20 / 100")
        second.be("Amara Nwosu")
        second.expect_score(DATA_TITLE, "40 / 100")


def start_with_one(tool: Tool) -> None:
    """Start, and answer the first question rightly."""
    start(tool)
    answer(tool, 1)
    expect(tool.get_by_text("1 of 5 answered")).to_be_visible()


def hand_in_early(tool: Tool, still_open: int) -> None:
    tool.get_by_role("button", name="Review and hand in").locator("visible=true").first.click()
    tool.get_by_role("button", name=f"Hand in with {still_open} open").click()
    expect(tool.get_by_text(f"{5 - still_open} of 5").first).to_be_visible()


def test_a_browser_that_keeps_no_cookies_in_frames_is_led_to_a_window(
    installation: Installation, browser: Browser, tmp_path: Path
) -> None:
    with refusing_framed_cookies(installation, browser, tmp_path / "profile") as context:
        visitor = Visitor(page=context.new_page(), campus_url=installation.campus_url)
        visitor.be("Ingrid Sæther")
        frame = visitor.open(DATA_TITLE)
        expect(frame.get_by_role("heading", name="One more step")).to_be_visible()

        with context.expect_page() as opened:
            frame.get_by_role("link", name="Open in a new window").click()
        window = opened.value

        start_with_one(window)
        assert window.url.startswith(f"{installation.cairn_url}/l/")


@contextmanager
def refusing_framed_cookies(
    installation: Installation, browser: Browser, home: Path
) -> Iterator[BrowserContext]:
    """Open a browser that refuses Cairn's cookies, partitioned ones too, on pages of Campus."""
    pair = f"{installation.cairn_url},{installation.campus_url}"
    exceptions = {"cookies": {pair: {"setting": 2}}}
    preferences = home / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(
        json.dumps({"profile": {"content_settings": {"exceptions": exceptions}}})
    )
    context = browser.browser_type.launch_persistent_context(
        home, executable_path=require("chromium"), args=ARGUMENTS
    )
    yield context
    context.close()
