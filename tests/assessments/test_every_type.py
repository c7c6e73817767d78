"""An exam with every type of question, as assistive technology and the keyboard find it."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.assessments.items.samples import SAMPLES, WRITTEN
from tests.assessments.sittings import Sit, seat
from tests.browser import OpenPage, axe_violations, overflow_px

pytestmark = pytest.mark.timeout(240)

EVERY = [*SAMPLES, *WRITTEN]
_LETTERS = ("Alpha", "Beta", "Gamma", "Delta")
_CITIES = ("Oslo", "Paris", "Rome")
# By type: the controls inside the group of the question, by role and name, in any order.
CONTROLS: dict[str, Sequence[tuple[str, str]]] = {
    "single_choice": [("radio", name) for name in _LETTERS],
    "multiple_choice": [("checkbox", name) for name in _LETTERS],
    "true_false": [("radio", "True"), ("radio", "False")],
    "short_text": [("textbox", "The question")],
    "numeric": [("textbox", "The question"), ("combobox", "Unit")],
    "inline_choice": [("combobox", "Gap 1 of 2"), ("combobox", "Gap 2 of 2")],
    "fill_in_blanks": [("textbox", "Gap 1 of 2"), ("textbox", "Gap 2 of 2")],
    "matching": [("combobox", name) for name in _CITIES],
    "ordering": [("button", f"Move {way}: {name}") for way in ("up", "down") for name in _LETTERS],
    "categorising": [("combobox", name) for name in _CITIES],
    "long_text": [("textbox", "The question")],
    "file_upload": [("button", "Your file"), ("button", "Send this file")],
}


@pytest.fixture
def sit(stage: str) -> Sit:
    return partial(seat, stage)


@pytest.mark.parametrize("type_", EVERY)
def test_every_control_has_a_role_and_a_name_in_the_group_of_its_question(
    sit: Sit, open_page: OpenPage, type_: str
) -> None:
    page = open_page(sit(type_).url)
    expect(page.get_by_role("group", name="Reading aids")).to_be_visible()
    group = page.get_by_role("group", name="The question", exact=True)
    # By itself it says how to answer; the material before it is a group, too.
    expect(group).to_have_accessible_description(re.compile(r"\w.*[.?]"))
    expect(page.get_by_role("group", name="Material for this question")).to_have_text(
        "The material"
    )

    tree = group.aria_snapshot()

    # YAML puts quotes around what has a colon.
    found = re.findall(r"- '?(radio|checkbox|textbox|combobox|button) \"([^\"]+)\"", tree)
    assert sorted(found) == sorted(CONTROLS[type_])
    unnamed = re.findall(
        r"- (?:radio|checkbox|textbox|combobox|button)(?: \[.*\])?:?$", tree, re.MULTILINE
    )
    assert unnamed == []
    whole = page.locator("body").aria_snapshot()
    for line in ('navigation "Questions"', 'button "Question 1"', 'heading "A title" [level=2]'):
        assert line.replace("A title", type_) in whole
    assert axe_violations(page) == []


# A window of 1280 by 1024 pixels, enlarged to 400%, has 320 by 256.
@pytest.mark.parametrize("enlarged", [False, True])
def test_the_whole_exam_by_keyboard_alone(
    sit: Sit,
    open_page: OpenPage,
    tmp_path: Path,
    enlarged: bool,  # noqa: FBT001 - a parameter
) -> None:
    (tmp_path / "work.pdf").write_bytes(b"%PDF-1.7 work")
    sitting = sit(*EVERY)
    width, height = (320, 256) if enlarged else (1280, 900)
    page = open_page(sitting.url, width=width, height=height, forced_colours=enlarged)

    for number, type_ in enumerate(EVERY, 1):
        expect(page.get_by_role("heading", name=type_, exact=True)).to_be_visible()
        by_keyboard(page, type_, tmp_path / "work.pdf")
        assert overflow_px(page) == 0
        is_last = number == len(EVERY)
        tab_to(page, shown(page).get_by_role("button", name="Review" if is_last else "Next"))
        page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()
    expect(page.get_by_text(f"All {len(EVERY)} questions have an answer.")).to_be_visible()
    assert overflow_px(page) == 0
    tab_to(page, page.get_by_role("button", name="Hand in"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Result of")).to_be_visible()
    assert sitting.points() == len(SAMPLES)  # the rest a person marks


def shown(page: Page) -> Locator:
    return page.locator(".question:not([hidden])")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is there. On the way, whatever has the focus can be seen."""
    expect(wanted).to_be_visible()
    for _ in range(120):  # past the end it begins at the top again
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(_IS_SEEN), page.evaluate("document.activeElement.outerHTML")
    raise AssertionError("the keyboard does not get there")


# WCAG 2.2, 2.4.11: what has the focus is not wholly hidden behind something that sticks.
_IS_SEEN = """() => {
  const element = document.activeElement;
  if (element === document.body) return true;
  const box = element.getBoundingClientRect();
  const spots = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2];
  return spots.some((y) => {
    const top = document.elementFromPoint((box.left + box.right) / 2, y);
    return top && (element.contains(top) || top.contains(element));
  });
}"""


def by_keyboard(page: Page, type_: str, file: Path) -> None:  # noqa: C901, PLR0912 - every type
    """Give the right answer of the sample, by keys only."""
    question = shown(page)
    match type_:
        case "single_choice" | "true_false":
            radios = question.get_by_role("radio")
            right = question.get_by_role(
                "radio", name="Beta" if type_ == "single_choice" else "True"
            )
            tab_to(page, radios.first)
            page.keyboard.press("Space")
            for _ in range(radios.count()):
                if not right.is_checked():
                    page.keyboard.press("ArrowDown")
            expect(right).to_be_checked()
        case "multiple_choice":
            boxes = question.get_by_role("checkbox", name=re.compile("Beta|Gamma"))
            for place in range(2):
                tab_to(page, boxes.nth(place))
                page.keyboard.press("Space")
        case "short_text" | "numeric" | "long_text":
            tab_to(page, question.get_by_role("textbox"))
            words = {"short_text": "secret word", "numeric": "98.765", "long_text": "Two words"}
            page.keyboard.type(words[type_])
            if type_ == "numeric":
                choose(page, question.get_by_role("combobox"), "km")
        case "fill_in_blanks":
            for gap, word in enumerate(["secret spider", "secret eight"], 1):
                tab_to(page, question.get_by_role("textbox", name=f"Gap {gap}"))
                page.keyboard.type(word)
        case "inline_choice":
            for gap, word in enumerate(["is", "was"], 1):
                choose(page, question.get_by_role("combobox", name=f"Gap {gap}"), word)
        case "matching" | "categorising":
            countries = {"Paris": "France", "Oslo": "Norway", "Rome": "Italy"}
            rows = question.get_by_role("combobox")
            for place in range(len(countries)):
                city = str(rows.nth(place).evaluate("select => select.labels[0].textContent"))
                choose(page, rows.nth(place), countries[city.strip()])
        case "ordering":
            for place, name in enumerate(_LETTERS):
                row = question.locator(".order > li", has_text=name)
                while row.evaluate("row => [...row.parentElement.children].indexOf(row)") > place:
                    up = row.get_by_role("button", name=f"Move up: {name}")
                    tab_to(page, up)
                    page.keyboard.press("Enter")
                    expect(up).to_be_focused()
        case "file_upload":
            chooser = question.get_by_label("Your file")
            tab_to(page, chooser)
            chooser.set_input_files(file)  # what the system's own dialog would do
            tab_to(page, question.get_by_role("button", name="Send this file"))
            page.keyboard.press("Enter")
            expect(shown(page).get_by_role("checkbox", name="work.pdf")).to_be_checked()
        case _:
            raise AssertionError(f"no way to answer {type_}")


def choose(page: Page, select: Locator, words: str) -> None:
    """Choose an option by typing how it begins."""
    tab_to(page, select)
    page.keyboard.type(words)
    expect(select.locator("option:checked")).to_have_text(words)
