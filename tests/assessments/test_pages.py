"""Taking an attempt in a browser: with scripts, without, by keyboard, offline, in two windows."""

import contextlib
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Error, Page, Route, expect

from lti_tool.assessments import queries
from lti_tool.assessments.services import set_accommodation
from lti_tool.core import clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import Visit, visit
from tests.assessments.factories import form_of, placed, university
from tests.browser import OpenPage, axe_violations, overflow_px

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]

Arrive = Callable[..., Visit]


@pytest.fixture
def arrive(stage: str) -> Arrive:
    """Launch a new placement of three questions, keys a, b, c, as a new learner."""

    def make(*, minutes: int | None = None) -> Visit:
        place = university()
        return visit(place, placed(place, minutes=minutes), origin=stage)

    return make


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

    for _ in range(100):  # the last word of the page before travels by itself
        if is_told():
            break
        page.wait_for_timeout(100)
    assert is_told()


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


def test_leaving_at_once_loses_nothing(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive()
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))

    choose(page, "c")
    page.goto("about:blank")
    page.wait_for_timeout(500)

    assert letters(here, attempt_id) == "c--"


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
    wait_until(page, leaving)
    leaving[0].continue_()
    expect(page.get_by_role("heading", name="Result of")).to_be_visible(timeout=15_000)

    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
    assert (attempt.points_earned, attempt.ended_by) == (Decimal(2), "learner")


def wait_until(page: Page, happened: list[Route]) -> None:
    """Let the page go on until something is in the list; Playwright fills it while it waits."""
    for _ in range(100):
        if happened:
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen within 10 seconds")


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
