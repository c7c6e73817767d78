"""Taking an attempt in a browser: with scripts, without, by keyboard."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from lti_tool.assessments import queries
from lti_tool.core.db import transaction
from tests.assessments.conftest import Arrive
from tests.assessments.factories import form_of
from tests.assessments.screen import choose, expect_saved, letters, wait_until
from tests.browser import OpenPage, axe_violations, overflow_px

pytestmark = pytest.mark.timeout(120)


def test_an_answer_is_saved_by_itself_and_the_page_says_when(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    expect(page.get_by_text("Nothing to save yet")).to_be_visible()

    choose(page, "b")
    expect_saved(page)

    assert letters(here, attempt_id) == "b--"
    expect(page.locator("#answered")).to_have_text("1 of 3 answered, 0 flagged")
    palette = page.get_by_role("navigation", name="Questions")
    expect(
        palette.get_by_role("button", name=re.compile("^Question 1 ?, answered$"))
    ).to_be_visible()
    page.reload()
    expect(page.get_by_role("radio", name="Answer B")).to_be_checked()


def test_the_server_learns_which_question_was_in_view(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    choose(page, "b")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Question 2")).to_be_focused()

    page.reload()
    expect(page.get_by_role("heading", name="Question 2")).to_be_visible()
    first, second, _ = form_of(here.place, attempt_id)

    def is_told() -> bool:
        with transaction(here.place.id) as session:
            attempt = queries.get_attempt(session, attempt_id)
            shown = queries.time_by_item(session, attempt)
            told = [entry.kind for entry in queries.attempt_timeline(session, attempt)]
        return set(shown) == {first, second} and told == ["started", "saved", "resumed"]

    wait_until(page, is_told)  # the last word of the page before travels by itself


def test_the_palette_tells_what_was_not_seen_yet(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    palette = page.get_by_role("navigation", name="Questions")
    unseen = palette.get_by_role("button", name=re.compile("not seen yet"))
    expect(unseen).to_have_count(2)

    page.get_by_role("button", name="Next").click()
    expect(unseen).to_have_count(1)
    expect(palette.get_by_role("button", name="Question 3")).to_have_accessible_name(
        re.compile(", not seen yet$")
    )


@pytest.mark.parametrize("javascript", [True, False])
def test_all_questions_on_one_page_are_answered_there(
    arrive: Arrive,
    open_page: OpenPage,
    javascript: bool,  # noqa: FBT001 - a parameter
) -> None:
    here = arrive(minutes=40)
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id), javascript=javascript, width=320)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Show all questions on one page").press("Enter")
    expect(page.get_by_role("heading", level=2, name=re.compile("^Question"))).to_have_count(3)
    expect(page.get_by_role("button", name="Next")).to_be_hidden()
    if javascript:
        expect(page.get_by_role("heading", name="Question 2")).to_be_focused()
        assert axe_violations(page) == []
    assert overflow_px(page) == 0

    for number, letter in enumerate("abc", 1):
        asked = page.locator(f"#question-{number}")
        asked.get_by_role("radio", name=f"Answer {letter.upper()}").check()
    palette = page.get_by_role("navigation", name="Questions")
    palette.get_by_role("button", name="Question 3").press("Enter")
    expect(page).to_have_url(re.compile("view=all"))
    if javascript:
        expect_saved(page)
        expect(page.get_by_role("heading", name="Question 3")).to_be_focused()
    expect(page.locator("#question-3").get_by_role("radio", name="Answer C")).to_be_checked()
    assert letters(here, attempt_id) == "abc"
    page.reload()
    expect(page.get_by_role("heading", level=2, name=re.compile("^Question"))).to_have_count(3)
    page.get_by_role("button", name="Show one question at a time").press("Enter")
    expect(page.get_by_role("heading", level=2, name=re.compile("^Question"))).to_have_count(1)
    assert letters(here, attempt_id) == "abc"


def test_the_whole_attempt_by_keyboard_alone(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))

    def tab_to(role: str, name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if focused.and_(page.get_by_role(role, name=name)).count():  # type: ignore[arg-type]  # a role by name
                return
        raise AssertionError(f"no {role} {name!r} by Tab")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the bar
    tab_to("radio", "Answer A")
    page.keyboard.press("Space")
    tab_to("button", "Next")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Question 2")).to_be_focused()
    tab_to("radio", "Answer A")
    page.keyboard.press("ArrowDown")  # chooses B
    tab_to("checkbox", "Flag to come back")
    page.keyboard.press("Space")
    tab_to("button", "Next")
    page.keyboard.press("Enter")
    tab_to("button", "Review and hand in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()
    expect(page.get_by_text("1 question has no answer")).to_be_visible()
    tab_to("button", "Hand in with 1 open")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Result of")).to_be_visible()

    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
    assert (attempt.points_earned, attempt.ended_by) == (Decimal(2), "learner")


def test_enter_in_an_answer_saves_and_stays(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    page = open_page(here.enter_url(here.begin()))
    page.get_by_role("button", name="Next").click()

    choose(page, "b")
    page.get_by_role("radio", name="Answer B").press("Enter")

    expect(page.get_by_role("heading", name="Question 2")).to_be_visible()
    expect_saved(page)


def test_without_a_script_every_button_saves_first(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive(minutes=40)
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id), javascript=False)
    expect(page.get_by_text("until")).to_be_visible()

    choose(page, "a")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Question 2")).to_be_visible()
    assert letters(here, attempt_id) == "a--"
    choose(page, "d")
    page.get_by_role("checkbox", name="Flag to come back").check()
    page.get_by_role("button", name="Question 3").click()
    choose(page, "c")
    page.get_by_role("button", name="Back").click()
    choose(page, "b")
    page.get_by_role("navigation").get_by_role("button", name="Review and hand in").click()
    expect(page.get_by_text("All 3 questions have an answer.")).to_be_visible()
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="Result of")).to_be_visible()

    assert letters(here, attempt_id) == "abc"


@pytest.mark.parametrize(
    ("width", "dark", "forced"),
    [(1280, False, False), (1280, True, False), (320, False, False), (320, True, True)],
)
def test_every_page_passes_axe_and_fits(
    arrive: Arrive,
    open_page: OpenPage,
    width: int,
    dark: bool,  # noqa: FBT001 - a parameter
    forced: bool,  # noqa: FBT001 - a parameter
) -> None:
    here = arrive(minutes=40)
    page = open_page(here.enter_url(here.begin()), width=width, dark=dark, forced_colours=forced)
    page.get_by_role("checkbox", name="Flag to come back").check()
    expect_saved(page)

    assert axe_violations(page) == []
    assert overflow_px(page) == 0
    page.get_by_role("navigation").get_by_role("button", name="Review and hand in").click()
    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
