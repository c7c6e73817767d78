"""A link pasted by hand that gets its assessment, and the page about the whole course."""

import html
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.assessments.models import Placement
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.instructor.course import INSTRUCTOR, STUDENT, csrf_of, university_of
from tests.launch.platform import Browser, Connected, browsing, connect, error_code, published_keys

TITLE = "Reading statistics critically"


@pytest.fixture
def connected(app: Flask, campus: Site) -> Iterator[Connected]:  # noqa: ARG001 - binds the database
    with published_keys() as url:
        yield connect(campus, jwks_url=url)


@pytest.fixture
def teacher(app: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(app, connected, INSTRUCTOR) as browser:
        yield browser


@pytest.fixture
def student(app: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(app, connected, STUDENT) as browser:
        yield browser


@pytest.fixture
def edition(connected: Connected) -> EditionId:
    return published(university_of(connected), title=TITLE)


def text_of(page: TestResponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def link_to(page: TestResponse, name: str) -> str:
    found = re.search(rf'href="([^"]+/{name})"', page.text)
    assert found is not None, page.text
    return found[1]


def give(browser: Browser, path: str, edition: object) -> TestResponse:
    """Launch a link without assessment and choose one for it."""
    url = link_to(browser.open(path), "choose")
    form = browser.client.get(url)
    return browser.client.post(url, data={"csrf_token": csrf_of(form), "assessment": str(edition)})


def placements_of(connected: Connected) -> list[Placement]:
    with transaction(connected.institution_id) as session:
        return list(session.scalars(select(Placement)))


def test_the_instructor_gives_a_pasted_link_its_assessment_and_learners_get_it(
    teacher: Browser, student: Browser, connected: Connected, edition: EditionId
) -> None:
    path = connected.place("Week 4 test")
    assert "please tell them that “Week 4 test” has no assessment" in text_of(student.open(path))

    page = give(teacher, path, edition)
    shown = teacher.client.get(page.location, follow_redirects=True)

    assert f"<h1>{TITLE}</h1>" in shown.text
    [placement] = placements_of(connected)
    assert (placement.edition_id, placement.resource_link_id is None) == (edition, False)
    assert f"<h1>{TITLE}</h1>" in student.open(path).text


def test_a_link_that_has_one_keeps_it(
    teacher: Browser, connected: Connected, edition: EditionId
) -> None:
    path = connected.place("Week 4 test")
    url = link_to(teacher.open(path), "choose")
    form = teacher.client.get(url)
    give(teacher, path, edition)
    other = published(university_of(connected), title="Another")

    late = teacher.client.post(url, data={"csrf_token": csrf_of(form), "assessment": str(other)})

    assert late.status_code == 303
    [placement] = placements_of(connected)
    assert placement.edition_id == edition


@pytest.mark.parametrize("chosen", ["", "nonsense"])
def test_choosing_nothing_is_told(
    teacher: Browser, connected: Connected, edition: EditionId, chosen: str
) -> None:
    answer = give(teacher, connected.place(), chosen)

    assert answer.status_code == 400
    assert "Choose an assessment." in answer.text
    assert str(edition) in answer.text
    assert placements_of(connected) == []


def test_what_the_institution_does_not_have_cannot_be_chosen(
    teacher: Browser, connected: Connected
) -> None:
    assert give(teacher, connected.place(), uuid4()).status_code == 404
    assert placements_of(connected) == []


def test_a_student_chooses_nothing(student: Browser, connected: Connected) -> None:
    launch = "/".join(student.post(student.arrive(connected.place())).location.split("/")[:3])

    for page in ("choose", "course"):
        answer = student.client.get(f"{launch}/{page}")
        assert answer.status_code == 403
        assert error_code(answer) == "not_for_your_role"


def test_the_course_page_lists_what_is_placed_and_its_state(
    teacher: Browser, connected: Connected, edition: EditionId
) -> None:
    path = connected.place("Week 4 test")
    empty = teacher.client.get(link_to(teacher.open(path), "course"))
    assert "Nothing is placed here yet" in empty.text

    page = teacher.client.get(give(teacher, path, edition).location, follow_redirects=True)
    course = text_of(teacher.client.get(link_to(page, "course")))

    assert f"Week 4 test {TITLE} Opened 0 0 Has a column" in course
