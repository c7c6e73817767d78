"""Looking into an assessment from the picker, and when and where it opens."""

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from lti_tool.assessments.models import Attempt, Placement
from lti_tool.campus.claims import DEEP_LINKING
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId
from tests.assessments.factories import published
from tests.instructor.course import answer_of, university_of
from tests.instructor.picking import Picker, count_of_placements
from tests.launch.platform import Browser, Connected

SETTINGS = f"{DEEP_LINKING}deep_linking_settings"


def place(picker: Picker, *chosen: EditionId, **more: str) -> None:
    data = {
        "csrf_token": picker.token,
        "assessment": list(map(str, chosen)),
        "points": "100",
        **more,
    }
    picker.page = picker.client.post(picker.url, data=data)


def only_item(picker: Picker) -> dict[str, object]:
    _, claims, _ = answer_of(picker.page)
    [item] = claims[f"{DEEP_LINKING}content_items"]
    assert isinstance(item, dict)
    return item


def test_the_questions_are_shown_without_their_answers_and_nothing_is_kept(
    teacher: Browser,
    shelf: dict[str, EditionId],
    connected: Connected,
) -> None:
    picker = Picker(teacher)

    page = picker.client.get(f"{picker.url}/{shelf['Reading']}")

    assert page.status_code == 200
    assert page.text.count("Which is right?") == 3
    assert "How it was set is not told." in page.text
    assert "Nobody has looked the questions over." in page.text
    assert "Nobody watches while it is taken. Who somebody is" in page.text
    assert "rationale" not in page.text
    assert " checked" not in page.text
    assert "<form" not in page.text
    assert count_of_placements(connected) == 0
    with transaction(connected.institution_id) as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_going_back_loses_nothing_that_was_chosen_or_typed(
    teacher: Browser,
    shelf: dict[str, EditionId],
) -> None:
    picker = Picker(teacher)
    query = [
        ("assessment", str(shelf["Ethics"])),
        ("assessment", str(shelf["Research"])),
        ("points", "7"),
        ("q", 'a&b"><script>'),
    ]

    page = picker.client.get(f"{picker.url}/{shelf['Reading']}", query_string=query)

    found = re.search(r'<a class="button" href="([^"]+)">Back', page.text)
    assert found is not None
    back = urlsplit(unescape(found[1]))
    assert back.path == urlsplit(picker.url).path
    assert parse_qsl(back.query) == query


def test_an_edition_of_nobody_is_not_found(teacher: Browser) -> None:
    picker = Picker(teacher)

    assert picker.client.get(f"{picker.url}/{uuid4()}").status_code == 404


def test_what_opens_and_closes_is_held_by_us_and_told_to_the_course(
    teacher: Browser,
    shelf: dict[str, EditionId],
    connected: Connected,
) -> None:
    picker = Picker(teacher)

    place(picker, shelf["Reading"], opens_at="2027-03-16T09:00", closes_at="2027-03-18 17:30")

    told = {
        "startDateTime": "2027-03-16T09:00:00+00:00",
        "endDateTime": "2027-03-18T17:30:00+00:00",
    }
    item = only_item(picker)
    assert item["available"] == told
    assert item["submission"] == told
    with transaction(connected.institution_id) as session:
        [placement] = session.scalars(select(Placement)).all()
    assert placement.opens_at == datetime(2027, 3, 16, 9, tzinfo=UTC)
    assert placement.closes_at == datetime(2027, 3, 18, 17, 30, tzinfo=UTC)


def test_what_is_typed_by_the_clock_of_a_zone_is_told_as_the_instant_it_means(
    teacher: Browser, shelf: dict[str, EditionId]
) -> None:
    picker = Picker(teacher)

    place(picker, shelf["Reading"], opens_at="2027-07-01T09:00", in_zone="Europe/Berlin")

    assert only_item(picker)["available"] == {"startDateTime": "2027-07-01T07:00:00+00:00"}


def test_without_times_nothing_is_said_of_them(
    teacher: Browser,
    shelf: dict[str, EditionId],
) -> None:
    picker = Picker(teacher)

    place(picker, shelf["Reading"])

    assert not {"available", "submission", "window"} & set(only_item(picker))


@pytest.mark.parametrize(
    ("opens", "closes", "told"),
    [
        ("2027-03-16T09:00", "2027-03-16T09:00", "It has to close after it opens."),
        ("tomorrow", "", "Enter a day and a time"),
        ("", "2027-02-30T09:00", "Enter a day and a time"),
        ("9999-12-31T23:59", "0001-01-01T00:00", "Enter a day and a time"),
    ],
)
def test_times_that_cannot_be_are_asked_for_again(  # noqa: PLR0913, PLR0917 - fixtures and cases
    teacher: Browser,
    shelf: dict[str, EditionId],
    connected: Connected,
    opens: str,
    closes: str,
    told: str,
) -> None:
    picker = Picker(teacher)

    place(picker, shelf["Reading"], opens_at=opens, closes_at=closes)

    assert picker.page.status_code == 400
    assert told in picker.page.text
    assert f'value="{opens}"' in picker.page.text
    assert count_of_placements(connected) == 0


@pytest.mark.parametrize("takes", [True, False])
def test_a_window_of_its_own_is_asked_for_where_the_platform_has_them(
    teacher: Browser,
    connected: Connected,
    takes: bool,  # noqa: FBT001 - what the platform says
) -> None:
    edition = published(university_of(connected), title="Reading")
    arrival = teacher.arrive(connected.deep_linking_path)
    targets = ["iframe", "window"] if takes else ["iframe"]
    arrival.claims[SETTINGS]["accept_presentation_document_targets"] = targets
    arrival.sign(arrival.claims)
    picker = Picker.__new__(Picker)
    picker.client = teacher.client
    picker.url = teacher.post(arrival).location
    picker.page = picker.client.get(picker.url)
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', picker.page.text)
    assert found is not None
    picker.token = found[1]

    assert ("Open in a new window" in picker.page.text) == takes
    place(picker, edition, in_new_window="1")

    assert ("window" in only_item(picker)) == takes
