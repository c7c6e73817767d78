"""An attempt in a browser whose line fails, whose page closes, whose visit ends."""

import contextlib
import re

import pytest
from playwright.sync_api import Error, expect

from tests.assessments.conftest import Arrive, visit
from tests.assessments.screen import choose, expect_saved, letters, wait_until
from tests.browser import OpenPage, axe_violations

pytestmark = pytest.mark.timeout(120)


def test_offline_the_learner_keeps_working_and_everything_arrives(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))

    page.context.set_offline(True)
    choose(page, "a")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_contain_text("You are offline. Keep working.")
    expect(page.locator("#saved")).to_contain_text("Kept on this device")
    choose(page, "b")
    review = page.get_by_role("navigation").get_by_role("button", name="Review and hand in")
    expect(review).to_have_attribute("aria-disabled", "true")
    expect(review).to_have_accessible_description(
        "You can hand in when the connection is back. If time runs out before, we hand in what"
        " we have received; answers that arrive later are kept, and your instructor decides"
        " about them."
    )
    assert axe_violations(page) == []
    assert letters(here, attempt_id) == "---"
    page.context.set_offline(False)

    expect(page.get_by_text("You are offline. Keep working.")).to_be_hidden()
    expect_saved(page)
    assert letters(here, attempt_id) == "ab-"
    review.click()
    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()


def test_a_line_that_fails_unnoticed_is_tried_again(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    page.route("**/responses", lambda route: route.abort())

    choose(page, "a")
    expect(page.get_by_role("alert")).to_contain_text("You are offline. Keep working.")
    page.unroute("**/responses")

    expect(page.get_by_text("You are offline. Keep working.")).to_be_hidden(timeout=10_000)
    assert letters(here, attempt_id) == "a--"


def test_a_browser_that_does_not_know_the_chosen_zone_saves_all_the_same(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    page.evaluate("document.documentElement.dataset.zoneChosen = 'Europe/NotYetNamed'")
    page.route("**/responses", lambda route: route.abort())

    choose(page, "a")
    expect(page.get_by_role("alert")).to_contain_text("You are offline. Keep working.")
    expect(page.locator('#saved [data-state="kept"] time')).to_have_text(re.compile(r"\d:\d\d"))
    page.unroute("**/responses")

    expect(page.get_by_text("You are offline. Keep working.")).to_be_hidden(timeout=15_000)
    expect_saved(page)
    assert letters(here, attempt_id) == "a--"


def test_what_a_page_fails_to_show_keeps_no_answer_from_being_sent(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    # The fault is told to the browser, here not to the test's watch over scripts.
    page.evaluate(
        """() => {
          addEventListener("error", (event) => event.preventDefault());
          document.querySelector('#saved [data-state="saved"] time').remove();
        }"""
    )

    choose(page, "a")
    wait_until(page, lambda: letters(here, attempt_id) == "a--")
    page.get_by_role("button", name="Next").click()
    choose(page, "b")
    wait_until(page, lambda: letters(here, attempt_id) == "ab-")
    page.get_by_role("navigation").get_by_role("button", name="Review and hand in").click()

    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()


def test_a_crash_while_offline_loses_nothing(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    page.route("**/responses", lambda route: route.abort())
    choose(page, "d")
    expect(page.get_by_role("alert")).to_be_visible()
    with contextlib.suppress(Error):
        page.goto("chrome://crash")  # unlike a tab that is closed, it can send nothing more
    assert letters(here, attempt_id) == "---"

    again = page.context.new_page()
    again.goto(here.enter_url(attempt_id))

    expect(again.get_by_role("radio", name="Answer D")).to_be_checked()
    expect_saved(again)
    assert letters(here, attempt_id) == "d--"
    assert again.evaluate("Object.keys(localStorage)") == []


def test_somebody_else_at_the_same_computer_sees_none_of_it(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    page = open_page(here.enter_url(here.begin()))
    page.context.set_offline(True)
    choose(page, "d")
    expect(page.get_by_role("alert")).to_be_visible()
    kept = page.evaluate("JSON.stringify(localStorage)")
    somebody = visit(here.place, here.placement_id, origin=here.origin)
    attempt_id = somebody.begin()
    other = page.context.new_page()
    page.close()
    other.context.set_offline(False)

    other.goto(somebody.enter_url(attempt_id))
    other.wait_for_timeout(500)

    assert str(here.user_id) in kept
    assert other.evaluate("JSON.stringify(localStorage)") == kept
    expect(other.get_by_role("radio", name="Answer D")).not_to_be_checked()
    assert letters(somebody, attempt_id) == "---"


def test_a_visit_that_has_ended_says_so_and_keeps_the_answer(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    page.context.clear_cookies()

    choose(page, "a")
    expect(page.get_by_role("alert")).to_contain_text("Please open it again from your course")
    page.goto(here.enter_url(attempt_id))

    expect_saved(page)
    assert letters(here, attempt_id) == "a--"


def test_leaving_at_once_loses_nothing(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))

    choose(page, "c")
    page.goto("about:blank")

    wait_until(page, lambda: letters(here, attempt_id) == "c--")
