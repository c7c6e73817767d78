"""Larger text, options struck out, pictures opened large: by keyboard, and no answer changes."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.services import (
    create_assessment,
    create_placement,
    publish_edition,
    store_image,
)
from lti_tool.core import settings as settings_module
from tests.assessments.conftest import Visit, visit
from tests.assessments.factories import question, university
from tests.assessments.items.samples import SAMPLES, WRITTEN, sample
from tests.assessments.screen import expect_saved, letters
from tests.browser import OpenPage, axe_violations, overflow_px

pytestmark = pytest.mark.timeout(120)

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><title>Rents</title>'
    b'<rect width="300" height="200"/></svg>'
)
Arrive = Callable[..., Visit]


@pytest.fixture
def arrive(stage: str, tmp_path: Path) -> Arrive:
    """Launch a new placement as a new learner; its questions are given."""

    def make(*items: Callable[[str], DraftItem]) -> Visit:
        settings_module.install(replace(settings_module.current(), storage_dir=tmp_path))
        place = university()
        picture = store_image(place.id, SVG)
        draft = EditionDraft(
            assessment_id=create_assessment(place.id, "Aids"),
            title="Aids",
            summary="",
            pass_mark=Decimal("0.5"),
            items=tuple(item(picture) for item in items),
        )
        placement_id = create_placement(
            place.id,
            publish_edition(place.id, draft),
            context_id=None,
            created_by=None,
            title="Aids",
        )
        return visit(place, placement_id, origin=stage)

    return make


def plain(_picture: str) -> DraftItem:
    return DraftItem(item=question("a"))


def pictured(picture: str) -> DraftItem:
    """Return a question with a picture in its material, its words and an option."""
    options = [
        {"id": letter, "text": f"Answer {letter.upper()}" + extra}
        for letter, extra in zip(
            "abcd", ("", "", "", f" ![The fourth rent]({picture})"), strict=True
        )
    ]
    return DraftItem(
        item=question(
            "a",
            stimulus=f"Look:\n\n![Rents by district]({picture})",
            stem=f"Which fits ![A sketch]({picture})?",
            options=options,
        )
    )


def strike(page: Page, letter: str) -> Locator:
    return page.get_by_role("button", name=f"Strike out: Answer {letter}")


def test_options_are_struck_out_by_keyboard_and_no_answer_changes(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive(plain)
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    page.get_by_role("radio", name="Answer A").check()
    expect_saved(page)
    expect(strike(page, "B")).to_be_hidden()

    page.get_by_role("button", name="Strike out options").press("Enter")
    strike(page, "B").press("Enter")
    strike(page, "A").press("Enter")

    expect(strike(page, "B")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("radio", name="Answer B (struck out)")).not_to_be_checked()
    expect(page.get_by_role("radio", name="Answer A (struck out)")).to_be_checked()
    assert axe_violations(page) == []
    page.reload()
    expect(page.get_by_role("radio", name="Answer A (struck out)")).to_be_checked()
    expect(page.get_by_role("radio", name="Answer B (struck out)")).to_be_visible()
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert letters(here, attempt_id) == "a"


def test_what_is_chosen_is_struck_out_no_more(arrive: Arrive, open_page: OpenPage) -> None:
    here = arrive(plain)
    attempt_id = here.begin()
    page = open_page(here.enter_url(attempt_id))
    page.get_by_role("button", name="Strike out options").click()
    strike(page, "C").click()

    page.get_by_role("radio", name="Answer C (struck out)").check()

    expect(strike(page, "C")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("radio", name="Answer C", exact=True)).to_be_checked()
    expect_saved(page)
    assert letters(here, attempt_id) == "c"


def test_what_somebody_struck_out_nobody_else_sees_and_the_end_forgets(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive(plain)
    page = open_page(here.enter_url(here.begin()))
    page.get_by_role("button", name="Strike out options").click()
    strike(page, "B").click()
    somebody = visit(here.place, here.placement_id, origin=here.origin)
    attempt_id = somebody.begin()
    other = page.context.new_page()

    other.goto(somebody.enter_url(attempt_id))
    other.get_by_role("button", name="Strike out options").click()
    expect(strike(other, "B")).to_have_attribute("aria-pressed", "false")

    strike(other, "D").click()
    kept = other.evaluate("Object.keys(localStorage).filter((key) => key.includes('struck'))")
    assert sorted(kept) == sorted(
        f"cairn.struck.{who.user_id}.{number}"
        for who, number in ((somebody, attempt_id), (here, here.begin()))
    )


@pytest.mark.parametrize("type_", [*SAMPLES, *WRITTEN])
def test_text_is_twice_as_large_on_a_phone_and_nothing_scrolls_sideways(
    arrive: Arrive, open_page: OpenPage, type_: str
) -> None:
    here = arrive(lambda _: DraftItem(item=sample(type_)), plain)
    page = open_page(here.enter_url(here.begin()), width=320)
    legend = page.locator("legend").first
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    before = legend.evaluate(size)

    for _ in range(6):  # two more than there are: the last one stays
        page.get_by_role("button", name="Larger text").press("Enter")
    expect(page.get_by_role("status").filter(has_text="200 %")).to_be_visible()

    assert legend.evaluate(size) == 2 * before
    assert overflow_px(page) == 0
    assert axe_violations(page) == []
    if type_ == "single_choice":
        page.get_by_role("button", name="Strike out options").press("Enter")
        assert overflow_px(page) == 0


def test_the_size_of_text_is_remembered_also_before_handing_in(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive(plain)
    page = open_page(here.enter_url(here.begin()))
    page.get_by_role("button", name="Larger text").press("Enter")
    page.get_by_role("button", name="Larger text").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-text", "150")

    page.reload()
    expect(page.get_by_role("status").filter(has_text="150 %")).to_be_visible()
    page.get_by_role("navigation").get_by_role("button", name="Review and hand in").click()
    expect(page.get_by_role("heading", name="Hand in now?")).to_be_visible()

    expect(page.locator("html")).to_have_attribute("data-text", "150")
    page.go_back()
    smaller = page.get_by_role("button", name="Smaller text")
    smaller.press("Enter")
    smaller.press("Enter")
    expect(smaller).to_have_attribute("aria-disabled", "true")
    expect(page.locator("html")).not_to_have_attribute("data-text", re.compile("."))


@pytest.mark.parametrize("width", [1280, 320])
def test_pictures_are_opened_large_by_keyboard(
    arrive: Arrive, open_page: OpenPage, width: int
) -> None:
    here = arrive(pictured)
    page = open_page(here.enter_url(here.begin()), width=width)
    # No button is part of a name: the group and the option are called what they are about.
    expect(page.get_by_role("group", name=re.compile(r"^Which fits A sketch ?\?$"))).to_be_visible()
    expect(page.get_by_role("radio", name=re.compile("^Answer D The fourth rent$"))).to_be_visible()

    for name in ("Rents by district", "A sketch", "The fourth rent"):
        opener = page.get_by_role("button", name=f"Enlarge the picture: {name}")
        opener.press("Enter")
        dialog = page.get_by_role("dialog", name=name)
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        assert dialog.locator("img").evaluate("image => image.clientWidth") >= 700
        assert axe_violations(page) == []
        assert overflow_px(page) == 0
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()


def test_without_scripts_no_aid_is_offered_that_would_do_nothing(
    arrive: Arrive, open_page: OpenPage
) -> None:
    here = arrive(pictured)
    page = open_page(here.enter_url(here.begin()), javascript=False)

    expect(page.get_by_role("radio", name="Answer A")).to_be_visible()
    for name in ("Strike out options", "Larger text", "Strike out: Answer A"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
