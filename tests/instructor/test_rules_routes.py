"""The rules of an assessment in a course: stricter than its edition's, never looser."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Conditions, Shown
from lti_tool.core.db import transaction
from lti_tool.core.ids import PlacementId
from tests.assessments.conftest import SECRET, put_cookie, visit
from tests.assessments.factories import University, learner, placed, university
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter
from tests.learner.story import Visit, csrf_token

TYPED = {
    "opens_at": "2027-03-16T09:00",
    "closes_at": "2027-03-16T17:00",
    "minutes": "30",
    "max_attempts": "2",
    "cooldown_minutes": "60",
    "policy": "last",
    "answers_shown": "settled",
    "feedback_shown": "after_window",
    "key_shown": "after_window",
    "cuts_extra_time": "1",
}


@pytest.fixture
def place(app: Flask) -> University:  # noqa: ARG001 - the product
    return university()


@pytest.fixture
def placement_id(place: University) -> PlacementId:
    return placed(place, minutes=40)


@pytest.fixture
def url(place: University, placement_id: PlacementId, client: FlaskClient) -> str:
    arrived = visit(place, placement_id, roles=("instructor",))
    put_cookie(client, arrived)
    return f"/l/{arrived.launch_id}/rules"


def held(place: University, placement_id: PlacementId) -> Conditions:
    with transaction(place.id) as session:
        return queries.own_conditions(queries.get_placement(session, placement_id))


def send(client: FlaskClient, url: str, **values: str) -> tuple[int, str]:
    token = csrf_token(client.get(url))
    answer = client.post(url, data={"csrf_token": token, **values})
    if answer.status_code == 303:
        return 303, client.get(answer.location).text
    return answer.status_code, answer.text


def test_what_the_assessment_shows_afterwards_is_told_beside_the_choice(
    client: FlaskClient, url: str
) -> None:
    page = client.get(url).text

    assert 'id="answers_shown-hint">The assessment shows this at once.<' in page
    assert 'id="key_shown-hint">The assessment shows this when they have passed' in page


def test_rules_are_set_and_shown_again(
    client: FlaskClient, place: University, placement_id: PlacementId, url: str
) -> None:
    status, page = send(client, url, **TYPED)

    assert status == 303
    assert "Saved" in page
    assert 'value="2027-03-16T17:00"' in page
    assert held(place, placement_id) == Conditions(
        minutes=30,
        max_attempts=2,
        cooldown_minutes=60,
        opens_at=datetime(2027, 3, 16, 9, tzinfo=UTC),
        closes_at=datetime(2027, 3, 16, 17, tzinfo=UTC),
        answers_shown=Shown.SETTLED,
        feedback_shown=Shown.AFTER_WINDOW,
        key_shown=Shown.AFTER_WINDOW,
        cuts_extra_time=True,
    )


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("minutes", "41", "allows 40 minutes at most"),
        ("minutes", "-1", "Enter a whole number"),
        ("minutes", "²", "Enter a whole number"),
        ("max_attempts", "9" * 30, "Enter a whole number"),
        ("opens_at", "tomorrow", "Enter a day and a time"),
        ("closes_at", "2027-03-16T08:00", "Choose an end after the beginning"),
    ],
)
def test_what_cannot_be_is_told_and_stays_as_it_was_typed(  # noqa: PLR0913, PLR0917 - parameters
    client: FlaskClient,
    place: University,
    placement_id: PlacementId,
    url: str,
    field: str,
    typed: str,
    told: str,
) -> None:
    status, page = send(client, url, **{**TYPED, field: typed})

    assert status == 400
    assert told in page
    assert f'value="{typed}"' in page
    assert 'value="2"' in page or field == "max_attempts"
    assert held(place, placement_id) == Conditions(key_shown=Shown.AT_ONCE)


def test_two_fields_that_are_wrong_in_one_way_are_told_apart_by_their_names(
    client: FlaskClient, url: str
) -> None:
    _, page = send(client, url, **{**TYPED, "minutes": "-5", "max_attempts": "many"})

    assert '<a href="#minutes">Minutes for an attempt: Enter a whole number' in page
    assert '<a href="#max_attempts">Attempts: Enter a whole number' in page


def test_a_deadline_is_shown_in_the_zone_that_was_chosen_and_stays_the_instant_it_is(
    client: FlaskClient, place: University, placement_id: PlacementId, url: str
) -> None:
    send(client, url, **{**TYPED, "closes_at": "2027-10-31T01:30"})
    before = held(place, placement_id)
    client.get(f"{url}?zone=Europe/Berlin")

    page = client.get(url).text

    assert "Closes (Berlin time)" in page
    assert '<input type="hidden" name="in_zone" value="Europe/Berlin">' in page
    # The second 02:30 of that night.
    shown = {"opens_at": "2027-03-16T10:00", "closes_at": "2027-10-31T02:30"}
    assert all(f'value="{typed}"' in page for typed in shown.values())
    send(client, url, **{**TYPED, **shown, "in_zone": "Europe/Berlin"})
    assert held(place, placement_id) == before


def test_a_zone_that_is_none_sets_nothing(
    client: FlaskClient, place: University, placement_id: PlacementId, url: str
) -> None:
    status, _ = send(client, url, **{**TYPED, "in_zone": "Mars/Base"})

    assert status == 400
    assert held(place, placement_id) == Conditions(key_shown=Shown.AT_ONCE)


def test_an_empty_form_leaves_all_to_the_assessment(
    client: FlaskClient, place: University, placement_id: PlacementId, url: str
) -> None:
    send(client, url, **TYPED)

    status, _ = send(client, url, policy="best", answers_shown="at_once", key_shown="at_once")

    assert status == 303
    assert held(place, placement_id) == Conditions(key_shown=Shown.AT_ONCE)


def test_a_learner_sets_no_rules(
    client: FlaskClient, place: University, placement_id: PlacementId
) -> None:
    arrived = visit(place, placement_id, learner(place))
    put_cookie(client, arrived)

    assert client.get(f"/l/{arrived.launch_id}/rules").status_code == 403
    assert client.post(f"/l/{arrived.launch_id}/rules", data=TYPED).status_code in {400, 403}


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_passes_axe_and_fits(base_url: str, open_page: OpenPage, width: int) -> None:
    place = university()
    placement_id = placed(place, minutes=40)
    arrived = visit(place, placement_id, learner(place), roles=("instructor",))
    opened = Visit(url=f"/l/{arrived.launch_id}", cookie=("", f"{place.id}.{SECRET}"))
    page = open_page("about:blank", width=width)

    enter(page, base_url, opened, "/rules")
    assert axe_violations(page) == []
    page.get_by_label("Minutes for an attempt").fill("900")
    page.get_by_role("button", name="Save the rules").press("Enter")

    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Minutes for an attempt").input_value() == "900"
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
