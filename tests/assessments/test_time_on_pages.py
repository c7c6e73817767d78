"""The time left, as the page shows it and acts on it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Route, expect

from lti_tool.assessments import queries
from lti_tool.assessments.services import set_accommodation
from lti_tool.core import clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from tests.assessments.conftest import Arrive
from tests.assessments.screen import choose, expect_saved, letters, wait_until
from tests.browser import OpenPage

pytestmark = pytest.mark.timeout(120)


def test_more_time_reaches_the_page_at_the_next_save(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive(minutes=40)
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    expect(page.locator("#time-left")).to_contain_text("39:")

    set_accommodation(
        here.place.id, here.user_id, factor=Decimal(2), extra_minutes=0, actor=Actor("cli")
    )
    choose(page, "a")

    expect(page.locator("#time-left")).to_contain_text("1:19:")
    expect(page.locator("#time-said")).to_have_text("You have been given more time.")


def test_whoever_was_given_more_time_meanwhile_goes_on_when_the_old_time_is_up(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive(minutes=40)
    attempt_id = here.begin()
    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
        attempt.closes_at = clock.now() + timedelta(seconds=3)
    page = open_page(here.enter_url(attempt_id))
    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
        attempt.closes_at = clock.now() + timedelta(minutes=20)

    expect(page.locator("#time-left")).to_contain_text("19:")
    choose(page, "a")
    expect_saved(page)

    assert letters(here, attempt_id) == "a--"


def test_when_time_is_up_the_page_hands_in_what_was_answered(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive(minutes=40)
    attempt_id = here.begin()
    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
        attempt.closes_at = clock.now() + timedelta(seconds=4)
    page = open_page(here.enter_url(attempt_id))
    leaving: list[Route] = []
    # Held back, so that a busy machine sees the alert. Playwright takes no built-in method.
    page.route("**/submit", lambda route: leaving.append(route))  # noqa: PLW0108 - see above
    assert "soon" in (page.locator("[data-timer]").get_attribute("class") or "")
    expect(page.locator("#time-said")).to_have_text("Less than a minute left")

    choose(page, "a")
    page.get_by_role("button", name="Next").click()
    choose(page, "b")
    expect(page.get_by_role("alert")).to_contain_text("Time is up")
    expect(page.get_by_role("radio", name="Answer A").first).to_be_disabled()
    wait_until(page, lambda: leaving)
    leaving[0].continue_()
    expect(page.get_by_role("heading", name="Result of")).to_be_visible(timeout=15_000)

    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
    assert (attempt.points_earned, attempt.ended_by) == (Decimal(2), "learner")


def test_the_time_can_be_hidden_and_shown(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive(minutes=40)
    page = open_page(here.enter_url(here.begin()))
    figures = page.get_by_role("timer", name="Time left")
    expect(figures).to_contain_text("39:")

    button = page.get_by_role("button", name="Hide time")
    button.click()
    expect(figures).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()

    expect(figures).to_be_visible()
