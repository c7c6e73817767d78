"""The administrator's pages in a browser: as wide as a phone, in the dark, for screen readers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from lti_tool.core.audit import CLI
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.core.settings import Settings
from lti_tool.people.staff_session import COOKIE
from lti_tool.platforms import invitations, services
from lti_tool.platforms.services import Endpoints
from tests.administration.staff import office
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter_desk, with_doors


@dataclass(frozen=True, kw_only=True)
class Place:
    """A desk that listens, and the way in."""

    base_url: str
    slug: str
    institution_id: InstitutionId
    registration_id: RegistrationId
    cookie: str

    def open(self, page: Page, path: str) -> None:
        enter_desk(page, self.base_url, self.cookie, f"/desk/{self.slug}/{path}")


@pytest.fixture
def place(live_app: Flask, live_settings: Settings) -> Iterator[Place]:
    with with_doors(live_app, live_settings) as url:
        client = live_app.test_client()
        desk = office(client, "tool_administrator", "registrar")
        cookie = client.get_cookie(COOKIE)
        assert cookie is not None
        registration_id = services.add_registration(
            issuer="https://moodle.northgate.example",
            client_id="TEmnSN5h2EMenHW",
            name="Northgate's Moodle",
            product="moodle",
            endpoints=Endpoints(
                auth_url=f"{url}/auth", token_url=f"{url}/token", jwks_url=f"{url}/jwks"
            ),
            registered_for=desk.institution_id,
        )
        deployment_id = services.add_deployment(registration_id, "1", desk.institution_id)
        learnt = ["https://lms-of-the-school.northgate.example:8443"]
        with transaction(desk.institution_id) as session:
            services.learn_frames(session, desk.institution_id, deployment_id, learnt)
            for guid in ("lms.northgate.example", "9f86d081884c7d659a2feaa0c55ad015"):
                services.learn_guid(session, desk.institution_id, deployment_id, guid)
        with system_transaction() as session:
            services.note_deployment(
                session, registration_id, "2", platform_name="A test site", platform_guid=None
            )
        yield Place(
            base_url=url,
            slug=desk.slug,
            institution_id=desk.institution_id,
            registration_id=registration_id,
            cookie=cookie.value,
        )


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_everybody_can_use_them(
    open_page: OpenPage,
    place: Place,
    width: int,
    dark: bool,  # noqa: FBT001 - one of two looks
) -> None:
    page = open_page("about:blank", width=width, dark=dark)
    invitations.invite(place.institution_id, actor=CLI)

    for path in (
        "platforms",
        "platforms/add",
        f"platforms/{place.registration_id}",
        f"platforms/{place.registration_id}/settings",
        "institution",
        "keys",
        "roles",
    ):
        place.open(page, path)
        assert axe_violations(page) == [], path
        assert overflow_px(page) == 0, path


def test_an_administrator_invites_approves_and_tests(open_page: OpenPage, place: Place) -> None:
    page = open_page("about:blank", javascript=False)
    place.open(page, "platforms")

    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Waiting for you")).to_have_count(0)
    page.get_by_role("button", name="Invite an LMS").click()
    assert (
        page.get_by_label("Registration address")
        .input_value()
        .startswith(f"{place.base_url}/lti/register/")
    )
    page.get_by_role("link", name="Platforms").first.click()
    page.get_by_role("link", name="Northgate's Moodle").click()
    page.get_by_role("button", name="Test the connection").click()

    expect(page.get_by_role("heading", name="What the test showed")).to_be_visible()
    expect(page.get_by_text("Its address of keys answers with something else.")).to_be_visible()
