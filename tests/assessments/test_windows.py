"""One attempt open in two windows of a browser."""

import pytest
from playwright.sync_api import expect

from tests.assessments.conftest import Arrive
from tests.assessments.screen import choose, expect_saved, letters
from tests.browser import OpenPage, axe_violations

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("button", "kept"),
    [("Use the answer saved there", "a"), ("Keep the answer here", "b")],
)
def test_two_windows_that_disagree_let_the_learner_decide(
    arrive: Arrive, open_page: OpenPage, button: str, kept: str
) -> None:
    here = arrive()
    attempt_id = here.begin()
    left = open_page(here.enter_url(attempt_id))
    right = open_page(here.enter_url(attempt_id))  # on another device
    choose(left, "a")
    expect_saved(left)

    choose(right, "b")
    asking = right.get_by_role("alert").filter(has_text="Another window saved")
    expect(asking).to_contain_text("There it is “Answer A”.")
    assert letters(here, attempt_id) == "a--"
    assert axe_violations(right) == []
    asking.get_by_role("button", name=button).click()

    expect(asking).to_have_count(0)
    expect(right.get_by_role("radio", name=f"Answer {kept.upper()}")).to_be_checked()
    right.get_by_role("button", name="Next").click()
    right.wait_for_timeout(300)
    assert letters(here, attempt_id) == f"{kept}--"


def test_a_second_window_may_only_read_until_it_takes_over(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    attempt_id = here.begin()
    first = open_page(here.enter_url(attempt_id))
    choose(first, "a")
    second = first.context.new_page()
    second.goto(here.enter_url(attempt_id))

    warning = second.get_by_role("alert").filter(has_text="open in another window")
    expect(warning).to_be_visible()
    expect(second.get_by_role("radio", name="Answer A")).to_be_disabled()
    assert axe_violations(second) == []
    expect_saved(first)
    warning.get_by_role("button", name="Work in this window instead").press("Enter")

    expect(first.get_by_role("alert").filter(has_text="another window")).to_be_visible()
    expect(first.get_by_role("radio", name="Answer B")).to_be_disabled()
    expect(second.get_by_role("radio", name="Answer A")).to_be_checked()
    with second.expect_response("**/responses"):
        choose(second, "b")
    expect_saved(second)
    assert letters(here, attempt_id) == "b--"


def test_handing_in_elsewhere_ends_this_window(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    other = open_page(here.enter_url(attempt_id))
    other.goto(f"{here.url(attempt_id)}/submit")
    other.get_by_role("button", name="Hand in").click()
    expect(other.get_by_role("heading", name="Result of")).to_be_visible()

    choose(page, "a")

    expect(page.get_by_role("alert")).to_contain_text("This attempt has ended")
    page.get_by_role("link", name="See your result").click()
    expect(page.get_by_role("heading", name="Result of")).to_be_visible()
