"""A copied course: its links lead to the same editions, in placements of their own."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from lti_tool.assessments.models import Placement
from lti_tool.assessments.services import create_placement
from lti_tool.core.db import transaction
from lti_tool.core.ids import PlacementId
from lti_tool.launch import history, placement_token
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.instructor.course import TITLE, university_of
from tests.launch.conftest import campus_site, site  # noqa: F401 - fixtures are found by name
from tests.launch.platform import Arrival, Browser, Connected, browsing, connect


@pytest.fixture
def connected(app: Flask, site: Site) -> Connected:  # noqa: ARG001, F811 - binds the database
    return connect(site)


@pytest.fixture
def student(app: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(app, connected, 2) as browser:
        yield browser


@pytest.fixture
def instructor(app: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(app, connected, 1) as browser:
        yield browser


@pytest.fixture
def original(connected: Connected) -> Placement:
    university = university_of(connected)
    placement_id = create_placement(
        university.id, published(university), context_id=None, created_by=None, title=TITLE
    )
    return the(connected, placement_id)


def the(connected: Connected, placement_id: PlacementId) -> Placement:
    with transaction(connected.institution_id) as session:
        return session.scalars(select(Placement).where(Placement.id == placement_id)).one()


def placements(connected: Connected) -> list[Placement]:
    with transaction(connected.institution_id) as session:
        return list(session.scalars(select(Placement).order_by(Placement.created_at)))


def token_of(connected: Connected, placement: Placement) -> str:
    return placement_token.make(placement.id, connected.institution_id, placement.edition_id)


def moved(arrival: Arrival, *, link: str, course: str, title: str = TITLE) -> Arrival:
    """Let the message come from another course, as after a copy."""
    return arrival.change(
        resource_link={"id": link, "title": title}, context={"id": course, "title": "Copy"}
    )


def open_it(browser: Browser, arrival: Arrival) -> str:
    answer = browser.post(arrival)
    assert answer.status_code == 303, answer.text
    page = browser.client.get(answer.location, follow_redirects=True)
    assert page.status_code == 200
    return page.text


def test_a_student_who_is_first_in_a_copied_course_finds_the_assessment(
    student: Browser, connected: Connected, original: Placement
) -> None:
    path = connected.place(TITLE, placement=token_of(connected, original))
    open_it(student, student.arrive(path))

    shown = open_it(student, moved(student.arrive(path), link="copied", course="next term"))

    assert TITLE in shown
    first, copy = placements(connected)
    assert copy.copied_from_id == first.id
    assert copy.edition_id == first.edition_id
    assert copy.context_id != first.context_id


def custom(arrival: Arrival, **values: str) -> Arrival:
    return arrival.add("custom", values)


@pytest.mark.parametrize(
    "values",
    [
        {history.LINK_PARAMETER: "unknown,{link}"},
        {history.COURSE_PARAMETER: "unknown,1", history.LINK_PARAMETER: "$ResourceLink.id.history"},
    ],
    ids=["link", "course"],
)
def test_without_a_token_its_history_leads_to_the_same_edition(
    student: Browser, connected: Connected, original: Placement, values: dict[str, str]
) -> None:
    path = connected.place(TITLE, placement=token_of(connected, original))
    open_it(student, student.arrive(path))
    link = path.split("/")[4]
    arrival = moved(student.arrive(path), link="copied", course="next term")
    filled = {name: value.format(link=link) for name, value in values.items()}

    shown = open_it(student, custom(arrival, **filled))
    again = open_it(
        student, custom(moved(student.arrive(path), link="copied", course="next term"), **filled)
    )

    assert TITLE in shown
    assert TITLE in again
    first, copy = placements(connected)
    assert copy.copied_from_id == first.id


def test_two_links_of_one_title_are_not_guessed_between(
    student: Browser, connected: Connected, original: Placement
) -> None:
    path = connected.place(TITLE, placement=token_of(connected, original))
    open_it(student, student.arrive(path))
    open_it(student, moved(student.arrive(path), link="twin", course="1"))
    assert len(placements(connected)) == 2
    arrival = moved(student.arrive(path), link="copied", course="next term")

    open_it(student, custom(arrival, **{history.COURSE_PARAMETER: "1"}))

    assert len(placements(connected)) == 2


def test_another_deployments_links_are_nobodys_history(
    student: Browser, connected: Connected, original: Placement
) -> None:
    path = connected.place(TITLE, placement=token_of(connected, original))
    open_it(student, student.arrive(path))
    other = connect(connected.site, sharing=connected)
    link = path.split("/")[4]
    arrival = moved(student.arrive(path), link="copied", course="next term")
    arrival.change(deployment_id=other.tool.deployment_id)

    open_it(student, custom(arrival, **{history.LINK_PARAMETER: link}))

    assert len(placements(connected)) == 1
    assert placements(other) == []


def test_from_another_institution_one_chooses_again_and_learns_no_title(
    app: Flask, connected: Connected, original: Placement
) -> None:
    other = connect(connected.site)
    path = other.place("Week 4", placement=token_of(connected, original))

    with browsing(app, other, 1) as teacher:
        whole = open_it(teacher, teacher.arrive(path))
    with browsing(app, other, 2) as learner:
        for_learner = open_it(learner, learner.arrive(path))

    assert "Please choose again" in whole
    assert "No assessment here yet" in for_learner
    assert TITLE not in whole + for_learner
    assert placements(other) == []


def test_the_courses_menu_leads_staff_to_the_course_and_learners_to_their_badges(
    student: Browser, instructor: Browser, connected: Connected, original: Placement
) -> None:
    path = connected.place(TITLE, placement=token_of(connected, original))
    open_it(student, student.arrive(path))

    def from_menu(browser: Browser) -> Arrival:
        return moved(browser.arrive(connected.course_path), link="1", course="1")

    course = open_it(instructor, from_menu(instructor))
    assert "Assessments in this course" in course
    assert TITLE in course
    assert "My badges" in open_it(student, from_menu(student))


def test_a_copied_courses_menu_is_not_taken_for_a_link_that_was_titled_as_the_course(
    student: Browser, connected: Connected, original: Placement
) -> None:
    path = connected.place(TITLE, placement=token_of(connected, original))
    open_it(student, moved(student.arrive(path), link="of a page", course="1", title="Course"))
    menu = moved(student.arrive(connected.course_path), link="copy", course="copy", title="Course")

    assert "My badges" in open_it(student, custom(menu, **{history.COURSE_PARAMETER: "1"}))
    assert len(placements(connected)) == 1
