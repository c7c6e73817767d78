"""The public pages as people meet them: in a browser, with and without scripts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from lti_tool.badges import services
from lti_tool.badges.models import Credential
from lti_tool.badges.rules import Shows
from lti_tool.core import audit, settings
from lti_tool.core.db import transaction
from tests.badges.factories import Place, held_badges, issue, place
from tests.badges.samples import changed
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.helpers import serving


@dataclass(frozen=True)
class Site:
    url: str
    at: Place
    token: str

    @property
    def shared_url(self) -> str:
        return f"{self.url}/i/northfell/shared/{self.token}"


@pytest.fixture
def site(live_app: Flask) -> Iterator[Site]:
    with serving(live_app) as url:
        settings.install(replace(settings.current(), base_url=url, issuer_url=url))
        at = place()
        token = services.share(
            at.institution_id, issue(at), person_id=at.person_id, shows=Shows(name=True)
        )
        yield Site(url, at, token)


def file_of(site: Site, folder: Path, *, forged: bool = False) -> Path:
    with transaction(site.at.institution_id) as session:
        document = session.scalars(select(Credential.document)).one()
    assert document is not None
    if forged:
        document = changed(document, "credentialSubject.achievement.name", "PhD")
    path = folder / "badge.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1280, False), ("de", 320, True)])
def test_the_public_pages_pass_axe_and_fit(
    site: Site, open_page: OpenPage, language: str, width: int, *, dark: bool
) -> None:
    issuer = f"{site.url}/i/northfell"
    for url in (
        site.shared_url,
        issuer,
        f"{issuer}/achievements/{site.at.achievement_id}",
        f"{site.url}/verify",
    ):
        page = open_page(f"{url}?lang={language}", width=width, dark=dark)

        expect(page.locator("html")).to_have_attribute("lang", language)
        assert axe_violations(page) == [], url
        assert overflow_px(page) == 0, url


def test_a_revoked_badge_passes_axe_too(site: Site, open_page: OpenPage) -> None:
    services.withdraw_award(
        site.at.institution_id,
        held_badges(site.at)[0].award_id,
        reason="Mistake",
        actor=audit.SYSTEM,
    )

    page = open_page(site.shared_url)

    page.get_by_role("heading", name="Revoked: do not rely on it").wait_for()
    assert axe_violations(page) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_a_file_is_checked(
    site: Site, open_page: OpenPage, tmp_path: Path, *, javascript: bool
) -> None:
    page = open_page(f"{site.url}/verify", javascript=javascript)

    page.get_by_label("Choose a file").set_input_files(file_of(site, tmp_path))
    page.get_by_role("button", name="Check").click()

    page.get_by_role("heading", name="Genuine and valid").wait_for()
    assert page.get_by_text("The signature is right").is_visible()
    if javascript:
        assert axe_violations(page) == []
        assert overflow_px(page) == 0


def test_a_forged_file_is_told_from_a_genuine_one(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{site.url}/verify", width=320)

    page.get_by_label("Choose a file").set_input_files(file_of(site, tmp_path, forged=True))
    page.get_by_role("button", name="Check").click()

    page.get_by_role("heading", name="Not genuine: do not rely on it").wait_for()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0


def test_nonsense_is_refused_in_words_that_take_the_focus(site: Site, open_page: OpenPage) -> None:
    page = open_page(f"{site.url}/verify")

    page.get_by_label("Or paste a link or the credential itself").fill("hello")
    page.get_by_role("button", name="Check").click()

    page.get_by_role("heading", name="We could not read that as a credential").wait_for()
    expect(page.get_by_role("alert")).to_be_focused()
    assert axe_violations(page) == []


def test_a_pasted_link_leads_to_the_badge_and_its_picture_loads(
    site: Site, open_page: OpenPage
) -> None:
    page = open_page(f"{site.url}/verify")

    page.get_by_label("Or paste a link or the credential itself").fill(site.shared_url)
    page.get_by_role("button", name="Check").click()

    page.get_by_role("heading", name="Reading Statistics Critically").wait_for()
    assert page.url == site.shared_url
    picture = page.get_by_role("img", name="Badge artwork")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_the_badge_file_downloads(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.shared_url)

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Open Badge 3.0 file").click()

    assert waiting.value.suggested_filename == "reading-statistics-critically.json"
