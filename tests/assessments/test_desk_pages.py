"""The authors' desk in a browser: without scripts, as wide as a phone, for screen readers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from lti_tool.assessments import authoring, queries
from lti_tool.assessments.drafts import DraftItem
from lti_tool.assessments.models import Edition
from lti_tool.assessments.queries import BankFilter
from lti_tool.assessments.services import create_assessment, drafting
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, DeploymentId, InstitutionId, new_id
from lti_tool.core.settings import Settings
from lti_tool.people.staff_session import COOKIE
from tests.administration.staff import office
from tests.assessments.factories import University
from tests.assessments.items.samples import SAMPLES, WRITTEN, sample
from tests.assessments.test_bank import published
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter_desk, with_doors

pytestmark = pytest.mark.xdist_group("browser")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A desk that listens, and the way in."""

    base_url: str
    slug: str
    institution_id: InstitutionId
    cookie: str

    def open(self, page: Page, path: str) -> None:
        enter_desk(page, self.base_url, self.cookie, f"/desk/{self.slug}/{path}")


@pytest.fixture
def desk(live_app: Flask, live_settings: Settings) -> Iterator[Desk]:
    with with_doors(live_app, live_settings) as url:
        client = live_app.test_client()
        opened = office(client, "issuer")
        cookie = client.get_cookie(COOKIE)
        assert cookie is not None
        yield Desk(
            base_url=url,
            slug=opened.slug,
            institution_id=opened.institution_id,
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


@pytest.mark.parametrize(
    ("width", "dark", "forced_colours"),
    [(320, True, False), (1280, False, False), (1280, False, True)],
)
def test_every_page_passes_axe_and_fits_its_window(
    desk: Desk, open_page: OpenPage, width: int, *, dark: bool, forced_colours: bool
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
    page = open_page("about:blank", width=width, dark=dark, forced_colours=forced_colours)

    for path in paths:
        desk.open(page, path)
        assert axe_violations(page) == [], path
        assert overflow_px(page) == 0, path


@pytest.mark.parametrize("width", [320, 1280])
def test_the_bank_and_a_trial_of_a_draft_pass_axe_and_fit_their_window(
    desk: Desk, open_page: OpenPage, width: int
) -> None:
    here = desk.institution_id
    bare = University(id=here, slug=desk.slug, deployment_id=DeploymentId(new_id()))
    entries = [
        DraftItem(item=sample(type_), competency="Charts") for type_ in sorted({*SAMPLES, *WRITTEN})
    ]
    assessment_id = published(bare, "Reading figures", *entries)
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


def _rules(here: InstitutionId, assessment_id: AssessmentId) -> dict[str, str]:
    with transaction(here) as session:
        return drafting.get_draft(session, assessment_id).rules
