"""Learners' pages in a browser: as wide as a phone, in the dark, by keyboard, without scripts."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from lti_tool.assessments import services as assessments
from lti_tool.badges.models import Transcript
from lti_tool.badges.transcripts import links
from lti_tool.core import settings as settings_module
from lti_tool.core.db import transaction
from lti_tool.core.settings import MailFolder, Settings
from lti_tool.worker import run_worker
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter, with_doors
from tests.learner import story
from tests.learner.story import University, Visit
from tests.mailserver import newest_letter


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url


def well_read() -> tuple[University, Visit, str]:
    """A learner with a badge, a shared one, an attempt with answers, and a pathway half way."""
    here = story.open_university()
    first = story.add_activity(here, "Counting", max_attempts=3)
    second = story.add_activity(here, "Adding", minutes=40)
    _, _, third = story.publish(here, "Dividing")
    story.make_pathway(here, "Numbers", first.achievement_id, second.achievement_id, third)
    user_id = story.enrol(here)
    attempt_id = story.take(here, first, user_id, "right", "wrong")
    assessments.open_attempt(here.institution_id, second.placement_id, user_id)
    run_worker(burst=True)
    return here, story.launch(here, user_id, second.link_id), str(attempt_id)


def test_every_page_passes_axe_and_fits_a_phone(base_url: str, open_page: OpenPage) -> None:
    _, visit, attempt_id = well_read()
    narrow = open_page("about:blank", width=320, height=640, dark=True)
    wide = open_page("about:blank")
    paths = {
        "/": "Adding",
        f"/results/{attempt_id}": "Counting",
        "/badges": "My badges",
        "/pathways": "My pathways",
    }

    for page in (narrow, wide):
        for path, heading in paths.items():
            enter(page, base_url, visit, path)
            expect(page.get_by_role("heading", level=1)).to_have_text(heading)
            assert axe_violations(page) == [], path
            assert overflow_px(page) == 0, path


def test_sharing_and_taking_back_by_keyboard_alone(base_url: str, open_page: OpenPage) -> None:
    _, visit, _ = well_read()
    page = open_page("about:blank")
    enter(page, base_url, visit, "/badges")

    press(page, "Share Counting")
    expect(page.get_by_role("dialog", name="Share “Counting”")).to_be_visible()
    assert axe_violations(page) == []
    press(page, "Preview")
    expect(page.get_by_text("There is no link yet")).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
    press(page, "Make the link")
    link = page.get_by_label("Link", exact=True).input_value()
    assert link.startswith(f"{base_url}/i/")
    assert axe_violations(page) == []
    press(page, "Done")
    expect(page.get_by_text("Shared by 1 link")).to_be_visible()
    press(page, "Take back the link to Counting")

    expect(page.get_by_text("Not shared")).to_be_visible()


def test_details_are_chosen_on_pages_that_pass_axe(base_url: str, open_page: OpenPage) -> None:
    _, visit, _ = well_read()
    for page in (
        open_page("about:blank", width=320, height=640, dark=True),
        open_page("about:blank"),
    ):
        enter(page, base_url, visit, "/badges")
        page.get_by_role("link", name="Download Counting").click()
        assert axe_violations(page) == []
        page.get_by_role("link", name="Choose details").click()
        assert axe_violations(page) == []
        assert overflow_px(page) == 0
        page.get_by_role("button", name="Sign it").click()
        expect(page.get_by_text("your name: Amara Nwosu")).to_be_visible()
        assert axe_violations(page) == []
        assert overflow_px(page) == 0
        page.get_by_role("link", name="Share this one").click()
        page.get_by_role("button", name="Make the link").click()
        page.goto(page.get_by_label("Link", exact=True).input_value())
        expect(page.get_by_text("as the issuer signed them")).to_be_attached()
        assert axe_violations(page) == []
        assert overflow_px(page) == 0


def test_a_transcript_is_made_and_shown_on_pages_that_pass_axe(
    base_url: str, open_page: OpenPage
) -> None:
    here, visit, _ = well_read()
    for page in (
        open_page("about:blank", width=320, height=640, dark=True),
        open_page("about:blank"),
    ):
        enter(page, base_url, visit, "/badges")
        page.get_by_role("link", name="Make a transcript").click()
        page.get_by_role("radio", name="Only what belongs to these pathways:").check()
        page.get_by_role("checkbox", name="Numbers: 1 badge").check()
        page.get_by_role("button", name="Sign the transcript").click()
        expect(page.get_by_text("With your name").first).to_be_visible()
        assert axe_violations(page) == []
        assert overflow_px(page) == 0
    with transaction(here.institution_id) as session:
        transcript_id = session.scalars(select(Transcript.id).limit(1)).one()
    token = links.link_to(here.institution_id, transcript_id)
    for page in (
        open_page("about:blank", width=320, height=640, dark=True),
        open_page("about:blank"),
    ):
        page.goto(f"{base_url}/i/{here.slug}/transcripts/{token}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Transcript, Amara Nwosu")
        assert axe_violations(page) == []
        assert overflow_px(page) == 0


def test_coming_back_without_the_lms_on_pages_that_pass_axe(
    base_url: str, open_page: OpenPage, tmp_path: Path
) -> None:
    here, visit, _ = well_read()
    how = MailFolder(sender="Cairn <cairn@northfell.example>", path=tmp_path / "mail")
    settings_module.install(replace(settings_module.current(), mail=how))

    def look(page: Page, heading: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert axe_violations(page) == [], heading
        assert overflow_px(page) == 0, heading

    def follow_letter(page: Page) -> None:
        run_worker(burst=True)
        found = re.search(r"http://\S+/my/\S+", newest_letter(how.path))
        assert found is not None
        page.goto(found[0])

    for page, address in (
        (open_page("about:blank", width=320, height=640, dark=True), "amara@home.example"),
        (open_page("about:blank"), "amara@work.example"),
    ):
        enter(page, base_url, visit, "/badges")
        page.get_by_role("link", name="Keep your badges after the course").click()
        look(page, "Keep your badges after the course")
        page.get_by_label("E-mail address").fill(address)
        page.get_by_role("button", name="Send the link").click()
        look(page, "Keep your badges after the course")
        follow_letter(page)
        look(page, "Is this your address?")
        page.get_by_role("button", name="Yes, it is mine").click()
        look(page, "Your address is confirmed")
        page.get_by_role("link", name="Your badges at").click()
        look(page, "Your badges at Northfell University")
        page.get_by_label("E-mail address").fill(address)
        page.get_by_role("button", name="Send the link").click()
        look(page, "Look into your mailbox")
        follow_letter(page)
        look(page, "Open your badges at Northfell University")
        page.get_by_role("button", name="Open my badges").click()
        look(page, "My badges")
        page.get_by_role("link", name="Your access").click()
        look(page, "Keep your badges after the course")
        page.get_by_role("button", name="Sign out", exact=True).click()
        look(page, "Your badges at Northfell University")
    assert here.slug in page.url


def test_sharing_works_without_scripts(base_url: str, open_page: OpenPage) -> None:
    _, visit, _ = well_read()
    page = open_page("about:blank", width=360, javascript=False)
    enter(page, base_url, visit, "/badges")

    page.get_by_role("link", name="Share Counting").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("There is no link yet")).to_be_visible()
    page.get_by_role("button", name="Change it").click()
    page.get_by_label("Your name").uncheck()
    page.get_by_role("button", name="Make the link").click()
    page.get_by_role("link", name="Done").click()

    expect(page.get_by_text("The badge, without your name")).to_be_visible()


def test_a_badge_arrives_while_one_looks(base_url: str, open_page: OpenPage) -> None:
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = story.take(here, activity, user_id, "right", "right")
    page = open_page("about:blank")
    enter(page, base_url, story.launch(here, user_id, activity.link_id), f"/results/{attempt_id}")
    expect(page.get_by_text("is being signed")).to_be_visible()
    page.route(page.url, lambda route: route.abort(), times=1)  # the line fails once at the end

    run_worker(burst=True)

    expect(page.get_by_text("It is signed by Northfell University")).to_be_visible(timeout=15_000)
    expect(page.locator("#arrived")).to_have_text("Your badge Counting is signed.")


def test_looking_again_works_without_scripts(base_url: str, open_page: OpenPage) -> None:
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = story.take(here, activity, user_id, "right", "right")
    page = open_page("about:blank", javascript=False)
    enter(page, base_url, story.launch(here, user_id, activity.link_id), f"/results/{attempt_id}")
    run_worker(burst=True)

    page.get_by_role("link", name="Look again").click()

    expect(page.get_by_text("It is signed by Northfell University")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_from_the_start_page_to_the_result(
    base_url: str, open_page: OpenPage, *, javascript: bool
) -> None:
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    page = open_page("about:blank", width=360, javascript=javascript)
    enter(page, base_url, story.launch(here, user_id, activity.link_id), "/")

    page.get_by_role("button", name="Start").click()
    page.get_by_role("radio", name="It is 0").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("It is not").locator("visible=true").check()
    page.get_by_role("button", name="Review and hand in").locator("visible=true").first.click()
    page.get_by_role("button", name="Hand in", exact=True).click()

    expect(page.get_by_text("1 of 2").first).to_be_visible()
    expect(page.get_by_text("You earned a badge")).to_be_visible()
    run_worker(burst=True)
    if not javascript:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("It is signed by Northfell University")).to_be_visible(timeout=15_000)


def test_an_answer_given_before_the_script_has_come_is_saved(
    base_url: str, open_page: OpenPage
) -> None:
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    page = open_page("about:blank", width=360)
    held: list[Route] = []
    page.route("**/js/attempt.js*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function of Python
    enter(page, base_url, story.launch(here, user_id, activity.link_id), "/")
    page.get_by_role("button", name="Start").click(no_wait_after=True)
    page.get_by_role("radio", name="It is 0").check()
    page.wait_for_timeout(100)  # for the request of the script, if it comes after the answer
    held[0].continue_()
    page.wait_for_load_state("load")  # the script has run

    page.get_by_role("button", name="Next").locator("visible=true").click()
    page.get_by_label("It is not").locator("visible=true").check()
    page.get_by_role("button", name="Review and hand in").locator("visible=true").first.click()

    expect(page.get_by_text("All 2 questions have an answer")).to_be_visible()


def press(page: Page, name: str) -> None:
    """Tab to the link or button of this name and press Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText.trim().replace(/\\s+/g, ' ')") == name:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not reach {name!r}")
