"""The tour of `docs/tour.md`: each of its tasks is walked, on a wide window and on a phone.

With CAIRN_TOUR_PICTURES=<folder> every page is kept as a picture, light and dark.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser import frame_violations, overflow_px
from tests.journeys.installation import Installation
from tests.journeys.visitor import SLOW_MS

pytestmark = pytest.mark.timeout(240)

PICTURES = os.environ.get("CAIRN_TOUR_PICTURES")
# 320 is also what 1280 pixels leave at a zoom of 400 %; pictures are of a usual phone.
WIDTHS, SCHEMES = (1280, 360 if PICTURES else 320), ("light", "dark")
# All of them for pictures; else each width and each scheme once.
WINDOWS = list(product(WIDTHS, SCHEMES)) if PICTURES else list(zip(WIDTHS, SCHEMES, strict=True))
COURSE = "Data Analysis Foundations"
TOUR = Path(__file__).parents[2] / "docs" / "tour.md"


@dataclass(slots=True, kw_only=True)
class Guide:
    """Somebody who walks the tour in one kind of window.

    Attributes:
        said: what was found on one stop and is needed on another.
    """

    installation: Installation
    browser: Browser
    width: int
    scheme: str
    page: Page = field(init=False)
    said: dict[str, str] = field(default_factory=dict)

    def be(self, name: str) -> Page:
        """Sign in to Campus in a browser of one's own."""
        self.leave()
        self.page = self.browser.new_context(
            viewport={"width": self.width, "height": 900},
            color_scheme="dark" if self.scheme == "dark" else "light",
        ).new_page()
        self.page.goto(f"{self.installation.campus_url}/")
        if name:
            self.page.get_by_role("button", name=name).click()
        return self.page

    def leave(self) -> None:
        """Close the window, if one is open."""
        if hasattr(self, "page"):
            self.page.context.close()

    def open(self, title: str) -> Frame:
        """Open a link of the showcase's course, and return Cairn's frame."""
        self.page.goto(f"{self.installation.campus_url}/courses/3")
        expect(self.page.get_by_role("heading", name=f"Course: {COURSE}")).to_be_visible()
        self.page.get_by_role("link", name=title, exact=True).click()
        frame = self.page.locator("iframe[name=tool]").element_handle().content_frame()
        assert frame is not None
        frame.wait_for_url(f"{self.installation.cairn_url}/l/**")
        expect(frame.get_by_role("heading", level=1)).to_be_visible()
        return frame

    def sign_in(self) -> Page:
        """Go to the desk with Campus' account."""
        self.page.get_by_role("link", name="Open Cairn's desk").click()
        self.page.get_by_role("link", name="Continue with Campus").click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def look(self, shown: Page | Frame, name: str) -> None:
        """See that a page is whole, fits its window and passes axe; keep a picture if wanted."""
        expect(shown.get_by_role("heading", level=1).first).to_be_visible()
        too_wide = overflow_px(shown)
        assert too_wide <= 0, f"{name} is {too_wide} pixels too wide at {self.width}"
        assert frame_violations(shown) == [], f"{name}, {self.width} pixels wide, {self.scheme}"
        if PICTURES:
            file = Path(PICTURES) / f"{name}-{self.width}-{self.scheme}.png"
            if isinstance(shown, Page):
                shown.screenshot(path=file, full_page=True)
                return
            # A frame is as high as its window leaves it.
            tall = shown.evaluate("document.documentElement.scrollHeight")
            self.page.set_viewport_size({"width": self.width, "height": tall + 600})
            shown.locator("body").screenshot(path=file)
            self.page.set_viewport_size({"width": self.width, "height": 900})


def follow(shown: Page | Frame, name: str | re.Pattern[str], heading: str) -> None:
    """Click a link, and wait for the page with this heading."""
    with shown.expect_navigation():
        shown.get_by_role("link", name=name).first.click()
    expect(shown.get_by_role("heading", name=heading, level=1)).to_be_visible()


def see_the_course(guide: Guide) -> None:
    guide.be("Mirela")
    frame = guide.open("Cairn dashboard")
    refused = frame.get_by_role("row").filter(has_text="1 refused")
    for _ in range(60):  # grades are sent in the first seconds after the start
        if refused.count():
            break
        guide.page.wait_for_timeout(500)
        frame = guide.open("Cairn dashboard")
        refused = frame.get_by_role("row").filter(has_text="1 refused")
    expect(refused).to_contain_text("Collecting and describing data")
    guide.look(frame, "instructor-course")


def read_results(guide: Guide) -> None:
    frame = guide.open("Charts and relationships")
    expect(frame.get_by_role("row").filter(has_text="Noor Haddad")).to_contain_text("Passed")
    expect(frame.get_by_role("row").filter(has_text="Gintaras Petrauskas")).to_contain_text(
        "Not passed"
    )
    guide.look(frame, "instructor-results")


def see_a_refusal(guide: Guide) -> None:
    frame = guide.open("Collecting and describing data")
    follow(frame, "Gradebook", "Collecting and describing data")
    frame.get_by_label("Grade", exact=True).select_option(label="Refused (1)")
    with frame.expect_navigation():
        frame.get_by_role("button", name="Filter").click()
    row = frame.get_by_role("row").filter(has_text="Kofi Asante")
    expect(row).to_contain_text("is no student of this course")
    guide.look(frame, "instructor-grades")


def mark_a_task(guide: Guide) -> None:
    frame = guide.open("A reproducible analysis")
    follow(frame, "Marking", "A reproducible analysis")
    guide.look(frame, "instructor-marking")
    with frame.expect_navigation():
        frame.get_by_role("link", name=re.compile("^Mark the answers")).first.click()
    criteria = frame.get_by_role("group").filter(has=frame.get_by_role("radio"))
    expect(criteria.first).to_be_visible()
    guide.look(frame, "instructor-mark")
    for number in range(criteria.count()):
        criteria.nth(number).get_by_role("radio").first.check()
    with frame.expect_navigation():
        frame.get_by_role("button", name="Save and stay here").click()
    expect(frame.get_by_text("Marked").first).to_be_visible()


def see_the_next_stone(guide: Guide) -> None:
    guide.be("Noor")
    frame = guide.open("My badges (Cairn)")
    guide.look(frame, "student-badges")
    follow(frame, "My pathways", "My pathways")
    expect(frame.get_by_text("You have 3 of 4 stones").first).to_be_visible()
    guide.look(frame, "student-pathways")


def read_a_result(guide: Guide) -> None:
    frame = guide.open("Charts and relationships")
    expect(frame.get_by_role("heading", name="You earned a badge")).to_be_visible()
    guide.look(frame, "student-result")


def begin_an_assessment(guide: Guide) -> None:
    guide.be("Sipho")
    frame = guide.open("Collecting and describing data")
    guide.look(frame, "student-start")
    start = frame.get_by_role("button", name=re.compile("^(Start|Go on|Continue)"))
    with frame.expect_navigation():
        start.or_(frame.get_by_role("link", name=re.compile("^(Go on|Continue)"))).first.click()
    expect(frame.get_by_text("Question 1 of 13").locator("visible=true")).to_be_visible()
    guide.look(frame, "student-question")


def share_a_badge(guide: Guide) -> None:
    guide.be("Esther")
    frame = guide.open("My badges (Cairn)")
    frame.get_by_role("link", name="Share Data analysis foundations").click()
    frame.get_by_role("button", name="Make the link").locator("visible=true").click()
    guide.said["link"] = frame.get_by_label("Link", exact=True).input_value()
    guide.look(frame, "student-share")


def check_a_badge(guide: Guide) -> None:
    page = guide.be("")
    page.goto(guide.said["link"])
    expect(page.get_by_role("heading", name="Genuine and valid")).to_be_visible()
    guide.look(page, "employer-badge")


def check_a_file(guide: Guide) -> None:
    guide.page.goto(f"{guide.installation.cairn_url}/verify")
    expect(guide.page.get_by_label("Choose a file")).to_be_visible()
    guide.look(guide.page, "employer-verify")


def see_who_is_close(guide: Guide) -> None:
    guide.be("Ruth")
    page = guide.sign_in()
    guide.look(page, "registrar-pathways")
    follow(page, "Data analysis foundations", "Data analysis foundations")
    row = page.get_by_role("row").filter(has_text="Noor Haddad")
    expect(row).to_contain_text("One stone away", timeout=SLOW_MS)
    guide.look(page, "registrar-pathway")


def read_a_record(guide: Guide) -> None:
    follow(guide.page, "Noor Haddad", "Noor Haddad")
    expect(guide.page.get_by_text("has been noted in the audit trail")).to_be_visible()
    guide.look(guide.page, "registrar-record")


def see_a_withdrawal(guide: Guide) -> None:
    guide.page.go_back()
    follow(guide.page, "Lars Mikkelsen", "Lars Mikkelsen")
    row = guide.page.get_by_role("row").filter(has_text="Withdrawn")
    expect(row).to_contain_text("The answers were somebody else's")
    guide.look(guide.page, "registrar-withdrawn")


def compose_a_pathway(guide: Guide) -> None:
    desk, _, _ = guide.page.url.partition("/people/")
    guide.page.goto(f"{desk}/")
    follow(guide.page, "Drafts and new pathways", "Drafts of pathways")
    follow(guide.page, "Data analysis foundations", "Data analysis foundations")
    expect(guide.page.get_by_text("The group is empty.").first).to_be_visible()
    guide.look(guide.page, "registrar-draft")


def see_platforms(guide: Guide) -> None:
    guide.be("Tomasz")
    page = guide.sign_in()
    expect(page.get_by_role("row").filter(has_text="Campus").last).to_be_visible()
    guide.look(page, "administrator-platforms")


def read_messages(guide: Guide) -> None:
    guide.page.goto(f"{guide.installation.campus_url}/")
    guide.page.get_by_role("link", name="Messages sent and received").click()
    expect(guide.page.get_by_role("heading", level=1)).to_be_visible()


STOPS: dict[str, Callable[[Guide], None]] = {
    "See how the course stands": see_the_course,
    "Read the results of an activity": read_results,
    "Find out why a grade was refused": see_a_refusal,
    "Mark a performance task": mark_a_task,
    "See what is one stone away": see_the_next_stone,
    "Read a result": read_a_result,
    "Begin an assessment": begin_an_assessment,
    "Share a badge": share_a_badge,
    "Check a shared badge": check_a_badge,
    "Check a file": check_a_file,
    "See who is close to a certificate": see_who_is_close,
    "Read a learner's record": read_a_record,
    "Find out why a badge was taken back": see_a_withdrawal,
    "Compose a pathway": compose_a_pathway,
    "See how the platforms are doing": see_platforms,
    "Read what was sent and received": read_messages,
}


def test_the_tour_names_the_stops_that_are_walked() -> None:
    named = re.findall(r"^\d+\. \*\*(.+?)\.\*\*", TOUR.read_text(encoding="utf-8"), re.MULTILINE)

    assert named == list(STOPS)


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_every_stop_of_the_tour(
    installation: Installation, browser: Browser, width: int, scheme: str
) -> None:
    guide = Guide(installation=installation, browser=browser, width=width, scheme=scheme)
    for walk in STOPS.values():
        walk(guide)
    guide.leave()
