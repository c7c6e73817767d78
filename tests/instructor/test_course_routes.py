"""A link pasted by hand that gets its assessment, and the page about the whole course."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from lti_tool.assessments.models import Placement
from lti_tool.campus.claims import DEEP_LINKING
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import ContextId, EditionId, new_id
from lti_tool.launch.models import Launch
from lti_tool.platforms.models import Registration
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.instructor.course import (
    INSTRUCTOR,
    STUDENT,
    answer_of,
    csrf_of,
    ticked,
    university_of,
)
from tests.launch.platform import Browser, Connected, browsing, connect, error_code, published_keys
from tests.learner import story

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
    assert "Please tell them that “Week 4 test” has no assessment" in text_of(student.open(path))

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


@pytest.mark.usefixtures("edition")
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

    assert f"Week 4 test {TITLE} Opened 0 0 None Has a column" in course


class TestPicker:
    """What narrows the list down, and what a platform's own limits look like."""

    @pytest.fixture
    def pathway(self, connected: Connected) -> dict[str, EditionId]:
        """Three assessments; two of them are all of the pathway "Numbers"."""
        here = story_of(connected)
        made = {title: story.publish(here, title) for title in ("Adding", "Counting", "Dividing")}
        story.make_pathway(here, "Numbers", made["Adding"][2], made["Counting"][2])
        return {title: edition_id for title, (_, edition_id, _) in made.items()}

    def open(self, browser: Browser, **query: str) -> TestResponse:
        answer = browser.post(browser.arrive(browser.connected.deep_linking_path))
        return browser.client.get(answer.location, query_string=query)

    def number_of(self, page: TestResponse) -> str:
        found = re.search(r'<option value="([0-9a-f-]+)"[^>]*>Numbers</option>', page.text)
        assert found is not None, page.text
        return found[1]

    def test_a_pathway_shows_what_counts_on_it_and_can_be_chosen_whole(
        self, teacher: Browser, pathway: dict[str, EditionId]
    ) -> None:
        number = self.number_of(self.open(teacher))

        narrowed = self.open(teacher, pathway=number)
        whole = self.open(teacher, pathway=number, whole="1")

        assert "2 assessments match." in text_of(narrowed)
        assert str(pathway["Dividing"]) not in narrowed.text
        assert "Choose all of “Numbers”" in text_of(narrowed)
        assert ticked(narrowed) == set()
        assert ticked(whole) == {pathway["Adding"], pathway["Counting"]}

    def test_a_whole_pathway_is_placed_in_its_own_order(
        self, teacher: Browser, connected: Connected
    ) -> None:
        here = story_of(connected)
        made = {title: story.publish(here, title) for title in ("Adding", "Counting", "Dividing")}
        order = ("Dividing", "Adding", "Counting")
        story.make_pathway(here, "Numbers", *(made[title][2] for title in order))
        number = self.number_of(self.open(teacher))
        page = self.open(teacher, pathway=number, whole="1")
        shown = [page.text.index(str(made[title][1])) for title in order]
        assert shown == sorted(shown)

        alphabetical = [str(made[title][1]) for title in ("Adding", "Counting", "Dividing")]
        answer = teacher.client.post(
            page.request.path,
            data={
                "assessment": alphabetical,
                "pathway": number,
                "points": "100",
                "csrf_token": csrf_of(page),
            },
        )

        _, claims, _ = answer_of(answer)
        items = claims[f"{DEEP_LINKING}content_items"]
        assert [item["title"] for item in items] == list(order)
        assert {item["lineItem"]["tag"] for item in items} == {"result"}
        for item in items:
            icon = urlsplit(item["icon"]["url"])
            assert teacher.client.get(icon.path).mimetype == "image/svg+xml"

    def test_a_whole_pathway_is_not_offered_where_one_item_is_taken(
        self, teacher: Browser, connected: Connected, pathway: dict[str, EditionId]
    ) -> None:
        number = self.number_of(self.open(teacher))
        answer = teacher.post(teacher.arrive(connected.deep_linking_path))
        change_request(connected, accept_multiple=False)

        page = teacher.client.get(answer.location, query_string={"pathway": number, "whole": "1"})

        assert pathway
        assert "Choose all of" not in page.text
        assert ticked(page) == set()

    def test_a_competency_shows_what_proves_it(
        self, teacher: Browser, connected: Connected, pathway: dict[str, EditionId]
    ) -> None:
        reading = published(university_of(connected))

        page = self.open(teacher, competency="Base rates")

        assert str(reading) in page.text
        assert not any(str(edition) in page.text for edition in pathway.values())

    def test_a_platforms_limits_are_told(self, teacher: Browser, edition: EditionId) -> None:
        assert str(edition) in self.open(teacher).text
        assert "Moodle" not in self.open(teacher).text
        with system_transaction() as session:
            session.execute(update(Registration).values(product="moodle"))

        assert "Moodle takes whole points from 1 to 100." in self.open(teacher).text

    def test_without_a_column_no_points_are_asked_for(
        self, teacher: Browser, connected: Connected, edition: EditionId
    ) -> None:
        answer = teacher.post(teacher.arrive(connected.deep_linking_path))
        change_request(connected, accept_lineitem=False)

        page = teacher.client.get(answer.location)

        assert str(edition) in page.text
        assert "makes no gradebook column from here" in page.text
        assert "Points in the gradebook" not in page.text


def story_of(connected: Connected) -> story.University:
    assert connected.deployment_id is not None
    return story.University(
        institution_id=connected.institution_id,
        registration_id=connected.registration_id,
        deployment_id=connected.deployment_id,
        context_id=ContextId(new_id()),
        slug="unused",
    )


def change_request(connected: Connected, **changes: object) -> None:
    """Have the platform have asked differently."""
    with transaction(connected.institution_id) as session:
        launch = session.scalars(select(Launch).order_by(Launch.created_at.desc()).limit(1)).one()
        request = {**launch.settings["deep_linking"], **changes}
        launch.settings = {**launch.settings, "deep_linking": request}
