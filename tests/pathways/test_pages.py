"""Composing a pathway in a browser: by mouse, by keyboard, without scripts, on a phone."""

import os
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.settings import Settings
from lti_tool.pathways import drafting, outline, services
from lti_tool.pathways.deciding import migrating
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, CreditsOfKind, Earn, SomeOf
from lti_tool.pathways.jobs import count_award
from tests.browser import OpenPage, unfit_for
from tests.doors import enter_desk, with_doors
from tests.registrar.desk import STONES, Desk, add_person, open_desk

TITLE = "Certificate in Data Stewardship"


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url


def sign_in(page: Page, base_url: str, desk: Desk, path: str) -> None:
    value = desk.session("registrar", name="Ruth Adeyemi-Clarke")
    enter_desk(page, base_url, value, path)


def rich_draft(desk: Desk) -> str:
    """Begin a version with every kind of part, and something to mend; return its address."""
    place = desk.university
    place.pathway("Certificate in Research Ethics and Responsible Conduct", ["Ethics"])
    inner = place.stone("Certificate in Research Ethics and Responsible Conduct")
    talk = place.achievement("Explaining Risk to the Public", credits_="5")
    code = place.achievement("Reproducible Analysis", credits_="7.5")
    credits_ = CreditsAtLeast(
        title="Electives",
        credits=Decimal(10),
        of_kind=(CreditsOfKind(name="methods", credits=Decimal(5)),),
        parts=(
            Earn(achievement_id=talk),
            Earn(achievement_id=code, credit_kind="methods", needs=(talk,), within_days=730),
        ),
    )
    choice = SomeOf(title="One of the two", choose=2, parts=(inner,))
    draft_id = drafting.begin_version(place.id, desk.pathway_id, actor=SYSTEM)
    with transaction(place.id) as session:
        top = drafting.tree_of(drafting.get_draft(session, draft_id))
    new = partial(outline.add, group_id=top.id, parts=[credits_, choice, AllOf(parts=())])
    drafting.change(place.id, draft_id, new, seen=1, actor=SYSTEM)
    return f"{desk.path}/pathways/drafts/{draft_id}"


def looked_at(desk: Desk) -> UUID:
    """Publish a version without one stone, and look at what moving would change."""
    place = desk.university
    amara = add_person(place, "Amara Nwosu")
    for stone in STONES[:2]:
        count_award(place.grant(amara, stone))
    fewer = AllOf(parts=tuple(map(place.stone, STONES[:2])))
    version_id = services.publish_version(place.id, desk.pathway_id, fewer)
    move_id = migrating.ask_move(place.id, desk.pathway_id, version_id, None, actor=SYSTEM)
    migrating.go_on(place.id, move_id)
    return move_id


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for pictures."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_page_of_composing_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    desk = open_desk(title=TITLE)
    draft = rich_draft(desk)
    with transaction(desk.university.id) as session:
        [row] = drafting.list_drafts(session, desk.pathway_id)
    parts = list(outline.places(drafting.tree_of(row.draft)))
    stone = next(one.node.id for one in parts if isinstance(one.node, Earn) and one.node.needs)
    group = next(one.node.id for one in parts if isinstance(one.node, CreditsAtLeast))
    page = open_page("about:blank", width=width, dark=dark)
    sign_in(page, base_url, desk, f"{desk.path}/")
    headings = {
        f"{desk.path}/pathways/drafts": "Drafts of pathways",
        draft: TITLE,
        f"{draft}/parts/{stone}": "Reproducible Analysis",
        f"{draft}/parts/{group}": "Electives",
        f"{draft}/parts/{group}/add": "Add to “Electives”",
        f"{draft}/parts/{parts[0].node.id}/add?q=c": "Add to “All of these 6”",
        f"{draft}/discard": f"Throw away the draft of “{TITLE}”?",
        f"{draft}/try?q=amara": f"Try “{TITLE}” on a learner",
        f"{desk.pathway_path}/rules": TITLE,
        f"{desk.pathway_path}/settings": TITLE,
        f"{desk.pathway_path}/moves/{looked_at(desk)}": "Move learners to version 2",
    }

    for number, (path, heading) in enumerate(headings.items()):
        page.goto(f"{base_url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        shoot(page, f"{width}-{'dark' if dark else 'light'}-{number}")
        assert unfit_for(page, dark=dark) == [], path


def test_parts_are_moved_by_keyboard_and_keep_the_focus(base_url: str, open_page: OpenPage) -> None:
    desk = open_desk(title=TITLE)
    draft_id = drafting.begin_version(desk.university.id, desk.pathway_id, actor=SYSTEM)
    page = open_page("about:blank")
    sign_in(page, base_url, desk, f"{desk.path}/pathways/drafts/{draft_id}")
    names = page.locator(".outline a.strong")
    expect(names).to_have_text(["All of these 3", *STONES])

    consent = page.locator(".outline").get_by_role("link", name="Consent", exact=True)
    consent.focus()
    page.keyboard.press("Alt+ArrowUp")

    expect(names).to_have_text(["All of these 3", STONES[0], "Consent", STONES[1]])
    expect(consent).to_be_focused()
    page.keyboard.press("Delete")
    expect(names).to_have_text(["All of these 2", STONES[0], STONES[1]])
    page.get_by_role("button", name="Take back the last change").click()
    expect(names).to_have_text(["All of these 3", STONES[0], "Consent", STONES[1]])
