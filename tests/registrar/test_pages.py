"""The desk and its sign-in in a browser: as wide as a phone, in the dark, without scripts."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from lti_tool.core.db import transaction
from lti_tool.core.settings import Settings
from lti_tool.pathways.expression import from_json, stones
from lti_tool.pathways.queries import get_newest_version
from lti_tool.people import matching
from tests.browser import OpenPage, unfit_for
from tests.doors import enter_desk, with_doors
from tests.registrar.desk import STONES, Desk, open_desk


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url


def busy_desk() -> tuple[Desk, str]:
    """A desk with learners in every state, and the address of one's record."""
    desk = open_desk(title="Certificate in Data Stewardship")
    desk.learner("Amara Nwosu", *STONES, sis_id="2611-0427")
    desk.learner("Linh Đặng", *STONES[:2])
    desk.learner("Saoirse Ní Bhriain", *STONES[1:])
    person = desk.learner(
        "Tomás Herrera Quiroga", STONES[0], email="t.herrera@northfell.example", sis_id="2611-0093"
    )
    for number in range(28):
        desk.learner(f"Learner {number:02}", STONES[2])
    return desk, f"{desk.path}/people/{person}"


def sign_in(page: Page, base_url: str, desk: Desk) -> None:
    """Give the browser the cookie of a registrar."""
    value = desk.session("registrar", name="Ruth Adeyemi-Clarke")
    enter_desk(page, base_url, value, desk.path)


@pytest.mark.parametrize(("language", "width", "dark"), [("de", 320, True), ("en", 1280, False)])
def test_every_page_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, language: str, width: int, *, dark: bool
) -> None:
    desk, record = busy_desk()
    # Of the same name, so that only their order tells the two records apart.
    name = "Tomás Herrera Quiroga"
    other = desk.learner(name, STONES[0], email="t.herrera@northfell.example")
    word = "Weiterbildungswissenschaftsabsolventin"
    long_named = desk.learner(f"{word} {word}", STONES[2])
    matching.match_person(desk.university.id, other)
    with transaction(desk.university.id) as session:
        version = get_newest_version(session, desk.pathway_id)
    consent = list(stones(from_json(version.expression)))[2].id
    page = open_page("about:blank", width=width, dark=dark)
    sign_in(page, base_url, desk)
    page.goto(f"{base_url}{desk.path}/?lang={language}")
    headings = {
        f"{desk.path}/": "Pathways",
        desk.pathway_path: "Certificate in Data Stewardship",
        f"{desk.pathway_path}?q=a&state=one_away": "Certificate in Data Stewardship",
        record: "Tomás Herrera Quiroga",
        f"{desk.path}/people?q=learner": "Learners",
        f"{desk.path}/people/{long_named}": f"{word} {word}",
        f"{record}/awards": "Give a badge",
        f"{record}/transcripts": "Transcripts of Tomás Herrera Quiroga",
        f"{desk.path}/audit": "Audit trail",
        f"{record}/awards?achievement={desk.university.achievements['Consent']}": "Give Consent?",
        f"{desk.path}/people": "Learners",
        f"{desk.path}/people/matches": "May be one person",
        f"{record}/same/{other}": "Are these one person?",
        f"{record}/pathways/{desk.pathway_id}": "Certificate in Data Stewardship",
        f"{record}/pathways/{desk.pathway_id}/decide?act=waive&target={consent}": (
            "Waive a requirement?"
        ),
        f"{desk.path}/decisions": "Decisions",
        f"{desk.path}/exports": "Exports",
        f"{desk.path}/exports/awards": "Export: Badges that were awarded",
        f"{desk.pathway_path}/export?q=a": ("Export: Learners on Certificate in Data Stewardship"),
        f"{desk.pathway_path}/decide": "Decide about 34 learners",
        f"{desk.pathway_path}/decide?what=waive.{consent}": "Decide about 34 learners",
        f"/staff/{desk.slug}/sign-in": f"Sign in to the desk of {desk.slug.title()}",
        f"/staff/{desk.slug}/callback": "We could not sign you in",
    }

    for path, heading in headings.items():
        page.goto(f"{base_url}{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        if language == "en":
            expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert unfit_for(page, dark=dark) == [], path


def test_the_desk_works_without_scripts_down_to_signing_out(
    base_url: str, open_page: OpenPage
) -> None:
    desk, _ = busy_desk()
    page = open_page("about:blank", width=360, javascript=False)
    sign_in(page, base_url, desk)

    page.goto(f"{base_url}{desk.path}/people")
    page.get_by_label("Name, e-mail or student number").fill("quiroga 2611")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Tomás Herrera Quiroga").click()
    page.get_by_role("heading", name="What happened").wait_for()
    page.goto(f"{base_url}{desk.path}/")
    page.get_by_role("link", name="Certificate in Data Stewardship", exact=True).click()
    page.get_by_role("link", name="Show the next").click()
    expect(page.get_by_role("link", name="Back to the first")).to_be_visible()
    page.get_by_label("Name").fill("herrera")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Tomás Herrera Quiroga").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tomás Herrera Quiroga")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_text("You are signed out here.")).to_be_visible()
    page.goto(f"{base_url}{desk.path}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
