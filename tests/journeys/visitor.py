"""What people do in the course, in Cairn inside its frame, and at the desk."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from playwright.sync_api import FrameLocator, Locator, Page, expect

from lti_tool.assessments.items import SingleChoice
from lti_tool.demo.content import DATA_MANAGEMENT, STATISTICS
from lti_tool.demo.seed import MODULES, PATHWAY

STATISTICS_TITLE, DATA_TITLE = (module.title for module in MODULES)
TITLES = (STATISTICS_TITLE, DATA_TITLE)
CERTIFICATE = PATHWAY
TWO_DRAWINGS = "() => new Promise(on => requestAnimationFrame(() => requestAnimationFrame(on)))"
SLOW_MS = 30_000  # for what workers do, on a busy machine

Tool: TypeAlias = FrameLocator | Page


def _right_answer(item: SingleChoice) -> str:
    text = next(option.text for option in item.options if option.id == item.key)
    return re.sub("[`*]", "", text)


RIGHT = [_right_answer(item) for item in (*STATISTICS, *DATA_MANAGEMENT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A window of somebody's browser.

    Attributes:
        scripts: whether pages may run any; without, buttons take their place.
        course: the number of the course that is looked at.
    """

    page: Page
    campus_url: str
    scripts: bool = True
    course: int = 1

    def be(self, name: str) -> None:
        """Sign in to Campus, which shows the person's first course."""
        self.page.goto(f"{self.campus_url}/")
        self.page.get_by_role("button", name=name).click()

    def come_back(self) -> None:
        """Bring the window before the others, and wait until its frames are drawn again.

        Before they are, Chromium hands a click on a frame of another site to the page around it.
        """
        self.page.bring_to_front()
        for frame in self.page.frames:
            frame.evaluate(TWO_DRAWINGS)

    def see_course(self) -> None:
        """Go to the course, with its gradebook."""
        self.page.goto(f"{self.campus_url}/courses/{self.course}")

    def open(self, title: str) -> FrameLocator:
        """Open the newest activity of this title, in its frame."""
        self.see_course()
        self.page.get_by_role("link", name=title, exact=True).last.click()
        return self.arrive()

    def add_both(self) -> None:
        """Choose both assessments in Cairn's picker, for the course one sees."""
        self.see_course()
        before = [self._activities(title) for title in TITLES]
        self.page.get_by_role("link", name="Add an activity to Week 3").click()
        self.page.get_by_role("button", name="Choose in Cairn").click()
        picker = self.arrive()
        for title in TITLES:
            picker.get_by_role("checkbox", name=title).check()
        picker.get_by_role("button", name="Add to the course").click()
        if not self.scripts:
            picker.get_by_role("button", name="Go back to your course").click()
            picker.get_by_role("link", name="Back to the course").click()
        expect(self.page.get_by_role("heading", name="Course: Biostatistics 2")).to_be_visible()
        assert [self._activities(title) for title in TITLES] == [count + 1 for count in before]

    def expect_score(self, title: str, words: str, *, of: str | None = None) -> None:
        """Look at the gradebook until its newest column says `words`.

        Args:
            title: of the activity; its column has the same.
            words: what the cell says.
            of: a student, seen by an instructor; None: one's own.
        """
        found = "nothing"
        for _ in range(60):
            self.see_course()
            if of is None:
                rows = self.page.get_by_role("row").filter(has_text=title)
                found = rows.last.get_by_role("cell").inner_text()
            else:
                cells = self.page.get_by_role("link", name=f": {of}, {title}")
                found = cells.last.inner_text()
            if found == words:
                return
            self.page.wait_for_timeout(500)
        raise AssertionError(f"the gradebook says {found}, not {words}")

    def _activities(self, title: str) -> int:
        return self.page.get_by_role("link", name=title, exact=True).count()

    def arrive(self) -> FrameLocator:
        tool = self.page.frame_locator("iframe[name=tool]")
        if not self.scripts:
            go_on = tool.get_by_role("button", name="Go on to")
            go_on.click()
            frame = self.page.frame("tool")
            assert frame is not None
            frame.wait_for_url("**/lti/auth?*")
            go_on.click()
        return tool


def start(tool: Tool) -> None:
    """Start the attempt; press again if nothing happens, as people do."""
    button, first = tool.get_by_role("button", name="Start"), _shown(tool, 1)
    button.click()
    try:
        expect(first).to_be_visible(timeout=6_000)
    except AssertionError:
        if not button.is_visible():
            raise
        button.click()


def answer_all(tool: Tool) -> None:
    """Start, and answer five questions rightly; stop before handing in."""
    start(tool)
    for number in range(1, 6):
        answer(tool, number)
        if number < 5:
            tool.get_by_role("button", name="Next").locator("visible=true").click()
    tool.get_by_role("button", name="Review and hand in").locator("visible=true").first.click()
    expect(tool.get_by_text("All 5 questions have an answer")).to_be_visible()


def answer(tool: Tool, number: int) -> None:
    """Choose what is right at the question of this number, which is shown or about to be."""
    try:
        expect(_shown(tool, number)).to_be_visible()
    except AssertionError as error:
        error.add_note(f"The tool shows: {tool.locator('body').inner_text()[:2000]}")
        raise
    for text in RIGHT:
        choice = tool.get_by_role("radio", name=text, exact=True).locator("visible=true")
        if choice.count():
            choice.check()
            return
    raise AssertionError("none of the answers is right")


def _shown(tool: Tool, number: int) -> Locator:
    return tool.get_by_text(f"Question {number} of 5").locator("visible=true")


def hand_in(tool: Tool) -> None:
    """Hand in what was answered."""
    tool.get_by_role("button", name="Hand in", exact=True).click()
    expect(tool.get_by_text("5 of 5").first).to_be_visible()


def wait_for_badge(tool: Tool, *, scripts: bool = True) -> None:
    """Stay at the result until the badge is signed; without scripts, by looking again."""
    signed = tool.get_by_text("It is signed by Northgate University")
    again = tool.get_by_role("link", name="Look again")
    if scripts:
        expect(signed).to_be_visible(timeout=SLOW_MS)
        return
    expect(signed.or_(again).first).to_be_visible()
    for _ in range(60):
        if signed.count():
            return
        # What is seen next has to be of the page that comes, not of the one that goes.
        with signed.page.expect_event("framenavigated"):
            again.click()
        expect(signed.or_(again).first).to_be_visible()
        signed.page.wait_for_timeout(300)
    raise AssertionError("the badge is not signed")
