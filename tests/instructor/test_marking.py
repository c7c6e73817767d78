"""Marking, page by page: what waits, one answer, the next one; without names; two at once."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Shown
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, ItemVersionId, UserId
from lti_tool.platforms.models import User
from tests.assessments.conftest import Visit, put_cookie, visit
from tests.assessments.factories import learner
from tests.assessments.written import Written
from tests.learner.story import csrf_token

Key = tuple[AttemptId, ItemVersionId]


@pytest.fixture
def here(database: object) -> Written:  # noqa: ARG001 - the rows
    return Written()


@pytest.fixture
def marking(app: Flask, client: FlaskClient, here: Written) -> str:  # noqa: ARG001 - the product
    """A marker's session; returns the address of what waits."""
    return enter(client, here, here.marker)


def enter(client: FlaskClient, here: Written, who: UserId, role: str = "instructor") -> str:
    arrived: Visit = visit(here.place, here.placement_id, who, roles=(role,))
    put_cookie(client, arrived)
    return f"/l/{arrived.launch_id}/marking"


def named(here: Written, name: str) -> UserId:
    user_id = learner(here.place)
    with transaction(here.place.id) as session:
        session.execute(update(User).where(User.id == user_id).values(name=name))
    return user_id


def two_learners(here: Written) -> dict[str, tuple[AttemptId, list[ItemVersionId]]]:
    return {
        name: here.hand_in("a", f"{name} claims.", "More.", user_id=named(here, name))
        for name in ("Amara Nwosu", "Linh Dang")
    }


def send(client: FlaskClient, url: str, page: TestResponse, **values: str) -> TestResponse:
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    assert seen
    data = {"csrf_token": csrf_token(page), "seen": seen[1], **values}
    return client.post(url, data=data)


def first_url(page: TestResponse) -> str:
    found = re.search(r'<a class="button small" href="([^"]+)">Mark<', page.text)
    assert found, page.text
    return unescape(found[1])


def test_question_by_question_each_save_leads_to_the_next_until_all_is_done(
    client: FlaskClient, here: Written, marking: str
) -> None:
    attempts = two_learners(here)
    url, seen = first_url(client.get(marking)), []
    for _ in range(4):
        page = client.get(url)
        seen.append(re.findall(r"(\w+) claims\.|<p>(More)\.</p>", page.text)[0])
        answer = send(client, url, page, points="3", comment="Well.")
        assert answer.status_code == 303
        url = answer.location

    assert [first or second for first, second in seen] == ["Nwosu", "Dang", "More", "More"]
    assert "Nothing is waiting any more" in client.get(url).text
    with transaction(here.place.id) as session:
        for attempt_id, _ in attempts.values():
            assert not queries.get_attempt(session, attempt_id).awaits_marking


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (Shown.AT_ONCE, "Shown with the result."),
        (Shown.SETTLED, "Shown when the learner has passed, or has no attempt left."),
        (Shown.AFTER_WINDOW, "Shown when this activity has closed for everybody."),
        (Shown.NEVER, "This activity shows no feedback: the learner does not see it."),
    ],
)
def test_beside_a_comment_it_says_when_its_learner_sees_it(
    client: FlaskClient, here: Written, marking: str, shown: Shown, told: str
) -> None:
    two_learners(here)
    with transaction(here.place.id) as session:
        queries.get_placement(session, here.placement_id).feedback_shown = shown

    page = client.get(first_url(client.get(marking)))

    assert f'id="comment-hint">{told}<' in page.text


def test_until_it_is_marked_results_say_so_and_nobody_reads_of_a_fail(
    client: FlaskClient, here: Written, marking: str
) -> None:
    here.hand_in("a", "I claim.", "More.", user_id=named(here, "Amara Nwosu"))
    here.hand_in("a", "", "", user_id=named(here, "Linh Dang"))
    launch = marking.removesuffix("/marking")

    page = client.get(f"{launch}/placement?result=waiting").text
    table = client.get(f"{launch}/results.csv").text

    assert "Amara Nwosu" in page
    assert "Linh Dang" not in page
    assert page.count("Not marked yet") == 1
    assert "Not passed yet</span>" not in page
    assert "Linh Dang" in client.get(f"{launch}/placement?result=not_passed").text
    assert '"Amara Nwosu","1","1","10","waiting for marking"' in table
    assert '"Linh Dang","1","1","10","no"' in table
    assert "Rules" in client.get(marking).text


def test_learner_by_learner_the_next_answer_is_the_same_learners(
    client: FlaskClient, here: Written, marking: str
) -> None:
    two_learners(here)
    url = first_url(client.get(f"{marking}?by=learner"))

    answer = send(client, url, client.get(url), points="3")

    assert "Amara Nwosu" in client.get(answer.location).text


def test_under_hidden_names_no_page_says_who_it_is(
    client: FlaskClient, here: Written, marking: str
) -> None:
    here.hand_in("a", "I claim.", "More.", user_id=named(here, "Amara Nwosu"))
    page = client.get(f"{marking}?by=learner&names=hidden")
    url = first_url(page)

    answer = client.get(url)

    for shown in (page, answer, client.get(f"{marking}?names=hidden")):
        assert "Amara" not in shown.text
    assert "Learner " in answer.text


def test_levels_of_the_rubric_make_the_points(
    client: FlaskClient, here: Written, marking: str
) -> None:
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    url = f"{marking}/{attempt_id}/{asked[1]}"

    answer = send(
        client,
        url,
        client.get(url),
        go="stay",
        **{"level-claim": "full", "level-sources": "half"},
    )

    page = client.get(answer.location).text
    assert "Marked: 3 of 4" in page
    assert page.count(" checked>") == 2


def test_what_cannot_be_saved_stays_typed_and_says_what_to_enter(
    client: FlaskClient, here: Written, marking: str
) -> None:
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    url = f"{marking}/{attempt_id}/{asked[1]}"

    answer = send(
        client, url, client.get(url), points="seven", comment="As I said", **{"level-claim": "half"}
    )

    assert answer.status_code == 400
    assert "Enter points as a number" in answer.text
    assert 'value="seven"' in answer.text
    assert "As I said" in answer.text
    assert 'value="half" autocomplete="off" checked' in answer.text


def test_of_two_markers_the_second_sees_the_firsts_mark_before_anything_is_replaced(
    client: FlaskClient, app: Flask, here: Written, marking: str
) -> None:
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    url = f"{marking}/{attempt_id}/{asked[1]}"
    before = client.get(url)
    colleague = app.test_client()
    other = f"{enter(colleague, here, named(here, 'Mirela Dragomir'))}/{attempt_id}/{asked[1]}"
    send(colleague, other, colleague.get(other), points="4", comment="Very good")

    refused = send(client, url, before, points="1", comment="Too short")

    assert refused.status_code == 409
    assert "Mirela Dragomir" in refused.text
    assert "Too short" in refused.text
    again = send(client, url, refused, points="1", comment="Too short")
    assert again.status_code == 303
    with transaction(here.place.id) as session:
        assert len(queries.list_marks_of_answer(session, attempt_id, asked[1])) == 2


def test_a_learner_marks_nothing(client: FlaskClient, here: Written) -> None:
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    url = enter(client, here, learner(here.place), role="learner")

    for address in (url, f"{url}/{attempt_id}/{asked[1]}"):
        assert client.get(address).status_code == 403


def test_another_activitys_answer_is_not_found(
    client: FlaskClient, here: Written, marking: str
) -> None:
    for other in (Written(place=here.place), Written()):
        attempt_id, asked = other.hand_in("a", "I claim.", "")
        url = f"{marking}/{attempt_id}/{asked[1]}"

        assert client.get(url).status_code == 404
        page = client.get(marking)
        token = {"csrf_token": csrf_token(page)} if "csrf_token" in page.text else {}
        assert client.post(url, data={"points": "1", **token}).status_code in {403, 404}


def test_where_nothing_waits_the_page_says_why(
    client: FlaskClient, here: Written, marking: str
) -> None:
    assert "Nothing to mark yet" in client.get(marking).text
    here.hand_in("a", "", "")
    assert "Nothing to mark yet" in client.get(marking).text


def test_two_people_mark_blind_and_a_third_decides(
    client: FlaskClient, here: Written, marking: str
) -> None:
    rules = marking.replace("/marking", "/rules")
    page = client.get(rules)
    assert "Two people, blind" in page.text
    token = csrf_token(page)
    wrong = {"csrf_token": token, "markers": "2", "tolerance": "much"}
    assert client.post(f"{rules}/marking", data=wrong).status_code == 400
    data = {"csrf_token": token, "markers": "2", "tolerance": "10"}
    assert client.post(f"{rules}/marking", data=data).status_code == 303
    attempt_id, asked = here.hand_in("a", "I claim.", "")

    def mark(url: str, points: str) -> str:
        answer = send(
            client, url, client.get(url), points=points, comment=f"Of {points}", go="stay"
        )
        assert answer.status_code == 303, answer.text
        return client.get(answer.location).text

    url = f"{marking}/{attempt_id}/{asked[1]}"
    assert "Marked by you, waits for another person" in mark(url, "1")
    assert "Somebody has marked already" in client.get(rules).text
    assert "0</dd>" in client.get(marking).text
    second = enter(client, here, named(here, "Second"))
    before = client.get(f"{second}/{attempt_id}/{asked[1]}").text
    assert "Of 1" not in before
    after = mark(f"{second}/{attempt_id}/{asked[1]}", "4")
    assert "A third person decides" in after
    assert "Of 1" not in after
    third = enter(client, here, named(here, "Third"))
    assert "Your mark decides" in client.get(f"{third}/{attempt_id}/{asked[1]}").text
    settled = mark(f"{third}/{attempt_id}/{asked[1]}", "2")
    assert "Marked: 2 of 4" in settled
    assert "Of 1" in settled
    fourth = enter(client, here, named(here, "Fourth"))
    late = client.get(f"{fourth}/{attempt_id}/{asked[1]}")
    assert "This answer is settled" in late.text
    assert 'name="points"' not in late.text


def test_a_lead_marker_is_named_and_decides_by_both_marks(
    client: FlaskClient, here: Written, marking: str
) -> None:
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    rules = marking.replace("/marking", "/rules")
    lead_id, stranger = named(here, "Lea Lead"), named(here, "Sam Student")
    token = csrf_token(client.get(rules))

    def name(lead: UserId) -> int:
        data = {"csrf_token": token, "markers": "2", "tolerance": "10", "lead": str(lead)}
        return client.post(f"{rules}/marking", data=data).status_code

    assert name(stranger) == 400  # does not teach here
    enter(client, here, lead_id)
    assert name(lead_id) == 303
    assert "Lea Lead" in client.get(rules).text

    def mark(url: str, points: str) -> str:
        sent = send(client, url, client.get(url), points=points, comment=f"Of {points}", go="stay")
        assert sent.status_code == 303, sent.text
        return client.get(sent.location).text

    path = f"{attempt_id}/{asked[1]}"
    mark(f"{marking}/{path}", "1")
    first_look = client.get(f"{enter(client, here, lead_id)}/{path}").text
    assert "You lead the marking here" in first_look
    assert 'name="points"' not in first_look
    waits = mark(f"{enter(client, here, named(here, 'Second'))}/{path}", "4")
    assert "The lead marker decides" in waits
    third = client.get(f"{enter(client, here, named(here, 'Third'))}/{path}").text
    assert "The lead marker decides" in third
    assert 'name="points"' not in third
    lead = enter(client, here, lead_id)
    page = client.get(f"{lead}/{path}").text
    assert "Of 1" in page
    assert "Of 4" in page
    assert "Marked: 2 of 4" in mark(f"{lead}/{path}", "2")
