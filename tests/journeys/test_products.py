"""Moodle and Canvas, as Campus plays them: connected, three assessments placed, taken, copied."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from lti_tool.campus.personality import CANVAS, MOODLE
from tests.campus.site import Site, running_campus
from tests.journeys.installation import Installation, allowing_third_party_cookies
from tests.journeys.visitor import (
    DATA_TITLE,
    SLOW_MS,
    STATISTICS_TITLE,
    Visitor,
    answer_all,
    hand_in,
    wait_for_badge,
)

pytestmark = pytest.mark.timeout(240)

ADMINISTRATOR, INSTRUCTOR = "Tomasz", "Mirela"
THREE = (STATISTICS_TITLE, DATA_TITLE, "Collecting and describing data")
FOURTH = "Probability and inference"


@pytest.fixture(scope="module")
def moodle(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("moodle"), personality=MOODLE) as site:
        yield site


@pytest.fixture(scope="module")
def canvas(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("canvas"), personality=CANVAS) as site:
        yield site


def test_moodle_with_third_party_cookies_blocked(
    installation: Installation, browser: Browser, moodle: Site
) -> None:
    address = invite(installation, browser)
    with browser.new_context() as context:
        visitor = Visitor(page=context.new_page(), campus_url=moodle.url)
        register(visitor, address)
        switch_on(visitor, "Activate")

        open_picker(visitor, "Choose in Cairn")
        choose(visitor, THREE)
        # Moodle has the teacher look at what is about to be added.
        shown = visitor.arrive()
        expect(shown.get_by_role("listitem").filter(has_text="points")).to_have_count(3)
        shown.get_by_role("button", name="Save and return to course").click()
        expect_activities(visitor, THREE)

        take(visitor, "Amara Nwosu")
        take_in_a_copy(visitor, "Björn Åström")
        look_at_a_copy(visitor)


def test_canvas_with_third_party_cookies_allowed(
    installation: Installation,
    browser: Browser,
    canvas: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    address = invite(installation, browser)
    profile = tmp_path_factory.mktemp("canvas") / "profile"
    with allowing_third_party_cookies(browser, profile) as context:
        visitor = Visitor(page=context.new_page(), campus_url=canvas.url)
        register(visitor, address)
        switch_on(visitor, "Install")

        # One assignment is made from one choice, a module from several.
        picker = open_picker(visitor, "Make one assignment with Cairn")
        picker.get_by_role("radio", name=FOURTH).check()
        picker.get_by_text("When it opens and closes, and where").click()
        picker.get_by_role("checkbox", name="Open in a new window").check()
        picker.get_by_role("button", name="Add to the course").click()
        expect_activities(visitor, (FOURTH,))
        open_in_a_window(visitor, FOURTH)
        open_picker(visitor, "Make a module with Cairn")
        choose(visitor, THREE)
        expect_activities(visitor, THREE)
        expect(visitor.page.get_by_role("heading", name="New content")).to_be_visible()

        take(visitor, "Ingrid Sæther")
        take_in_a_copy(visitor, "Chloé O'Neill")
        look_at_a_copy(visitor)


def invite(installation: Installation, browser: Browser) -> str:
    """Make an invitation at the desk, as the institution's administrator."""
    with browser.new_context() as context:
        visitor = Visitor(page=context.new_page(), campus_url=installation.campus_url)
        visitor.be(ADMINISTRATOR)
        page = visitor.page
        page.get_by_role("link", name="Open Cairn's desk").click()
        page.get_by_role("link", name="Continue with Campus").click()
        page.get_by_role("button", name="Invite an LMS").click()
        return page.get_by_label("Registration address", exact=True).input_value()


def register(visitor: Visitor, address: str) -> None:
    """Paste the address where the LMS registers tools; its dialogue closes by itself."""
    visitor.be(ADMINISTRATOR)
    page = visitor.page
    page.get_by_role("link", name="Connect a tool", exact=True).click()
    page.get_by_label("Registration address of the tool").fill(address)
    page.get_by_role("button", name="Start the registration").click()
    visitor.arrive().get_by_role("button", name="Connect Cairn").click()
    expect(page.get_by_role("heading", name="Connected tools")).to_be_visible()


def switch_on(visitor: Visitor, words: str) -> None:
    """Let courses use the tool, which waits for that."""
    page = visitor.page
    expect(page.get_by_role("row").filter(has_text="Cairn")).to_contain_text("Pending")
    page.get_by_role("button", name=f"{words} Cairn").click()
    expect(page.get_by_role("row").filter(has_text="Cairn")).to_contain_text("In use")


def open_picker(visitor: Visitor, words: str) -> FrameLocator:
    """Begin to add activities, as the instructor."""
    visitor.be(INSTRUCTOR)
    visitor.page.get_by_role("link", name="Add an activity to Week 3").click()
    visitor.page.get_by_role("button", name=words).click()
    return visitor.arrive()


def choose(visitor: Visitor, titles: tuple[str, ...]) -> None:
    """Tick all of them in the picker, and add them at once."""
    picker = visitor.arrive()
    for title in titles:
        picker.get_by_role("checkbox", name=title).check()
    picker.get_by_role("button", name="Add to the course").click()


def expect_activities(visitor: Visitor, titles: tuple[str, ...]) -> None:
    """See the course with an activity and a column for each."""
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("Course:")
    for title in titles:
        expect(visitor.page.get_by_role("link", name=title, exact=True)).to_be_visible()
        expect(visitor.page.get_by_role("columnheader", name=title)).to_be_visible()


def open_in_a_window(visitor: Visitor, title: str) -> None:
    """Open an activity that asks for a window of its own."""
    visitor.page.get_by_role("link", name=title, exact=True).click()
    with visitor.page.expect_popup() as opened:
        visitor.page.get_by_role("link", name="Open in a new window").click()
    expect(opened.value.get_by_role("heading", name=title, level=1)).to_be_visible()
    opened.value.close()


def take(visitor: Visitor, student: str) -> None:
    """Take the first assessment: a score in the gradebook, and a badge."""
    visitor.be(student)
    tool = visitor.open(STATISTICS_TITLE)
    answer_all(tool)
    hand_in(tool)
    wait_for_badge(tool)
    visitor.expect_score(STATISTICS_TITLE, "100 / 100")
    badges = visitor.open("My badges (Cairn)")
    badge = badges.get_by_role("listitem").filter(has_text=STATISTICS_TITLE)
    expect(badge.filter(has_text="Valid")).to_be_visible(timeout=SLOW_MS)


def copy(visitor: Visitor) -> Visitor:
    """Copy the course, as the instructor; return a visitor of the copy in the same window."""
    visitor.be(INSTRUCTOR)
    visitor.see_course()
    visitor.page.get_by_role("button", name="Copy this course").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("(copy")
    return replace(visitor, course=int(visitor.page.url.rpartition("/")[2]))


def take_in_a_copy(visitor: Visitor, student: str) -> None:
    """Be a student who is first to open an activity of a copied course."""
    copied = copy(visitor)
    copied.be(student)
    tool = copied.open(STATISTICS_TITLE)
    answer_all(tool)
    hand_in(tool)
    copied.expect_score(STATISTICS_TITLE, "100 / 100")
    visitor.expect_score(STATISTICS_TITLE, "none")


def look_at_a_copy(visitor: Visitor) -> None:
    """Be an instructor who is first to open an activity of a copied course."""
    copied = copy(visitor)
    tool = copied.open(DATA_TITLE)
    expect(tool.get_by_role("heading", name=DATA_TITLE)).to_be_visible()
    copied.be("Amara Nwosu")
    expect(copied.open(DATA_TITLE).get_by_role("button", name="Start")).to_be_visible()
