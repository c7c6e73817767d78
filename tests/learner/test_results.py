"""What learners read of their result, and what it leads to."""

import pytest
from flask.testing import FlaskClient

from lti_tool.assessments import services as assessments
from tests.conftest import Worker
from tests.learner import story
from tests.learner.story import University


def test_whoever_has_handed_in_sees_the_result(client: FlaskClient, here: University) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = story.take(here, activity, user_id, "right", "wrong")
    url = story.visit(client, here, user_id, activity.link_id)

    answer = client.get(f"{url}/")

    assert answer.status_code == 303
    assert answer.location == f"{url}/results/{attempt_id}"
    page = client.get(answer.location).text
    assert "1 of 2 points; 1 are a pass" in page
    assert "Passed" in page
    assert "Counting is being signed by Northfell University" in page
    assert "Look again" in page


def test_a_result_says_why_only_when_nothing_is_left_to_win(
    client: FlaskClient, here: University
) -> None:
    activity = story.add_activity(here, "Counting", max_attempts=2)
    user_id = story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)

    first = story.take(here, activity, user_id, "wrong", "wrong")
    early = client.get(f"{url}/results/{first}").text
    story.take(here, activity, user_id, "wrong", "")
    late = client.get(f"{url}/results/{first}").text

    assert "Not passed" in early
    assert "Think again." in early
    assert "A number is what it is." not in early
    assert "Start another attempt" in early
    assert "You have used 1 of 2 attempts; the best one counts." in early
    assert "A number is what it is." in late
    assert "Start another attempt" not in late


def test_the_better_attempt_is_said_to_count(client: FlaskClient, here: University) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    story.take(here, activity, user_id, "right", "right")
    worse = story.take(here, activity, user_id, "right", "wrong")
    url = story.visit(client, here, user_id, activity.link_id)

    page = client.get(f"{url}/results/{worse}").text

    assert "2 of 2 stands for you in the course: of several attempts, the best one counts" in page


@pytest.mark.parametrize("path", ["", "/arrivals"])
def test_another_learners_result_is_not_found(
    client: FlaskClient, here: University, path: str
) -> None:
    activity = story.add_activity(here, "Counting")
    attempt_id = story.take(here, activity, story.enrol(here), "right", "right")
    url = story.visit(client, here, story.enrol(here, "Tomás"), activity.link_id)

    assert client.get(f"{url}/results/{attempt_id}{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/arrivals"])
def test_an_attempt_that_goes_on_has_no_result(
    client: FlaskClient, here: University, path: str
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = assessments.open_attempt(here.institution_id, activity.placement_id, user_id)
    url = story.visit(client, here, user_id, activity.link_id)

    assert client.get(f"{url}/results/{attempt_id}{path}").status_code == 404


def test_the_badge_and_the_next_stone_arrive(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    first, second = story.add_activity(here, "Counting"), story.add_activity(here, "Adding")
    story.make_pathway(here, "Numbers", first.achievement_id, second.achievement_id)
    user_id = story.enrol(here)
    url = story.visit(client, here, user_id, first.link_id)
    attempt_id = story.take(here, first, user_id, "right", "right")
    before = client.get(f"{url}/results/{attempt_id}/arrivals").json

    worker.run()

    after = client.get(f"{url}/results/{attempt_id}/arrivals").json
    assert before is not None
    assert after is not None
    assert before["settled"] is False
    assert after["settled"] is True
    assert after["state"] != before["state"]
    page = client.get(f"{url}/results/{attempt_id}").text
    assert "It is signed by Northfell University" in page
    assert "You have 1 of the 2 stones of <strong>Numbers</strong>" in page
    assert "In this course. You can start now." in page
    assert "follow.js" not in page


def test_the_last_stone_completes_the_pathway(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    first, second = story.add_activity(here, "Counting"), story.add_activity(here, "Adding")
    story.make_pathway(here, "Numbers", first.achievement_id, second.achievement_id)
    user_id = story.enrol(here)
    url = story.visit(client, here, user_id, second.link_id)
    story.take(here, first, user_id, "right", "right")
    attempt_id = story.take(here, second, user_id, "right", "right")

    worker.run()

    assert "Numbers is complete" in client.get(f"{url}/results/{attempt_id}").text
    assert client.get(f"{url}/badges").text.count("Valid") == 3
    pathways = client.get(f"{url}/pathways").text
    assert "Complete since" in pathways
    assert "On top: Numbers, earned." in pathways
