"""The picker, entered by real launches from Campus."""

from decimal import Decimal

import pytest
from sqlalchemy import select, text

from lti_tool.assessments.models import Placement
from lti_tool.campus.claims import DEEP_LINKING
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId
from lti_tool.launch import placement_token
from lti_tool.launch.models import Launch
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.instructor.course import Placed, answer_of, ticked, university_of
from tests.instructor.picking import Picker, count_of_placements
from tests.launch.platform import BASE_URL, Browser, Connected, connect, error_code


def test_the_picker_shows_what_can_be_placed(teacher: Browser, shelf: dict[str, EditionId]) -> None:
    picker = Picker(teacher)

    assert "Biostatistics 2, Spring" in picker.page.text
    assert "3 assessments." in picker.page.text
    assert "Ethics &amp; &lt;consent&gt;" in picker.page.text
    assert "3 questions · pass mark 60% · gives no badge" in picker.page.text
    assert all(str(edition) in picker.page.text for edition in shelf.values())
    assert "key" not in picker.page.text


def test_searching_keeps_what_is_ticked(teacher: Browser, shelf: dict[str, EditionId]) -> None:
    picker = Picker(teacher)

    found = picker.search(shelf["Reading"], q="  MANAGEMENT ", points="20")

    assert ticked(picker.page) == {shelf["Reading"]}
    assert str(shelf["Research"]) in found
    assert str(shelf["Ethics"]) not in found
    assert "1 assessment matches." in found
    assert 'value="20"' in found
    assert picker.token not in picker.url
    assert "No assessment matches “zzz”" in picker.search(q="zzz")
    assert "3 assessments match." in picker.search(q="base rates")  # a competency


def test_more_than_a_page_is_reached_by_its_button(teacher: Browser, connected: Connected) -> None:
    university = university_of(connected)
    editions = [published(university, keys="a", title=f"Title {n:02}") for n in range(22)]
    picker = Picker(teacher)

    assert "Title 19" in picker.page.text
    assert "Title 20" not in picker.page.text
    assert f'name="after" value="{editions[19]}"' in picker.page.text
    page = picker.search(editions[3], after=str(editions[20]))
    assert ticked(picker.page) == {editions[3]}
    assert "Title 21" in page
    assert "Title 20" not in page
    assert 'name="after"' not in page


def test_what_is_chosen_becomes_activities_of_the_course(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)

    picker.add(shelf["Reading"], shelf["Ethics"], points="20")

    return_url, claims, token = answer_of(picker.page)
    items = claims[f"{DEEP_LINKING}content_items"]
    assert [item["title"] for item in items] == [
        "Reading statistics critically",
        "Ethics & <consent>",
    ]
    assert {item["url"] for item in items} == {f"{BASE_URL}/lti/launch"}
    assert [item["lineItem"]["scoreMaximum"] for item in items] == [20, 20]
    with transaction(connected.institution_id) as session:
        placements = {one.id: one for one in session.scalars(select(Placement))}
    tokens = [item["custom"]["placement"] for item in items]
    behind = [placement_token.read(one, connected.institution_id) for one in tokens]
    assert [placements[one].edition_id for one in behind if one] == [
        shelf["Reading"],
        shelf["Ethics"],
    ]
    assert {one.points for one in placements.values()} == {Decimal(20)}
    assert (
        f"form-action 'self' {teacher.connected.site.url}"
        in (picker.page.headers["Content-Security-Policy"])
    )
    answer = teacher.campus.post(return_url, data={"JWT": token})
    assert answer.status_code in {200, 303}, answer.text
    with teacher.connected.site.campus.engine.begin() as connection:
        titles = connection.execute(
            text("SELECT title FROM activities WHERE tool_id = :tool ORDER BY id"),
            {"tool": connected.tool.tool_id},
        ).scalars()
        assert list(titles) == ["Reading statistics critically", "Ethics & <consent>"]


@pytest.mark.parametrize("points", ["0", "101", "12.5", "-3", "", "ten", "\u0661", "1e2"])
def test_points_are_a_whole_number_from_1_to_100(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected, points: str
) -> None:
    picker = Picker(teacher)

    picker.add(shelf["Reading"], points=points)

    assert picker.page.status_code == 400
    assert picker.page.text.count("Enter a whole number from 1 to 100.") == 2  # summary and field
    assert ticked(picker.page) == {shelf["Reading"]}
    assert count_of_placements(connected) == 0


def test_nothing_chosen_is_said_and_nothing_is_placed(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    assert shelf
    picker = Picker(teacher)

    picker.add()

    assert picker.page.status_code == 400
    assert 'role="alert"' in picker.page.text
    assert "Choose at least one assessment." in picker.page.text
    assert count_of_placements(connected) == 0


def test_going_back_answers_that_nothing_was_chosen(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)

    page = picker.client.post(
        f"{picker.url}?cancel=1",
        data={"csrf_token": picker.token, "assessment": str(shelf["Reading"])},
    )

    _, claims, _ = answer_of(page)
    assert claims[f"{DEEP_LINKING}content_items"] == []
    assert count_of_placements(connected) == 0


def test_where_one_is_taken_one_can_be_chosen(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)
    with transaction(connected.institution_id) as session:
        launch = session.scalars(select(Launch).order_by(Launch.id.desc())).first()
        assert launch is not None
        request = {**launch.settings["deep_linking"], "accept_multiple": False}
        launch.settings = {**launch.settings, "deep_linking": request}

    page = picker.search()
    picker.add(shelf["Reading"], shelf["Ethics"])

    assert 'type="radio"' in page
    assert 'type="checkbox" name="assessment"' not in page
    assert "one at a time" in page
    assert picker.page.status_code == 400
    assert "Choose one only: your course takes one at a time." in picker.page.text
    assert count_of_placements(connected) == 0


def test_an_edition_of_another_institution_is_not_found(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected, campus: Site
) -> None:
    assert shelf
    foreign = published(university_of(connect(campus)), title="Foreign")
    picker = Picker(teacher)

    assert "Foreign" not in picker.search(foreign)
    picker.add(shelf["Reading"], foreign)

    assert (picker.page.status_code, error_code(picker.page)) == (404, "not_found")
    assert count_of_placements(connected) == 0


def test_a_form_that_was_not_ours_places_nothing(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)
    picker.token = "another"

    picker.add(shelf["Reading"])

    assert error_code(picker.page) == "cross_site_request"
    assert count_of_placements(connected) == 0


def test_an_assessment_that_is_there_already_is_pointed_out(placed: Placed) -> None:
    picker = Picker(placed.browser)

    assert "Already in this course, as “Reading statistics critically”." in picker.page.text


def test_what_was_chosen_and_never_arrived_is_not_said_to_be_there(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    Picker(teacher).add(shelf["Reading"])  # and the window was closed

    assert count_of_placements(connected) == 1
    assert "Already in this course" not in Picker(teacher).page.text
