"""Connecting an LMS and placing the first assessment, as its people do it, in a real browser."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import FrameLocator, Page, expect

from lti_tool.core.audit import CLI
from lti_tool.core.ids import DeploymentId, InstitutionId, new_id
from lti_tool.core.settings import Settings
from lti_tool.platforms import invitations, services
from tests.assessments.factories import University, published
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.campus.site import Site
from tests.instructor.course import university_of
from tests.launch.platform import connect
from tests.launch.two_sites import Browsers, listening

ADMINISTRATOR, INSTRUCTOR = 5, 1
TITLE = "Reading statistics critically"


@dataclass(frozen=True, kw_only=True)
class Place:
    """An institution of the product, which listens at `base_url`."""

    base_url: str
    institution_id: InstitutionId

    def invitation(self) -> str:
        return f"{self.base_url}/lti/register/{invitations.invite(self.institution_id, actor=CLI)}"


@pytest.fixture
def place(live_app: Flask, live_settings: Settings) -> Iterator[Place]:
    with listening(Browsers(live_app), live_settings) as base_url:
        institution_id = services.add_institution("northgate", "Northgate University")
        yield Place(base_url=base_url, institution_id=institution_id)


def be(page: Page, person: int) -> None:
    page.locator(f"button[name=as][value='{person}']").first.click()


def begin(page: Page, site: Site, address: str) -> FrameLocator:
    """Paste the address as Campus' administrator; return the frame it opens in."""
    be(page, ADMINISTRATOR)
    page.goto(f"{site.url}/tools")
    page.get_by_label("Registration address of the tool").fill(address)
    page.get_by_role("button", name="Start the registration").click()
    return page.frame_locator("iframe[name=tool]")


def test_from_one_pasted_address_to_the_first_assessment(
    open_page: OpenPage, site: Site, place: Place
) -> None:
    published(
        University(id=place.institution_id, slug="northgate", deployment_id=DeploymentId(new_id())),
        title=TITLE,
    )
    began = time.monotonic()
    page = open_page(site.url)

    frame = begin(page, site, place.invitation())
    frame.get_by_role("button", name="Connect Cairn").click()
    # Nothing is left to do, so that the tool has Campus close the dialogue by itself.
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected tools")
    expect(page.get_by_role("rowheader", name="Cairn").last).to_be_visible()

    page.goto(site.url)
    be(page, INSTRUCTOR)
    page.goto(f"{site.url}/courses/1/add")
    page.get_by_role("button", name="Choose in Cairn").last.click()
    page.frame_locator("iframe[name=tool]").get_by_role("checkbox", name=TITLE).check()
    page.frame_locator("iframe[name=tool]").get_by_role("button", name="Add to the course").click()
    expect(page.get_by_role("link", name=TITLE).last).to_be_visible()

    assert time.monotonic() - began < 120  # a person takes longer, and has two minutes


def test_a_reused_invitation_is_refused_in_the_frame(
    open_page: OpenPage, site: Site, place: Place
) -> None:
    address = place.invitation()
    page = open_page(site.url)
    begin(page, site, address).get_by_role("button", name="Connect Cairn").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected tools")

    page.goto(site.url)
    frame = begin(page, site, address)

    expect(frame.get_by_role("heading", level=1)).to_have_text("This link has been used")


def test_without_scripts_one_can_connect_all_the_same(
    open_page: OpenPage, site: Site, place: Place
) -> None:
    page = open_page(site.url, javascript=False)

    frame = begin(page, site, place.invitation())
    frame.get_by_role("button", name="Connect Cairn").click()

    expect(frame.get_by_role("heading", level=1)).to_have_text("Cairn is connected")
    expect(frame.get_by_text("You can close this page.")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_its_pages_can_be_used_by_everybody_on_a_phone(
    open_page: OpenPage,
    site: Site,
    place: Place,
    dark: bool,  # noqa: FBT001 - one of two looks
) -> None:
    page = open_page(place.invitation(), width=320, dark=dark)
    assert axe_violations(page) == []
    assert overflow_px(page) == 0

    page.goto(site.url)
    begin(page, site, place.invitation())
    link = page.get_by_role("link", name="Open in a new window").get_attribute("href")
    assert link is not None
    page.goto(link)
    assert axe_violations(page) == []
    assert overflow_px(page) == 0

    page.get_by_role("button", name="Connect Cairn").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cairn is connected")
    assert axe_violations(page) == []
    assert overflow_px(page) == 0


def test_a_pasted_link_gets_its_assessment_on_a_phone(
    open_page: OpenPage, site: Site, place: Place
) -> None:
    connected = connect(site, base_url=place.base_url)
    published(university_of(connected), title=TITLE)
    path = connected.place("Week 4 test").removesuffix("/launch")
    page = open_page(site.url, width=320)
    be(page, INSTRUCTOR)
    page.goto(site.url + path)
    frame = page.frame_locator("iframe[name=tool]")

    frame.get_by_role("link", name="Choose its assessment").click()
    frame.get_by_text(TITLE).wait_for()
    assert axe_violations(page) == []
    frame.get_by_text(TITLE).click()
    frame.get_by_role("button", name="Use it for this link").click()
    frame.get_by_role("link", name="All of this course").click()

    expect(frame.get_by_role("heading", level=1)).to_have_text("Assessments in this course")
    expect(frame.get_by_role("link", name="Week 4 test")).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
