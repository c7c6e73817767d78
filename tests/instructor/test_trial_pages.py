"""A trial in a browser, from the placement's page and back, with scripts and without."""

import pytest
from playwright.sync_api import expect

from tests.assessments.conftest import SECRET, visit
from tests.assessments.factories import learner, placed, university
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter
from tests.learner.story import Visit


@pytest.mark.parametrize(("width", "javascript"), [(320, True), (1280, False)])
def test_a_trial_from_beginning_to_end(
    base_url: str, open_page: OpenPage, width: int, *, javascript: bool
) -> None:
    place = university()
    placement_id = placed(place, minutes=30)
    arrived = visit(place, placement_id, learner(place), roles=("instructor",))
    opened = Visit(url=f"/l/{arrived.launch_id}", cookie=("", f"{place.id}.{SECRET}"))
    page = open_page("about:blank", width=width, javascript=javascript)
    enter(page, base_url, opened, "/placement")
    page.get_by_role("button", name="Try it as a learner").click()
    expect(page.get_by_text("You are trying this as a learner")).to_be_visible()
    if javascript:
        assert axe_violations(page) == []
        assert overflow_px(page) == 0
    if not javascript:
        page.locator("#question-1").get_by_role("radio", name="Answer A").check()
        page.get_by_role("button", name="Next").click()
    page.goto(f"{page.url.partition('?')[0]}/submit")
    page.get_by_role("button", name="Hand in with").click()

    expect(page.get_by_text("This was a trial")).to_be_visible()
    if javascript:
        assert axe_violations(page) == []
        assert overflow_px(page) == 0
    page.get_by_role("link", name="Back to where you came from").click()
    expect(page.get_by_text("Nobody has begun yet")).to_be_visible()
