"""The authors' desk in a browser: without scripts, as wide as a phone, for screen readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from lti_tool.assessments import authoring, queries
from lti_tool.assessments.conditions import Limits, Shown
from lti_tool.assessments.drafts import DraftItem
from lti_tool.assessments.models import Edition
from lti_tool.assessments.queries import BankFilter
from lti_tool.assessments.services import (
    ask_regrade,
    bind_placement,
    create_assessment,
    create_placement,
    drafting,
    go_on_regrading,
)
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, InstitutionId
from lti_tool.core.settings import Settings
from lti_tool.people.staff_session import COOKIE
from tests.administration.staff import office
from tests.assessments.factories import University, course, link, placed, university
from tests.assessments.items.samples import SAMPLES, WRITTEN, sample
from tests.assessments.services.test_regrading import corrected, take
from tests.assessments.test_bank import published
from tests.browser import OpenPage, axe_violations, overflow_px, unfit_for
from tests.doors import enter_desk, with_doors


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A desk that listens, and the way in."""

    base_url: str
    slug: str
    institution_id: InstitutionId
    place: University
    cookie: str

    def open(self, page: Page, path: str) -> None:
        enter_desk(page, self.base_url, self.cookie, f"/desk/{self.slug}/{path}")


@pytest.fixture
def desk(live_app: Flask, live_settings: Settings) -> Iterator[Desk]:
    with with_doors(live_app, live_settings) as url:
        client = live_app.test_client()
        place = university()
        opened = office(client, "issuer", institution_id=place.id, slug=place.slug)
        cookie = client.get_cookie(COOKIE)
        assert cookie is not None
        yield Desk(
            base_url=url,
            slug=opened.slug,
            institution_id=opened.institution_id,
            place=place,
            cookie=cookie.value,
        )


def test_an_assessment_is_made_and_published_without_scripts(
    desk: Desk, open_page: OpenPage
) -> None:
    page = open_page("about:blank", javascript=False)
    desk.open(page, "assessments")
    page.get_by_label("Name").fill("Reading figures")
    page.get_by_role("button", name="Begin a draft").click()
    page.get_by_label("Kind of question").select_option("True or false")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("Question", exact=True).fill("Half is $\\frac{1}{2}$.")
    page.get_by_label("The statement is").select_option("True")
    page.get_by_role("button", name="Save the question").click()
    expect(page.get_by_text("It can be asked as it stands.")).to_be_visible()
    expect(page.get_by_role("group", name="Half is")).to_be_visible()
    page.get_by_role("link", name="Back to the draft").click()
    expect(page.get_by_role("link", name="Say how the pass mark was set")).to_be_visible()

    page.get_by_label("How the pass mark was set").fill("By agreement")
    page.get_by_label("Who set it").fill("Two teachers")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("button", name="Publish this edition").click()

    expect(page.get_by_role("heading", name="Edition 1")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_page_passes_axe_and_fits_its_window(
    desk: Desk, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    here = desk.institution_id
    assessment_id = create_assessment(here, "Reading figures")
    drafting.begin_draft(here, assessment_id)
    paths = [
        "assessments",
        f"assessments/{assessment_id}",
        f"assessments/{assessment_id}/draft",
    ]
    for type_ in sorted({*SAMPLES, *WRITTEN}):
        question_id = drafting.add_question(here, assessment_id, type_)
        form = {**authoring.form_of(sample(type_)), "points": "2", "competency": "Charts"}
        drafting.save_question(here, assessment_id, question_id, form, seen=1)
        paths.append(f"assessments/{assessment_id}/draft/{question_id}")
    unfinished = drafting.add_question(here, assessment_id, "single_choice")
    paths.append(f"assessments/{assessment_id}/draft/{unfinished}")
    page = open_page("about:blank", width=width, dark=dark)

    for path in paths:
        desk.open(page, path)
        assert unfit_for(page, dark=dark) == [], path


@pytest.mark.parametrize("width", [320, 1280])
def test_the_bank_and_a_trial_of_a_draft_pass_axe_and_fit_their_window(
    desk: Desk, open_page: OpenPage, width: int
) -> None:
    here = desk.institution_id
    entries = [
        DraftItem(item=sample(type_), competency="Charts") for type_ in sorted({*SAMPLES, *WRITTEN})
    ]
    assessment_id = published(desk.place, "Reading figures", *entries)
    with transaction(here) as session:
        [newest, *_], _ = queries.list_bank(session, BankFilter())
        edition_id = session.scalars(select(Edition.id)).one()
    drafting.begin_draft(here, assessment_id, edition_id)
    drafting.save_rules(
        here,
        assessment_id,
        {**_rules(here, assessment_id), "pass_mark_how": "By agreement", "pass_mark_by": "Two"},
        seen=1,
    )
    page = open_page("about:blank", width=width)

    trial = f"assessments/{assessment_id}/draft/try"
    for path in ("questions", f"questions/{newest.item_id}", trial):
        desk.open(page, path)
        assert axe_violations(page) == [], path
        assert overflow_px(page) == 0, path
    page.get_by_role("button", name="See what it would come to").click()
    expect(page.get_by_text("This was a trial of a draft")).to_be_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_scoring_all_courses_passes_axe_and_fits_its_window(
    desk: Desk, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    here, run_id = _behind(desk.place)
    page = open_page("about:blank", width=width, dark=dark)
    path = f"assessments/{here}/regrade"

    def looks_right(heading: str) -> None:
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()

        assert axe_violations(page) == [], heading
        assert overflow_px(page) == 0, heading

    desk.open(page, f"assessments/{here}")
    looks_right("Some courses use an earlier edition")
    desk.open(page, path)
    looks_right("Edition 2")
    desk.open(page, f"{path}/{run_id}")
    looks_right("Looking at what it would change")
    go_on_regrading(desk.institution_id, run_id)
    looks_right("Course by course")  # the page finds out by itself
    page.get_by_label("Reason").fill("Key of question 2")
    page.get_by_role("button", name="Score 1 activity").click()
    looks_right("Scoring")
    go_on_regrading(desk.institution_id, run_id)
    expect(page.get_by_text("1 activity is scored by this edition")).to_be_visible()
    looks_right("Left alone")


def _behind(place: University) -> tuple[AssessmentId, UUID]:
    """Ask for a look at two courses behind; one has answers that no longer fit."""
    first = placed(place)
    with transaction(place.id) as session:
        edition_id = queries.get_placement(session, first).edition_id
        assessment_id = queries.get_edition(session, edition_id).assessment_id
    second = create_placement(
        place.id, edition_id, context_id=None, created_by=None, title="Figures once more"
    )
    for placement_id in (first, second):
        context_id = course(place)
        link_id = link(place, context_id)
        with transaction(place.id) as session:
            bind_placement(session, placement_id, link_id, context_id)
    take(place, second, "abc")
    options = [{"id": letter, "text": letter} for letter in "abcde"]
    looser = Limits(minutes=60, key_shown=Shown.AT_ONCE)
    corrected(place, first, "abc", options=options, limits=looser)
    return assessment_id, ask_regrade(place.id, assessment_id, actor=SYSTEM)


def _rules(here: InstitutionId, assessment_id: AssessmentId) -> dict[str, str]:
    with transaction(here) as session:
        return drafting.get_draft(session, assessment_id).rules
