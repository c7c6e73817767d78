"""A wrong key is put right: from the author over the dry run to the gradebook and the badge."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.installation import Installation, wait_for
from tests.journeys.visitor import Visitor, wait_for_badge

pytestmark = pytest.mark.timeout(240)

TITLE, QUESTION = "Presenting findings", "The first minute"
# The places of two answers in the author's form, and how learners read them.
FINDING, METHOD = 1, 2
WORDS = {FINDING: "With what you found", METHOD: "With the method"}
MISLED, RIGHT = "Jasmine Tran", "Hana Nováková"
SHOWCASE_COURSE = 3


def test_a_corrected_key_reaches_the_gradebook_and_a_person_decides_about_the_badge(
    installation: Installation, browser: Browser
) -> None:
    with browser.new_context() as context, browser.new_context() as of_desk:
        visitor = Visitor(
            page=context.new_page(), campus_url=installation.campus_url, course=SHOWCASE_COURSE
        )
        desk = sign_in(of_desk.new_page(), installation)
        publish(desk, key=METHOD, only_first=True)
        place(visitor)
        take(visitor, MISLED, METHOD)
        wait_for_badge(visitor.arrive())
        take(visitor, RIGHT, FINDING)
        visitor.be("Mirela")
        visitor.expect_score(TITLE, "100 / 100", of=MISLED)
        visitor.expect_score(TITLE, "0 / 100", of=RIGHT)

        publish(desk, key=FINDING)
        regrade(visitor)

        visitor.expect_score(TITLE, "0 / 100", of=MISLED)
        visitor.expect_score(TITLE, "100 / 100", of=RIGHT)
        expect_badges(visitor, RIGHT, 1)
        find_review(desk)
        expect_badges(visitor, MISLED, 1, says="Being looked at")  # it stands until that is over
        withdraw(desk)
        expect_badges(visitor, MISLED, 0)


def sign_in(page: Page, installation: Installation) -> Page:
    """Go to the desk as the registrar, who may write assessments and issue badges as well."""
    Visitor(page=page, campus_url=installation.campus_url).be("Ruth")
    page.get_by_role("link", name="Open Cairn's desk").click()
    page.get_by_role("link", name="Continue with Campus").click()
    expect(page.get_by_role("heading", name="Pathways", level=1)).to_be_visible()
    return page


def go_to(desk: Page, name: str) -> None:
    desk.get_by_role("navigation", name="desk").get_by_role("link", name=name, exact=True).click()
    expect(desk.get_by_role("heading", name=name, level=1)).to_be_visible()


def publish(desk: Page, *, key: int, only_first: bool = False) -> None:
    """Publish the next edition, in which this answer of the first question is the right one."""
    go_to(desk, "Assessments")
    desk.get_by_role("link", name=TITLE, exact=True).click()
    desk.get_by_role("button", name=re.compile("^Begin from edition")).click()
    if only_first:
        desk.get_by_role("button", name="Take question 2 out").click()
        expect(desk.get_by_role("button", name="Take question 2 out")).to_have_count(0)
    desk.get_by_role("link", name=QUESTION).click()
    for answer in (FINDING, METHOD):
        group = desk.get_by_role("group", name=f"Answer {answer}", exact=True)
        group.get_by_role("checkbox", name="Right").set_checked(answer == key)
    desk.get_by_role("button", name="Save the question").click()
    expect(desk.get_by_text("It can be asked as it stands.")).to_be_visible()
    desk.get_by_role("link", name="Back to the draft").click()
    desk.get_by_label("How the pass mark was set").fill("By agreement")
    desk.get_by_label("Who set it").fill("Two teachers")
    desk.get_by_role("button", name="Save the draft").click()
    desk.get_by_role("button", name="Publish this edition").click()
    expect(desk.get_by_role("status").filter(has_text="Published.")).to_be_visible()


def place(visitor: Visitor) -> None:
    """Put the newest edition into the course, as its instructor."""
    visitor.be("Mirela")
    visitor.see_course()
    links = visitor.page.get_by_role("link", name=TITLE, exact=True)
    before = links.count()
    visitor.page.get_by_role("link", name="Add an activity to").last.click()
    visitor.page.get_by_role("button", name="Choose in Cairn").click()
    picker = visitor.arrive()
    picker.get_by_role("checkbox", name=TITLE).check()
    picker.get_by_role("button", name="Add to the course").click()
    expect(links).to_have_count(before + 1)


def take(visitor: Visitor, student: str, choice: int) -> None:
    """Answer the only question, and hand in."""
    visitor.be(student)
    tool = visitor.open(TITLE)
    tool.get_by_role("button", name="Start").click()
    tool.get_by_role("radio", name=WORDS[choice]).check()
    tool.get_by_role("button", name="Review and hand in").locator("visible=true").first.click()
    tool.get_by_role("button", name="Hand in", exact=True).click()
    expect(tool.get_by_text("Handed in on")).to_be_visible()


def regrade(visitor: Visitor) -> None:
    """See of each learner what the newer edition would change; give a reason, and use it."""
    tool = visitor.open(TITLE)
    tool.get_by_role("link", name="See what it would change").click()
    expect_words(
        tool.locator(".tiles"),
        re.compile(r"results would change\s*2"),
        re.compile(r"badge would be earned\s*1"),
        re.compile(r"badge would go to review\s*1"),
    )
    expect_words(tool.get_by_role("row").filter(has_text=MISLED), "1 of 1", "0 of 1")
    expect_words(
        tool.get_by_role("row").filter(has_text=MISLED),
        "Would no longer pass",
        "Would go to review",
    )
    expect_words(tool.get_by_role("row").filter(has_text=RIGHT), "Would pass", "Would be earned")
    tool.get_by_label("Reason").fill("The key named the method; the finding comes first.")
    tool.get_by_role("button", name="Use this edition and change 2 results").click()
    expect(tool.get_by_role("status").filter(has_text="2 results changed")).to_be_visible()


def expect_words(shown: Locator, *words: str | re.Pattern[str]) -> None:
    for one in words:
        expect(shown).to_contain_text(one)


def expect_badges(visitor: Visitor, student: str, count: int, *, says: str = "Valid") -> None:
    """Look at somebody's own badges until so many of this title say this."""
    visitor.be(student)

    def are_shown() -> bool:
        badges = visitor.open("My badges (Cairn)")
        expect(badges.get_by_role("heading", name="My badges", level=1)).to_be_visible()
        badge = badges.get_by_role("listitem").filter(has_text=TITLE)
        return badge.filter(has_text=says).count() == count

    wait_for(are_shown, f"{student} has {count} of the badge")


def find_review(desk: Page) -> None:
    """Look at the badges until one is before the issuers, and go there."""
    go_to(desk, "Badges")
    to_decide = desk.get_by_role("link", name="Decide about them")

    def waits() -> bool:
        desk.reload()
        return to_decide.count() == 1

    wait_for(waits, "the badge is before the issuers")
    to_decide.click()
    expect(desk.get_by_role("region", name=f"{TITLE}: {MISLED}")).to_be_visible()
    expect(desk.get_by_role("region", name=f"{TITLE}: {RIGHT}")).to_have_count(0)


def withdraw(desk: Page) -> None:
    """Decide, with a reason, that the badge does not stand."""
    one = desk.get_by_role("region", name=f"{TITLE}: {MISLED}")
    one.get_by_label("Reason").fill("The answer was not right.")
    one.get_by_role("button", name="Withdraw and revoke").click()
    expect(one).to_have_count(0)
