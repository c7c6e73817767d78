"""Marking in a browser: by keyboard alone, as wide as a phone, in the dark, without scripts."""

import pytest
from playwright.sync_api import Page, expect

from lti_tool.core.db import transaction
from lti_tool.platforms.models import User
from tests.assessments.conftest import SECRET, visit
from tests.assessments.factories import learner
from tests.assessments.written import Written
from tests.browser import OpenPage, unfit_for
from tests.doors import enter
from tests.learner.story import Visit

LONG = (
    "The sample is small.\n\nI would ask who was left out, and why; then I would count again. " * 6
)


def arrive(page: Page, base_url: str, here: Written, path: str) -> Visit:
    """Enter as the marker."""
    arrived = visit(here.place, here.placement_id, here.marker, roles=("instructor",))
    cookie = ("unused", f"{here.place.id}.{SECRET}")
    opened = Visit(url=f"/l/{arrived.launch_id}", cookie=cookie)
    enter(page, base_url, opened, path)
    return opened


def handed_in() -> Written:
    here = Written()
    taken = []
    for name in ("Ingrid Sæther", "Nana Yaa Mensah", "Linh Đặng"):
        user_id = learner(here.place)
        with transaction(here.place.id) as session:
            session.get_one(User, (user_id, here.place.id)).name = name
        taken.append(here.hand_in("a", LONG, "More.", user_id=user_id))
    attempt_id, asked = taken[-1]
    here.mark(attempt_id, asked[1], claim="full", sources="half", comment="Name your sources.")
    return here


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_page_of_marking_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    here = handed_in()
    page = open_page("about:blank", width=width, dark=dark)
    arrive(page, base_url, here, "/marking")
    looked_at = [page.url, f"{page.url}?by=learner&names=hidden"]
    page.get_by_role("link", name="Mark the answers to question 2").click()
    looked_at.append(page.url)
    page.get_by_role("link", name="Show the next").click()
    page.get_by_role("link", name="Show the next").click()
    looked_at.append(page.url)

    for url in looked_at:
        page.goto(url)
        assert unfit_for(page, dark=dark) == [], url


def test_answers_are_marked_by_keyboard_alone_without_scripts(
    base_url: str, open_page: OpenPage
) -> None:
    here = handed_in()
    page = open_page("about:blank", javascript=False)
    arrive(page, base_url, here, "/marking")
    page.get_by_role("link", name="Mark the answers to question 2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ingrid Sæther")
    page.get_by_role("group", name="The claim").get_by_label("Convincing").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The mark is saved.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nana Yaa Mensah")
    page.get_by_role("link", name="Show the previous").click()
    expect(page.get_by_text("Marked: 3 of 4")).to_be_visible()
