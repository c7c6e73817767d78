"""A learner whose LMS is used in German: every page of theirs is German, whole, and fits."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from lti_tool.assessments import services as assessments
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.items import Numeric
from lti_tool.assessments.items.entries import NumberAnswer
from lti_tool.core import catalogues
from lti_tool.core.db import transaction
from lti_tool.core.settings import Settings
from lti_tool.worker import run_worker
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter, with_doors
from tests.learner import story
from tests.learner.story import Activity, University

LOCALE: dict[str, object] = {"locale": "de-DE"}


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url


def add_measuring(here: University) -> Activity:
    """An activity of one question that is answered with a number: 2.5."""
    counting = story.add_activity(here, "Zahlen")
    edition_id = assessments.publish_edition(
        here.institution_id,
        EditionDraft(
            assessment_id=counting.assessment_id,
            title="Messen",
            summary="Sie können messen.",
            competencies=("Messen",),
            pass_mark=Decimal("0.5"),
            items=(
                DraftItem(
                    item=Numeric(
                        title="Länge",
                        stem="Wie lang ist der Stab?",
                        answers=(NumberAnswer(value=Decimal("2.5")),),
                    ),
                    points=Decimal("1.5"),
                ),
            ),
        ),
    )
    placement_id = assessments.create_placement(
        here.institution_id,
        edition_id,
        context_id=here.context_id,
        created_by=None,
        title="Messen",
        max_attempts=2,
        gives_badge=True,
    )
    link_id = story.add_link(here, "Messen")
    with transaction(here.institution_id) as session:
        assessments.bind_placement(session, placement_id, link_id, here.context_id)
    return replace(counting, edition_id=edition_id, placement_id=placement_id, link_id=link_id)


def english_on(page: Page) -> list[str]:
    """Return the lines of a page that the catalogue has in other words."""
    text = page.locator("body").inner_text()
    english = {
        message.id
        for message in catalogues.read("de")
        if isinstance(message.id, str) and message.string != message.id and len(message.id) > 3
    }
    return [line for line in map(str.strip, re.split(r"[\n\t]", text)) if line in english]


def look_at(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert english_on(page) == []
    assert axe_violations(page) == []
    assert overflow_px(page) == 0


@pytest.mark.parametrize("width", [1280, 320])
def test_a_learner_takes_an_assessment_in_german(
    base_url: str, open_page: OpenPage, width: int
) -> None:
    here = story.open_university("Hochschule Nordfall")
    activity = add_measuring(here)
    story.make_pathway(here, "Grundlagen", activity.achievement_id)
    visit = story.launch(here, story.enrol(here), activity.link_id, settings=LOCALE)
    page = open_page("about:blank", width=width, zone="Europe/Berlin")

    enter(page, base_url, visit, "/")
    expect(page.get_by_role("heading", name="Wie es abläuft")).to_be_visible()
    look_at(page)
    page.get_by_role("button", name="Beginnen").click()

    field = page.get_by_role("textbox")
    expect(field).to_be_visible()
    look_at(page)
    field.fill("2,5")
    page.get_by_role("button", name="Durchsehen und abgeben").first.click()
    hand_in = page.get_by_role("button", name="Abgeben", exact=True)
    expect(hand_in).to_be_visible()
    look_at(page)
    hand_in.click()

    expect(page.get_by_text("Bestanden", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="1,5 von 1,5 Punkten")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Abgegeben am \d+\.\d+\.\d{4}, "))).to_be_visible()
    look_at(page)

    run_worker(burst=True)
    for path in ("/badges", "/pathways"):
        enter(page, base_url, visit, path)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Meine"))
        look_at(page)


def test_a_person_chooses_another_language_and_it_stays(base_url: str, open_page: OpenPage) -> None:
    here = story.open_university("Hochschule Nordfall")
    activity = story.add_activity(here, "Zahlen")
    visit = story.launch(here, story.enrol(here), activity.link_id, settings=LOCALE)
    page = open_page("about:blank")
    enter(page, base_url, visit, "/badges")

    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My badges")
    enter(page, base_url, visit, "/pathways")

    expect(page.get_by_role("heading", level=1)).to_have_text("My pathways")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_instants_are_told_in_the_persons_zone_even_without_a_script(
    base_url: str, open_page: OpenPage
) -> None:
    here = story.open_university("Hochschule Nordfall")
    activity = story.add_activity(here, "Zahlen")
    user_id = story.enrol(here)
    attempt_id = story.take(here, activity, user_id, "right", "right")
    visit = story.launch(here, user_id, activity.link_id, settings=LOCALE)
    page = open_page("about:blank", zone="Asia/Tokyo")
    enter(page, base_url, visit, f"/results/{attempt_id}")
    page.context.route("**/*.js*", lambda route: route.abort())

    page.reload()

    expect(page.get_by_text(re.compile(r"Abgegeben am .* JST"))).to_be_visible()
