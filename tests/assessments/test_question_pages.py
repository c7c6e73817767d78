"""Questions of every type in a browser: with a script and without, by keyboard, in two windows."""

import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from lti_tool.assessments import queries
from lti_tool.core.db import transaction
from tests.assessments.items.samples import SAMPLES
from tests.assessments.sittings import TYPES, Sit, seat
from tests.browser import OpenPage, axe_violations, overflow_px

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def sit(stage: str) -> Sit:
    return partial(seat, stage)


def answer(page: Page, type_: str) -> None:  # noqa: C901 - one case for each type
    """Give the right answer of the sample by its native controls, no list with buttons."""
    match type_:
        case "multiple_choice":
            page.get_by_role("checkbox", name="Beta").check()
            page.get_by_role("checkbox", name="Gamma").check()
        case "true_false":
            page.get_by_role("radio", name="True").check()
        case "short_text":
            page.get_by_role("textbox", name="The question").fill("secret word")
        case "numeric":
            page.get_by_role("textbox", name="The question").fill("98.765")
            page.get_by_role("combobox", name="Unit").select_option("km")
        case "inline_choice":
            page.get_by_role("combobox", name="Gap 1 of 2").select_option("is")
            page.get_by_role("combobox", name="Gap 2 of 2").select_option("was")
        case "fill_in_blanks":
            page.get_by_role("textbox", name="Gap 1 of 2").fill("secret spider")
            page.get_by_role("textbox", name="Gap 2 of 2").fill("secret eight")
        case "matching" | "categorising":
            for city, country in [("Paris", "France"), ("Oslo", "Norway"), ("Rome", "Italy")]:
                page.get_by_role("combobox", name=city).select_option(country)
        case "ordering":
            for place, letter in enumerate("abcd", 1):
                page.get_by_role("combobox", name=f"Place {place}").select_option(letter)
        case _:
            raise AssertionError(f"no way to answer {type_}")


def order_by_buttons(page: Page) -> None:
    """Bring the options into the right order, by moving each up to its place."""
    for place, name in enumerate(["Alpha", "Beta", "Gamma", "Delta"]):
        row = page.locator(":not([hidden]) > fieldset .order > li", has_text=name)
        while row.evaluate("row => [...row.parentElement.children].indexOf(row)") > place:
            row.get_by_role("button", name=f"Move up: {name}").press("Enter")
            expect(row.get_by_role("button", name=f"Move up: {name}")).to_be_focused()


def next_question(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Next$|^Review and hand in$")).first.click()


def expect_saved(page: Page) -> None:
    expect(page.locator('#saved [data-state="saved"]')).to_be_visible()
    expect(page.locator('#saved [data-state="saving"]')).to_be_hidden()


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (True, 320), (False, 320)])
def test_every_type_is_answered_kept_and_scored(
    sit: Sit,
    open_page: OpenPage,
    javascript: bool,  # noqa: FBT001 - a parameter
    width: int,
) -> None:
    sitting = sit()
    page = open_page(sitting.url, javascript=javascript, width=width)

    for type_ in TYPES:
        expect(page.get_by_role("heading", name=type_)).to_be_visible()
        if type_ == "ordering" and javascript:
            expect(page.get_by_text("This is not an answer yet")).to_be_visible()
            order_by_buttons(page)
            expect(page.get_by_text("This is not an answer yet")).to_be_hidden()
        else:
            answer(page, type_)
        if javascript:
            assert axe_violations(page) == []
        assert overflow_px(page) == 0
        next_question(page)

    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()
    expect(page.get_by_text("All 9 questions have an answer.")).to_be_visible()
    expect(page.get_by_text("Look again before you hand in")).to_be_hidden()
    kept = {type_: [word.lower() for word in words] for type_, words in sitting.saved().items()}
    right = {type_: [" ".join(w.lower().split()) for w in SAMPLES[type_][1]] for type_ in TYPES}
    assert kept == right
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="Result of")).to_be_visible()
    assert sitting.points() == 9


@pytest.mark.parametrize("javascript", [True, False])
def test_what_was_answered_is_there_when_the_page_is_loaded_again(
    sit: Sit,
    open_page: OpenPage,
    javascript: bool,  # noqa: FBT001 - a parameter
) -> None:
    sitting = sit("numeric", "inline_choice", "matching", "fill_in_blanks", "multiple_choice")
    page = open_page(sitting.url, javascript=javascript)
    for type_ in sitting.types:
        answer(page, type_)
        next_question(page)
    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()
    before = sitting.saved()

    page.goto(sitting.url)
    expect(page.get_by_role("textbox", name="The question")).to_have_value("98.765")
    expect(page.get_by_role("combobox", name="Unit")).to_have_value("km")
    for _ in sitting.types:
        next_question(page)

    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()
    assert sitting.saved() == before
    with transaction(sitting.here.place.id) as session:
        found = queries.list_responses(session, sitting.attempt_id)
    assert javascript or {one.sequence for one in found.values()} == {1}


def test_an_order_is_made_by_keyboard_and_comes_back(sit: Sit, open_page: OpenPage) -> None:
    sitting = sit("ordering")
    page = open_page(sitting.url)

    first = page.locator(".order > li").first
    name = first.locator("span").first.text_content()
    first.get_by_role("button", name="Move down").press("Enter")
    expect(
        page.get_by_role("status").filter(has_text=f"“{name}” is at place 2 of 4")
    ).to_be_attached()
    order_by_buttons(page)
    expect_saved(page)

    assert sitting.saved() == {"ordering": ("a", "b", "c", "d")}
    page.reload()
    rows = page.locator(".order > li > span:first-child")
    expect(rows).to_have_text(["Alpha", "Beta", "Gamma", "Delta"])
    up = page.get_by_role("button", name="Move up: Alpha")
    expect(up).to_have_attribute("aria-disabled", "true")
    up.press("Enter")
    expect(rows).to_have_text(["Alpha", "Beta", "Gamma", "Delta"])


def test_a_text_is_saved_while_it_is_typed(sit: Sit, open_page: OpenPage) -> None:
    sitting = sit("short_text")
    page = open_page(sitting.url)

    page.get_by_role("textbox", name="The question").press_sequentially("sec", delay=20)
    expect_saved(page)

    assert sitting.saved() == {"short_text": ("sec",)}
    expect(page.locator("#answered")).to_have_text("1 of 1 answered, 0 flagged")
    page.get_by_role("textbox", name="The question").fill("  ")
    expect(page.locator("#answered")).to_have_text("0 of 1 answered, 0 flagged")


def test_what_cannot_count_is_said_before_handing_in(sit: Sit, open_page: OpenPage) -> None:
    sitting = sit("numeric", "matching")
    page = open_page(sitting.url)

    page.get_by_role("textbox", name="The question").fill("a lot")
    next_question(page)
    page.get_by_role("combobox", name="Oslo").select_option("Norway")
    next_question(page)

    warning = page.locator(".callout", has_text="Look again before you hand in")
    expect(warning.get_by_role("listitem")).to_have_text(
        ["Question 1: We cannot read this as a number.", "Question 2: 2 of 3 still open."]
    )
    assert axe_violations(page) == []
    warning.get_by_role("link", name="Question 1").click()
    field = page.get_by_role("textbox", name="The question")
    expect(field).to_have_accessible_description(re.compile("We cannot read this as a number."))
    field.fill("5")
    expect(page.get_by_text("We cannot read this as a number.")).to_be_hidden()


def test_an_answer_made_before_the_script_runs_is_saved_and_what_was_said_of_the_last_one_goes(
    sit: Sit, open_page: OpenPage
) -> None:
    page = open_page(sit("numeric").url)
    page.get_by_role("textbox", name="The question").fill("a lot")
    next_question(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/attempt.js*", hold)

    warning = page.locator(".callout", has_text="Look again before you hand in")
    warning.get_by_role("link", name="Question 1").click(no_wait_after=True)
    page.get_by_role("textbox", name="The question").fill("5")
    expect(page.get_by_text("We cannot read this as a number.")).to_be_visible()
    with page.expect_response("**/responses"):
        held[0].continue_()

    expect(page.get_by_text("We cannot read this as a number.")).to_be_hidden()
    expect(page.locator("#saved")).to_contain_text("Saved")


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("short_text", "secret word"),
        ("matching", "France; Norway; Italy"),
        ("multiple_choice", "Beta; Gamma"),
    ],
)
def test_another_windows_answer_is_shown_in_words(
    sit: Sit, open_page: OpenPage, type_: str, words: str
) -> None:
    sitting = sit(type_)
    page = open_page(sitting.url)
    other = open_page(sitting.url)  # on another device
    answer(other, type_)
    expect_saved(other)

    if type_ == "short_text":
        page.get_by_role("textbox", name="The question").fill("mine")
    elif type_ == "matching":
        page.get_by_role("combobox", name="Oslo").select_option("Spain")
    else:
        page.get_by_role("checkbox", name="Alpha").check()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(f"There it is “{words}”")
    alert.get_by_role("button", name="Use the answer saved there").click()
    expect_saved(page)
    page.reload()
    if type_ == "matching":
        expect(page.get_by_role("combobox", name="Paris")).to_have_value("fr")
    assert list(sitting.saved()[type_]) in (SAMPLES[type_][1], ["secret word"])


def test_without_a_script_a_stale_form_shows_in_words_what_it_sent(
    sit: Sit, open_page: OpenPage
) -> None:
    sitting = sit("matching", "short_text")
    page = open_page(sitting.url, javascript=False)
    other = page.context.new_page()
    other.goto(sitting.url)
    answer(other, "matching")
    next_question(other)

    page.get_by_role("combobox", name="Oslo").select_option("Spain")
    next_question(page)

    expect(page.get_by_role("alert")).to_contain_text("you had chosen")
    expect(page.get_by_role("alert")).to_contain_text("Oslo: Spain")
    assert sitting.saved()["matching"] == ("fr", "no", "it")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_text_and_files_are_handed_in(
    sit: Sit,
    open_page: OpenPage,
    tmp_path: Path,
    javascript: bool,  # noqa: FBT001 - a parameter
) -> None:
    for name in ("one.pdf", "two.docx"):
        (tmp_path / name).write_bytes(b"content of " + name.encode())
    sitting = sit("long_text", "file_upload")
    page = open_page(sitting.url, javascript=javascript, width=320)

    page.get_by_role("textbox", name="The question").fill("\nOne line\n\nand another")
    if javascript:
        assert axe_violations(page) == []
    next_question(page)
    page.get_by_label("Your file").set_input_files(tmp_path / "one.pdf")
    page.get_by_role("button", name="Send this file").press("Enter")
    page.get_by_label("Another file").set_input_files(tmp_path / "two.docx")
    page.get_by_role("button", name="Send this file").press("Enter")
    expect(page.get_by_role("checkbox", name=re.compile(r"\.(pdf|docx)$"))).to_have_count(2)
    page.get_by_role("checkbox", name="one.pdf").uncheck()
    if javascript:
        assert axe_violations(page) == []
    assert overflow_px(page) == 0
    next_question(page)
    expect(page.get_by_text("All 2 questions have an answer.")).to_be_visible()

    saved = sitting.saved()
    assert saved["long_text"] == ("\nOne line\n\nand another",)
    with transaction(sitting.here.place.id) as session:
        sent = queries.list_attachments(session, sitting.attempt_id)
    assert [sent[id_].name for id_ in saved["file_upload"]] == ["two.docx"]
    page.goto(sitting.url)
    expect(page.get_by_role("textbox", name="The question")).to_have_value(
        "\nOne line\n\nand another"
    )
