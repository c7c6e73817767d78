"""From the gradebook to one learner's attempts (Submission Review 1.0)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from lti_tool.app import PAGES
from lti_tool.assessments.queries import get_placement
from lti_tool.campus.claims import LTI
from lti_tool.core.db import transaction
from lti_tool.grading.queries import has_column
from lti_tool.launch import placement_token
from lti_tool.platforms.models import ResourceLink, User
from tests.campus.site import Site
from tests.grading.course import AMARA, LINH
from tests.instructor.course import Placed, placed_course
from tests.launch.platform import Browser, browsing, error_code


@pytest.fixture
def placed(app: Flask, campus: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Placed]:
    pages = {**app.config["CAIRN_PAGES"], "LtiResourceLinkRequest": "instructor.show_placement"}
    monkeypatch.setitem(app.config, "CAIRN_PAGES", pages)
    with placed_course(app, campus) as here:
        yield here


def review(browser: Browser, placed: Placed, of: str) -> str:
    """Open a review of somebody's work; return the address of the page it leads to."""
    activity = browser.connected.place("Another")
    arrival = browser.arrive(activity)
    with transaction(placed.institution_id) as session:
        platform_id = session.scalars(select(ResourceLink.platform_id)).first()
    arrival.claims[f"{LTI}for_user"] = {"user_id": of}
    arrival.change(
        message_type="LtiSubmissionReviewRequest", resource_link={"id": platform_id, "title": "x"}
    )
    answer = browser.post(arrival)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_staff_see_a_learners_attempts_and_answers(placed: Placed) -> None:
    placed.course.take(AMARA, "abd")

    url = review(placed.browser, placed, AMARA)

    page = placed.browser.client.get(url)
    assert page.status_code == 200
    assert "Attempt 1" in page.text
    attempt = page.text.partition('">Attempt 1')[0].rpartition('href="')[2]
    answers = placed.browser.client.get(attempt)
    assert answers.status_code == 200
    assert "2 of 3 points" in answers.text


def test_the_gradebook_leads_to_a_learners_work(placed: Placed) -> None:
    """As an instructor goes in Campus, without a claim of the test's own."""
    placed.course.take(AMARA, "abd")
    column = placed.course.url.partition("?")[0].rpartition("/")[2]
    work = f"/courses/1/gradebook/{column}/2"
    reported = text(
        "INSERT INTO scores (line_item_id, person_id, given, maximum, activity_progress,"
        " grading_progress, scored_at) VALUES (:column, 2, 2, 3, 'Completed', 'FullyGraded', now())"
    )
    with placed.course.site.campus.engine.begin() as connection:
        connection.execute(reported, {"column": column})

    course = placed.browser.campus.get("/courses/1").text
    page = placed.browser.open(f"{work}/launch")

    assert f"{work}/work" in course
    assert page.status_code == 200, page.text
    assert "Attempt 1" in page.text


def test_who_has_not_begun_has_no_attempt(placed: Placed) -> None:
    page = placed.browser.client.get(review(placed.browser, placed, LINH))

    assert "No attempt yet" in page.text


def test_a_review_of_an_activity_that_nobody_opened_yet_finds_it_by_its_token(
    app: Flask, placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "CAIRN_PAGES", PAGES)
    with transaction(placed.institution_id) as session:
        placement = get_placement(session, placed.course.placement_id)
    token = placement_token.make(placement.id, placed.institution_id, placement.edition_id)
    activity = placed.browser.connected.place("Copied", placement=token)
    arrival = placed.browser.arrive(activity)
    arrival.claims[f"{LTI}for_user"] = {"user_id": AMARA}

    answer = placed.browser.post(arrival.change(message_type="LtiSubmissionReviewRequest"))
    page = placed.browser.client.get(answer.location, follow_redirects=True)

    assert page.status_code == 200
    assert page.request.path.endswith("/review")
    assert "No attempt yet" in page.text


def test_a_review_of_a_link_without_assessment_says_how_to_choose_one(
    app: Flask, placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "CAIRN_PAGES", PAGES)
    arrival = placed.browser.arrive(placed.browser.connected.place("By hand"))
    arrival.claims[f"{LTI}for_user"] = {"user_id": AMARA}

    answer = placed.browser.post(arrival.change(message_type="LtiSubmissionReviewRequest"))
    page = placed.browser.client.get(answer.location, follow_redirects=True)

    assert page.status_code == 200
    assert "Choose its assessment" in page.text


def test_a_learner_sees_no_other_learners_work(app: Flask, placed: Placed) -> None:
    placed.course.take(LINH, "abd")
    with browsing(app, placed.browser.connected, 2) as learner:
        page = learner.client.get(review(learner, placed, LINH))

    assert error_code(page) == "not_for_your_role"


def test_what_a_visitor_does_goes_to_no_gradebook(placed: Placed) -> None:
    user_id = placed.course.take(AMARA, "abc")
    placement_id = placed.course.placement_id
    with transaction(placed.institution_id) as session:
        assert has_column(session, placement_id, user_id)
        session.execute(update(User).where(User.id == user_id).values(is_visitor=True))
        assert not has_column(session, placement_id, user_id)
