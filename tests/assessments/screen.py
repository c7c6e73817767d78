"""What a learner does and sees in a browser, and what the server has of it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from lti_tool.assessments import queries
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import Visit
from tests.assessments.factories import form_of


def letters(here: Visit, attempt_id: AttemptId) -> str:
    """Return what the server has, in the order of the form."""
    with transaction(here.place.id) as session:
        found = queries.list_responses(session, attempt_id)
    return "".join(
        found[item].value[0] if item in found and found[item].value else "-"
        for item in form_of(here.place, attempt_id)
    )


def choose(page: Page, letter: str) -> None:
    page.get_by_role("radio", name=f"Answer {letter.upper()}").check()


def expect_saved(page: Page) -> None:
    expect(page.locator('#saved [data-state="saved"]')).to_be_visible()
    expect(page.locator('#saved [data-state="saving"]')).to_be_hidden()


def wait_until(page: Page, condition: Callable[[], object]) -> None:
    """Let the page go on until something is so; Playwright acts on events while it waits."""
    for _ in range(150):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen within 15 seconds")
