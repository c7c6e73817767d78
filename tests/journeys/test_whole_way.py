"""From the course to the certificate and the registrar's desk, as people go it in a browser."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.journeys.installation import Installation, allowing_third_party_cookies
from tests.journeys.visitor import (
    CERTIFICATE,
    DATA_TITLE,
    SLOW_MS,
    STATISTICS_TITLE,
    TITLES,
    Visitor,
    answer_all,
    hand_in,
    wait_for_badge,
)
from tests.witness.fixture import Witness, witness

__all__ = ["witness"]

pytestmark = pytest.mark.timeout(240)


def test_with_third_party_cookies_blocked(
    installation: Installation, browser: Browser, witness: Witness
) -> None:
    with browser.new_context() as context:
        visitor = Visitor(page=context.new_page(), campus_url=installation.campus_url)

        assert storage_access(installation, visitor) == "none"
        walk(installation, browser, visitor, "Amara Nwosu", witness)


def test_with_third_party_cookies_allowed(
    installation: Installation, browser: Browser, tmp_path: Path
) -> None:
    with allowing_third_party_cookies(browser, tmp_path / "profile") as context:
        visitor = Visitor(page=context.new_page(), campus_url=installation.campus_url)

        assert storage_access(installation, visitor) == "active"
        walk(installation, browser, visitor, "Ingrid Sæther")


def test_without_scripts(installation: Installation, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        visitor = Visitor(
            page=context.new_page(), campus_url=installation.campus_url, scripts=False
        )

        walk(installation, browser, visitor, "Björn Åström")


def storage_access(installation: Installation, visitor: Visitor) -> str | None:
    """Tell what the browser says of unpartitioned cookies to Cairn in its frame."""
    visitor.be("Mirela")
    with visitor.page.expect_request(f"{installation.cairn_url}/lti/login") as asked:
        visitor.page.get_by_role("link", name="Cairn dashboard").click()
    return asked.value.all_headers().get("sec-fetch-storage-access")


def walk(
    installation: Installation,
    browser: Browser,
    visitor: Visitor,
    student: str,
    witness: Witness | None = None,
) -> None:
    """Go the whole way with one student."""
    visitor.be("Mirela")
    visitor.add_both()

    visitor.be(student)
    take(visitor, STATISTICS_TITLE)
    badges = see_badges(visitor)
    expect(badges.get_by_role("listitem").filter(has_text="Valid")).to_have_count(1)
    credential = download(visitor, badges, STATISTICS_TITLE)
    link = share(badges, STATISTICS_TITLE)
    verify(browser, link, student)
    if witness is not None:
        verdict = witness(credential, published(installation, credential))
        assert verdict.accepted, verdict

    take(visitor, DATA_TITLE)
    badges = see_badges(visitor)
    for _ in range(60):
        if badges.get_by_role("heading", name=CERTIFICATE).count():
            break
        visitor.page.wait_for_timeout(500)
        badges = see_badges(visitor)
    held = badges.get_by_role("list").first.get_by_role("heading", level=3)
    assert {name.partition(":")[0].strip() for name in held.all_inner_texts()} == {
        *TITLES,
        CERTIFICATE,
    }

    visitor.be("Mirela")
    for title in TITLES:
        visitor.expect_score(title, "100 / 100", of=student)
    see_desk(installation, visitor, student)


def take(visitor: Visitor, title: str) -> None:
    """Take the assessment; see its result, its badge and its score in the gradebook."""
    tool = visitor.open(title)
    answer_all(tool)
    hand_in(tool)
    wait_for_badge(tool, scripts=visitor.scripts)
    visitor.expect_score(title, "100 / 100")


def see_badges(visitor: Visitor) -> FrameLocator:
    tool = visitor.open("My badges (Cairn)")
    expect(tool.get_by_role("heading", name="My badges", level=1)).to_be_visible()
    return tool


def download(visitor: Visitor, badges: FrameLocator, title: str) -> dict[str, Any]:
    badges.get_by_role("link", name=f"Download {title}").click()
    with visitor.page.expect_download() as file:
        badges.get_by_role("link", name="Open Badge 3.0 file (JSON)").click()
    badges.get_by_role("link", name="My badges").click()
    credential: dict[str, Any] = json.loads(Path(file.value.path()).read_text())
    assert credential["credentialSubject"]["achievement"]["name"] == title
    return credential


def share(badges: FrameLocator, title: str) -> str:
    badges.get_by_role("link", name=f"Share {title}").click()
    badges.get_by_role("button", name="Make the link").locator("visible=true").click()
    return badges.get_by_label("Link", exact=True).input_value()


def verify(browser: Browser, link: str, student: str) -> None:
    """Open the link as a stranger would."""
    with browser.new_context() as elsewhere:
        page = elsewhere.new_page()
        page.goto(link)
        expect(page.get_by_role("heading", name="Genuine and valid")).to_be_visible()
        expect(page.get_by_text(student, exact=True)).to_be_visible()
        assert elsewhere.cookies() == []


def published(installation: Installation, credential: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Fetch what a verifier somewhere else finds: the issuer's keys and its status list."""
    did_document = httpx.get(f"{installation.cairn_url}/i/northgate/did.json").json()
    list_url = credential["credentialStatus"]["statusListCredential"]
    return {did_document["id"]: did_document, list_url: httpx.get(list_url).json()}


def see_desk(installation: Installation, visitor: Visitor, student: str) -> None:
    """Sign in as the registrar with Campus' account; find the student, on the page and as CSV."""
    visitor.be("Ruth")
    page = visitor.page
    page.get_by_role("link", name="Open Cairn's desk").click()
    page.get_by_role("link", name="Continue with Campus").click()
    expect(page.get_by_role("heading", name="Pathways", level=1)).to_be_visible()
    assert page.url.startswith(f"{installation.cairn_url}/desk/northgate/")
    page.get_by_role("link", name=CERTIFICATE, exact=True).click()
    # Somebody of the same name may be on the way at another LMS.
    done = page.get_by_role("row").filter(has_text=student).filter(has_text="Complete")
    expect(done.first).to_be_visible(timeout=SLOW_MS)
    assert student in export(page)


def export(page: Page) -> dict[str, list[str]]:
    """Return the rows of the export by the learner's name."""
    page.get_by_role("link", name="Export all learners").click()
    page.get_by_text("CSV, for any other program").click()
    page.get_by_label("Who gets it").fill("Examination office")
    page.get_by_label("What it is for").fill("Report of the term")
    with page.expect_download() as file:
        page.get_by_role("button", name="Download").click()
    text = Path(file.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    return {word: row for row in rows[1:] for word in row}
