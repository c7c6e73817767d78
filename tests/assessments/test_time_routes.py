"""What pages tell about the questions in view."""

import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from lti_tool.assessments import queries
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import Visit
from tests.assessments.factories import form_of, stopped_clock
from tests.assessments.sending import post, send


def seconds_shown(here: Visit, attempt_id: AttemptId) -> list[float]:
    """Return how long each question was in view, in the order of the form."""
    with transaction(here.place.id) as session:
        found = queries.time_by_item(session, queries.get_attempt(session, attempt_id))
    return [
        found[item].total_seconds() if item in found else 0
        for item in form_of(here.place, attempt_id)
    ]


def test_a_script_tells_what_was_in_view_and_hears_the_time(
    here: Visit, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = stopped_clock(monkeypatch, at=clock.now())
    attempt_id = here.begin()
    watch.advance(seconds=45)
    body = {"page_id": str(uuid4()), "shown_ms": {"1": 30_000, "3": 2_000}}

    answer = send(client, here.url(attempt_id, "time"), **body)

    assert answer.json == {
        "has_ended": False,
        "now": watch.now.isoformat(timespec="milliseconds"),
        "closes_at": None,
    }
    assert seconds_shown(here, attempt_id) == [30, 0, 2]


@pytest.mark.parametrize(
    "broken",
    [
        {"page_id": "none"},
        {"shown_ms": {"0": 1}},
        {"shown_ms": {"1": -1}},
        {"shown_ms": {"1": 1e12}},
        {"shown_ms": {"one": 1}},
        {"shown_ms": {str(number): 1 for number in range(1, 502)}},
        {"shown_ms": None},
        {"more": 1},
    ],
)
def test_no_report_of_another_form_is_taken(
    here: Visit, client: FlaskClient, broken: dict[str, object]
) -> None:
    attempt_id = here.begin()
    body = {"page_id": str(uuid4()), "shown_ms": {"1": 1}, **broken}

    assert send(client, here.url(attempt_id, "time"), **body).status_code == 400
    assert seconds_shown(here, attempt_id) == [0, 0, 0]


def test_a_page_without_scripts_says_what_it_showed_since_it_was_made(
    here: Visit, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = stopped_clock(monkeypatch, at=clock.now().replace(microsecond=0))
    attempt_id = here.begin()
    page = client.get(here.url(attempt_id) + "?question=2").text
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    assert shown is not None
    watch.advance(seconds=75)

    post(client, here.url(attempt_id, "responses"), shown=shown[1], go="3")

    assert seconds_shown(here, attempt_id) == [0, 75, 0]


@pytest.mark.parametrize(
    "shown", ["", ".", "1", "1.", "2.x", "2.-1", "1.9999999999", "9.1", "1." + "9" * 30, "²." + "1"]
)
def test_what_a_page_cannot_have_shown_does_no_harm(
    here: Visit, client: FlaskClient, shown: str
) -> None:
    attempt_id = here.begin()

    answer = post(client, here.url(attempt_id, "responses"), shown=shown, go="3")

    assert answer.status_code == 303
    assert seconds_shown(here, attempt_id)[1:] == [0, 0]
