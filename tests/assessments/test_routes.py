"""The pages of an attempt and the forms they send."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.models import LateResponse
from lti_tool.assessments.services import save_response, submit_attempt
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import Visit, put_cookie, visit
from tests.assessments.factories import Page, form_of, placed, stopped_clock
from tests.assessments.sending import as_form, post, saved, text_of, token


def test_beginning_leads_to_the_questions_and_so_does_coming_back(
    here: Visit, client: FlaskClient
) -> None:
    first = post(client, here.url())
    again = post(client, here.url())

    assert first.status_code == 303
    assert first.location == again.location
    page = client.get(first.location)
    assert page.status_code == 200
    assert "Question 1 of 3" in text_of(page)


def test_the_page_is_kept_nowhere_and_holds_no_key(here: Visit, client: FlaskClient) -> None:
    page = client.get(here.url(here.begin()))

    assert page.headers["Cache-Control"] == "no-store"
    assert page.text.count('value="a"') == page.text.count('value="d"') == 3
    for word in ("key", "rationale", "feedback"):
        assert word not in page.text


def test_a_link_without_an_assessment_begins_nothing(client: FlaskClient, here: Visit) -> None:
    with transaction(here.place.id) as session:
        queries.get_placement(session, here.placement_id).resource_link_id = None

    assert post(client, here.url()).status_code == 404


def test_next_saves_what_was_chosen_and_goes_on(here: Visit, client: FlaskClient) -> None:
    attempt_id = here.begin()

    answer = post(
        client,
        here.url(attempt_id, "responses"),
        go="2",
        **as_form(here, attempt_id, q1="b"),
    )

    assert answer.status_code == 303
    assert answer.location.endswith(f"{attempt_id}?question=2")
    assert saved(here, attempt_id) == ["b", "-", "-"]
    page = client.get(answer.location)
    assert "Question 2 of 3, Reading" in page.text
    assert "1 of 3 answered" in text_of(page)


def test_a_form_sent_twice_is_one_save(here: Visit, client: FlaskClient) -> None:
    attempt_id = here.begin()
    fields = as_form(here, attempt_id, q1="b")

    answers = [post(client, here.url(attempt_id, "responses"), **fields) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    with transaction(here.place.id) as session:
        [copy] = queries.list_responses(session, attempt_id).values()
    assert copy.sequence == 1


def test_a_stale_form_overwrites_nothing_it_did_not_touch(here: Visit, client: FlaskClient) -> None:
    attempt_id = here.begin()
    one, *_ = form_of(here.place, attempt_id)
    page = Page()
    save_response(here.place.id, attempt_id, page.save(one, "d"), user_id=here.user_id)

    answer = post(client, here.url(attempt_id, "responses"), **as_form(here, attempt_id, q2="b"))

    assert answer.status_code == 303
    assert saved(here, attempt_id) == ["d", "b", "-"]


def test_a_stale_form_that_disagrees_is_told_and_keeps_both_in_sight(
    here: Visit, client: FlaskClient
) -> None:
    attempt_id = here.begin()
    one, *_ = form_of(here.place, attempt_id)
    save_response(here.place.id, attempt_id, Page().save(one, "d"), user_id=here.user_id)

    answer = post(
        client, here.url(attempt_id, "responses"), **as_form(here, attempt_id, q1="a", q3="c")
    )

    assert answer.status_code == 409
    assert "Another window saved a different answer" in answer.text
    assert "you had chosen “Answer A”" in text_of(answer)
    assert saved(here, attempt_id) == ["d", "-", "c"]


def test_review_says_what_is_open_before_handing_in(here: Visit, client: FlaskClient) -> None:
    attempt_id = here.begin()
    fields = as_form(here, attempt_id, q2="b")
    fields[f"flag-{form_of(here.place, attempt_id)[0]}"] = "1"

    answer = post(client, here.url(attempt_id, "responses"), review="1", **fields)

    assert answer.location.endswith("/submit")
    page = client.get(answer.location)
    assert "2 questions have no answer" in text_of(page)
    assert "Hand in with 2 open" in page.text
    assert "Flagged to come back" in page.text
    with transaction(here.place.id) as session:
        assert queries.get_attempt(session, attempt_id).submitted_at is None


def test_handing_in_leads_to_the_result_once_and_for_all(here: Visit, client: FlaskClient) -> None:
    attempt_id = here.begin()
    post(client, here.url(attempt_id, "responses"), **as_form(here, attempt_id, q1="a"))

    answers = [post(client, here.url(attempt_id, "submit")) for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 303
        assert answer.location == f"/result/{here.launch_id}/{attempt_id}"
    for path in ((), ("submit",)):
        assert client.get(here.url(attempt_id, *path)).location == answers[0].location
    with transaction(here.place.id) as session:
        assert queries.get_attempt(session, attempt_id).points_earned == 1


def test_after_the_end_a_form_leads_to_the_result_and_its_answers_are_kept(
    here: Visit, client: FlaskClient
) -> None:
    attempt_id = here.begin()
    submit_attempt(here.place.id, attempt_id, user_id=here.user_id)

    answer = post(client, here.url(attempt_id, "responses"), **as_form(here, attempt_id, q1="a"))

    assert answer.status_code == 303
    assert answer.location.startswith("/result/")
    with transaction(here.place.id) as session:
        [late] = session.scalars(select(LateResponse)).all()
    assert late.value == ["a"]


def test_opening_an_attempt_whose_time_is_over_ends_it(
    here: Visit, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = visit(here.place, placed(here.place, minutes=10))
    put_cookie(client, timed)
    attempt_id = timed.begin()
    stopped_clock(monkeypatch, at=clock.now() + timedelta(minutes=11, seconds=1))

    answer = client.get(timed.url(attempt_id))

    assert answer.location == f"/result/{timed.launch_id}/{attempt_id}"
    with transaction(here.place.id) as session:
        assert queries.get_attempt(session, attempt_id).ended_by == "clock"


def test_the_page_names_the_end_and_the_time_of_the_last_save(
    here: Visit, client: FlaskClient
) -> None:
    timed = visit(here.place, placed(here.place, minutes=10))
    put_cookie(client, timed)
    attempt_id = timed.begin()

    before = text_of(client.get(timed.url(attempt_id)))
    post(client, timed.url(attempt_id, "responses"), **as_form(timed, attempt_id, q1="a"))
    after = text_of(client.get(timed.url(attempt_id)))

    assert re.search(r"until \d\d:\d\d:\d\d UTC", before)
    assert "Nothing to save yet" in before
    assert "Nothing to save yet" not in after
    assert "9 minutes left" in text_of(client.get(timed.url(attempt_id, "submit")))


def everything(here: Visit, attempt_id: AttemptId) -> list[tuple[str, str]]:
    return [
        ("GET", here.url(attempt_id)),
        ("POST", here.url(attempt_id, "responses")),
        ("GET", here.url(attempt_id, "submit")),
        ("POST", here.url(attempt_id, "submit")),
    ]


def test_another_learners_attempt_is_not_there(here: Visit, client: FlaskClient) -> None:
    somebody = visit(here.place, here.placement_id)
    attempt_id = somebody.begin()

    for method, url in everything(here, attempt_id):
        answer = client.open(url, method=method, data={"csrf_token": token()})
        assert answer.status_code == 404
    with transaction(here.place.id) as session:
        assert queries.get_attempt(session, attempt_id).submitted_at is None


def test_without_the_launchs_cookie_there_is_nothing(here: Visit, client: FlaskClient) -> None:
    somebody = visit(here.place, here.placement_id)
    attempt_id = somebody.begin()

    for method, url in everything(somebody, attempt_id):
        answer = client.open(url, method=method, data={"csrf_token": token()})
        assert answer.status_code == 403


def test_who_teaches_takes_no_attempt(here: Visit, client: FlaskClient) -> None:
    teacher = visit(here.place, here.placement_id, roles=("instructor",))
    put_cookie(client, teacher)

    assert post(client, teacher.url()).status_code == 403


def test_what_another_site_sends_changes_nothing(here: Visit, client: FlaskClient) -> None:
    attempt_id = here.begin()

    for method, url in everything(here, attempt_id):
        if method == "POST":
            assert client.post(url).status_code == 403
            foreign = {"Origin": "https://elsewhere.example"}
            answer = client.post(url, data={"csrf_token": token()}, headers=foreign)
            assert answer.status_code == 403
    with transaction(here.place.id) as session:
        assert queries.get_attempt(session, attempt_id).submitted_at is None
