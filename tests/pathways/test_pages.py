"""Composing a pathway in a browser: by mouse, by keyboard, without scripts, on a phone."""

import os
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.settings import Settings
from lti_tool.pathways import drafting, outline
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, CreditsOfKind, Earn, SomeOf
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter_desk, with_doors
from tests.registrar.desk import STONES, Desk, open_desk

pytestmark = pytest.mark.xdist_group("browser")

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


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for pictures."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("width", "dark", "forced_colours"),
    [(320, True, False), (360, False, False), (1280, False, False), (1280, False, True)],
)
def test_every_page_of_composing_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, width: int, *, dark: bool, forced_colours: bool
) -> None:
    desk = open_desk(title=TITLE)
    desk.learner("Amara Nwosu", *STONES[:2])
    draft = rich_draft(desk)
    with transaction(desk.university.id) as session:
        [row] = drafting.list_drafts(session, desk.pathway_id)
    parts = list(outline.places(drafting.tree_of(row.draft)))
    stone = next(one.node.id for one in parts if isinstance(one.node, Earn) and one.node.needs)
    group = next(one.node.id for one in parts if isinstance(one.node, CreditsAtLeast))
    page = open_page("about:blank", width=width, dark=dark, forced_colours=forced_colours)
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
    }

    for number, (path, heading) in enumerate(headings.items()):
        page.goto(f"{base_url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        shoot(page, f"{width}-{'dark' if dark else 'fc' if forced_colours else 'light'}-{number}")
        assert axe_violations(page) == [], path
        assert overflow_px(page) == 0, path
