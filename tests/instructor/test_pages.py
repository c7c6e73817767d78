"""The instructor's pages in a browser: as wide as a phone, in the dark, without scripts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from lti_tool.assessments.services import open_attempt
from lti_tool.core import clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.grading.models import DesiredScore, SenderLane
from lti_tool.grading.services import desire_score
from lti_tool.launch.models import Launch
from lti_tool.platforms.models import Context, Roster, RosterMember
from tests.browser import OpenPage, axe_violations, overflow_px, unfit_for
from tests.doors import enter
from tests.learner import story
from tests.learner.story import Activity, University, Visit

TEACHING = ("instructor",)


def busy_course() -> tuple[University, Activity, Visit]:
    """A course with a grade in every state, and an instructor in it."""
    here = story.open_university()
    activity = story.add_activity(
        here, "Reading statistics critically", line_item_url="https://lms.example/lineitems/1"
    )
    story.add_activity(here, "Research data management", minutes=40)
    story.publish(here, "Data ethics and consent", minutes=45)
    for name in ("Ingrid Sæther", "Nana Yaa Mensah", "Amara Nwosu", "Linh Đặng", "Jonas Weidmann"):
        user_id = story.enrol(here, name)
        story.take(here, activity, user_id, "right", "wrong" if name.startswith("I") else "right")
        desire_score(here.institution_id, activity.placement_id, user_id)
    at_work = story.enrol(here, "Mele Tupou")
    open_attempt(here.institution_id, activity.placement_id, at_work)
    add_roster(here)
    states: dict[int, dict[str, object]] = {
        0: {"refused_at": clock.now(), "due_at": None, "last_status": 422},
        1: {"tries": 2, "due_at": clock.now() + timedelta(minutes=4), "last_status": 503},
        2: {"acknowledged_version": 1, "acknowledged_at": clock.now(), "due_at": None},
        4: {
            "acknowledged_version": 1,
            "acknowledged_at": clock.now(),
            "due_at": None,
            "held_points": Decimal(9),
            "held_maximum": Decimal(10),
            "held_at": clock.now(),
        },
    }
    with transaction(here.institution_id) as session:
        rows = session.scalars(select(DesiredScore).order_by(DesiredScore.id)).all()
        for number, values in states.items():
            for name, value in values.items():
                setattr(rows[number], name, value)
        rows[0].last_error = "User is not active in the course"
        rows[1].last_error = "Service unavailable"
        rows[1].last_outcome = "temporary"
        rows[0].last_outcome = "not_in_course"
    return here, activity, launch(here, activity)


def add_roster(here: University) -> None:
    """Let the platform have told who is in the course: one who has begun nothing, among others."""
    with transaction(here.institution_id) as session:
        session.add(Roster(context_id=here.context_id, read_at=clock.now()))
        for name in ("Chen Wei-Ting", "Dmytro Bondar"):
            session.add(
                RosterMember(
                    context_id=here.context_id,
                    subject=name,
                    name=name,
                    roles=["Learner"],
                    is_active=True,
                )
            )


def make_trouble(here: University) -> None:
    """Let the platform fail as a whole, and the column be gone."""
    with transaction(here.institution_id) as session:
        context = session.get_one(Context, (here.context_id, here.institution_id))
        context.line_items_url = "https://lms.example/lineitems"
        session.execute(
            update(DesiredScore)
            .where(DesiredScore.last_outcome == "temporary")
            .values(last_outcome="column_gone", refused_at=clock.now(), due_at=None)
        )
    with system_transaction() as session:
        session.execute(
            update(SenderLane)
            .where(SenderLane.institution_id == here.institution_id)
            .values(
                failing_since=clock.now() - timedelta(minutes=20),
                paused_until=clock.now() + timedelta(minutes=10),
                failures=4,
                last_status=503,
                last_error="Service unavailable",
                clock_lead=2.4,
            )
        )


def launch(here: University, activity: Activity) -> Visit:
    """Launch as an instructor, with a request to choose something in hand."""
    visit = story.launch(
        here, story.enrol(here, "Mirela Dragomir"), activity.link_id, roles=TEACHING
    )
    with transaction(here.institution_id) as session:
        opened = session.scalars(select(Launch).order_by(Launch.id.desc())).first()
        assert opened is not None
        opened.context_id = here.context_id
        opened.settings = {
            "deep_linking": {
                "accept_multiple": True,
                "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["iframe", "window"],
                "deep_link_return_url": "https://lms.example/return",
            }
        }
    return visit


PAGES = {
    "/pick": "Add assessments to this course",
    "/placement": "Reading statistics critically",
    "/scores": "Reading statistics critically",
}


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_page_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    _, _, visit = busy_course()
    page = open_page("about:blank", width=width, dark=dark)

    for path, heading in PAGES.items():
        enter(page, base_url, visit, path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert unfit_for(page, dark=dark) == [], path


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_one_looks_inside_and_comes_back_to_the_choice_as_it_was(
    base_url: str, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    _, _, visit = busy_course()
    page = open_page("about:blank", width=width, dark=dark)
    enter(page, base_url, visit, "/pick")
    page.get_by_role("checkbox", name="Data ethics").check()
    page.get_by_text("When it opens and closes, and where").click()
    page.get_by_label("Opens (UTC)").fill("2027-03-16T09:00")
    page.get_by_label("Open in a new window").check()
    assert axe_violations(page) == []

    page.get_by_role("button", name="Look inside “Research data management”").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Research data management")
    expect(page.get_by_role("group", name="What is 0?")).to_be_visible()
    assert unfit_for(page, dark=dark) == []
    page.get_by_role("link", name="Back to the choice").first.click()

    expect(page.get_by_role("checkbox", name="Data ethics")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Research data")).not_to_be_checked()
    expect(page.get_by_label("Opens (UTC)")).to_have_value("2027-03-16T09:00")
    expect(page.get_by_label("Open in a new window")).to_be_checked()
    assert overflow_px(page) == 0


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_the_gradebook_page_passes_axe_on_its_worst_day(
    base_url: str, open_page: OpenPage, width: int, *, dark: bool
) -> None:
    here, _, visit = busy_course()
    make_trouble(here)
    page = open_page("about:blank", width=width, dark=dark)

    enter(page, base_url, visit, "/scores?sent=2&compared=1")

    page.get_by_text("Details for your LMS administrator").click()
    expect(page.get_by_role("heading", name="LMS does not take grades just now")).to_be_visible()
    expect(page.get_by_role("button", name="Make a column")).to_be_visible()
    expect(page.get_by_role("button", name="Use ours: ")).to_be_visible()
    expect(page.get_by_role("heading", name="In the course, nothing begun: 2")).to_be_visible()
    expect(page.get_by_text("https://lms.example/lineitems/1")).to_be_visible()
    assert unfit_for(page, dark=dark) == []


def test_the_picker_works_without_scripts_and_keeps_its_ticks(
    base_url: str, open_page: OpenPage
) -> None:
    _, _, visit = busy_course()
    page = open_page("about:blank", javascript=False)
    enter(page, base_url, visit, "/pick")

    page.get_by_role("checkbox", name="Data ethics").check()
    page.get_by_label("Points in the gradebook").fill("20")
    page.get_by_label("Search title or competency").fill("statistics")
    page.keyboard.press("Enter")

    expect(page.get_by_role("checkbox", name="Data ethics")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Research data")).to_have_count(0)
    expect(page.get_by_label("Points in the gradebook")).to_have_value("20")
    assert "csrf" not in page.url
    page.get_by_role("checkbox", name="Reading statistics").check()
    page.get_by_role("button", name="Add to the course").click()
    expect(page.get_by_role("button", name="Go back to your course")).to_be_visible()


def test_what_is_wrong_in_the_picker_gets_the_focus(base_url: str, open_page: OpenPage) -> None:
    _, _, visit = busy_course()
    page = open_page("about:blank", width=360)
    enter(page, base_url, visit, "/pick")

    page.get_by_label("Points in the gradebook").fill("12.5")
    page.get_by_role("button", name="Add to the course").click()

    expect(page.get_by_role("alert")).to_be_focused()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Enter a whole number from 1 to 100.").click()
    expect(page.get_by_label("Points in the gradebook")).to_be_focused()


def test_a_refused_grade_is_sent_again_by_its_button(base_url: str, open_page: OpenPage) -> None:
    here, _, visit = busy_course()
    page = open_page("about:blank", javascript=False)
    enter(page, base_url, visit, "/scores")
    expect(page.get_by_role("row", name="Ingrid Sæther")).to_contain_text(
        "LMS has no such learner in this course (422): User is not active in the course."
    )

    page.get_by_role("button", name="Send again: Ingrid Sæther").click()

    expect(page.get_by_role("status")).to_contain_text("1 grade is on the way again.")
    expect(page.get_by_role("row", name="Ingrid Sæther")).to_contain_text("On the way")
    with transaction(here.institution_id) as session:
        refused = session.scalars(
            select(DesiredScore.id).where(DesiredScore.refused_at.is_not(None))
        ).all()
    assert refused == []
