"""The issuers' desk in a browser: light and dark, wide and as a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from lti_tool.badges import services
from lti_tool.badges.models import Award, AwardReview
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, new_id
from lti_tool.core.settings import Settings
from lti_tool.people.services import add_identity_provider, sign_in
from lti_tool.platforms.models import User
from tests.badges.factories import Place, another_achievement, held_badges, issue, place
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter_desk, with_doors

DESK = "/desk/northfell/achievements"
TABLE = f"person,reason\ns-1001,Seen\nnobody,\n{'very.' * 20}long@{'sub.' * 9}example,\n"


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url


def busy() -> Place:
    """An institution with a badge that is held, one that was taken back, and one replaced."""
    at = place()
    with transaction(at.institution_id) as session:
        session.get_one(User, (at.user_id, at.institution_id)).sis_id = "s-1001"
    issue(at)
    other = another_achievement(at, "Reading Figures and Tables of Every Kind Without Fear")
    issue(other)
    withdrawn = next(
        held.award_id for held in held_badges(at) if held.achievement_id == other.achievement_id
    )
    services.withdraw_award(
        at.institution_id, withdrawn, reason="The wrong person.", actor=audit.SYSTEM
    )
    services.replace_achievement(
        at.institution_id,
        other.achievement_id,
        replaced_by=at.achievement_id,
        actor=audit.SYSTEM,
    )
    return at


def enter(page: Page, base_url: str, at: Place) -> None:
    provider_id = add_identity_provider(
        at.institution_id,
        "Campus",
        "https://id.example",
        "cairn",
        "secret",
        {"issuer": ["issuer"]},
    )
    opened = sign_in(
        at.institution_id, provider_id, {"sub": "i", "name": "Ingrid", "roles": ["issuer"]}
    )
    enter_desk(page, base_url, f"{at.institution_id}.{opened.id}.{opened.secret}", DESK)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, tmp_path: Path, width: int, *, dark: bool
) -> None:
    at = busy()
    page = open_page("about:blank", width=width, dark=dark)
    enter(page, base_url, at)

    def look(name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert axe_violations(page) == [], name
        assert overflow_px(page) == 0, name

    for path in ("", "/new", f"/{at.achievement_id}", f"/{at.achievement_id}/edit"):
        page.goto(f"{base_url}{DESK}{path}")
        look(path)
    page.get_by_label("Competencies of a framework").fill("nonsense")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("refused")
    page.goto(f"{base_url}{DESK}/{at.achievement_id}")
    page.get_by_label("Student number or e-mail address").fill("nobody@nowhere.example")
    page.get_by_label("Reason", exact=True).first.fill("Handed in on paper.")
    page.get_by_role("button", name="Award", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("We do not know this person")
    look("refused award")
    page.goto(f"{base_url}{DESK}/{at.achievement_id}")
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    page.get_by_text("Award it to many, from a table").click()
    page.get_by_label("Table (CSV)").set_input_files(table)
    page.get_by_label("Reason, for rows").fill("Handed in on paper.")
    look("table")
    page.get_by_role("button", name="Award to all in the table").click()
    look("report")


@pytest.mark.parametrize("width", [1280, 360])
def test_badges_to_decide_about_pass_axe_fit_their_window_and_are_decided(
    base_url: str, open_page: OpenPage, width: int
) -> None:
    at = place()
    issue(at)
    with transaction(at.institution_id) as session:
        award = session.scalars(select(Award)).one()
        review = AwardReview(
            award_id=award.id, attempt_id=AttemptId(new_id()), opened_at=clock.now()
        )
        session.add(review)
    page = open_page("about:blank", width=width)
    enter(page, base_url, at)

    page.goto(f"{base_url}{DESK}/reviews")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
    page.get_by_label("Reason").fill("Handed in on paper as well.")
    page.get_by_role("button", name="Let it stand").click()
    expect(page.get_by_text("Nothing to decide")).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
