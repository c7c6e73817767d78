import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.assessments import queries
from lti_tool.assessments.models import LateResponse
from lti_tool.assessments.services import save_response, submit_attempt
from lti_tool.core import clock, keys
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import SECRET, Visit, put_cookie, visit
from tests.assessments.factories import Page, form_of, placed, stopped_clock


def token() -> str:
    return keys.mac("csrf", SECRET.encode()).hex()


def post(client: FlaskClient, url: str, **fields: str) -> TestResponse:
    return client.post(url, data={"csrf_token": token(), **fields})


def send(client: FlaskClient, url: str, **body: object) -> TestResponse:
    headers = {"X-CSRF-Token": token(), "Accept": "application/json"}
    return client.post(url, json=body, headers=headers)


def as_json(item: UUID, letter: str, *, sequence: int = 1, base: int = 0) -> dict[str, object]:
    return {
        "item_version_id": str(item),
        "value": [letter],
        "flagged": False,
        "save_id": str(uuid4()),
        "page_id": str(uuid4()),
        "sequence": sequence,
        "base": base,
    }


def as_form(here: Visit, attempt_id: AttemptId, **letters: str) -> dict[str, str]:
    """Return what the page's form sends, fresh, with these answers (q1="b")."""
    fields = {}
    for number, item in enumerate(form_of(here.place, attempt_id), 1):
        fields[f"was-{item}"] = "0.0."
        if f"q{number}" in letters:
            fields[f"answer-{item}"] = letters[f"q{number}"]
    return fields


def saved(here: Visit, attempt_id: AttemptId) -> list[str]:
    """Return the saved letters in the order of the form."""
    with transaction(here.place.id) as session:
        found = queries.list_responses(session, attempt_id)
    return [
        "".join(found[item].value) if item in found else "-"
        for item in form_of(here.place, attempt_id)
    ]


def text_of(answer: TestResponse) -> str:
    """Return what is read on a page, hidden parts included."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", answer.text)).split())


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


def test_a_script_saves_one_answer(
    here: Visit, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt_id = here.begin()
    body = as_json(form_of(here.place, attempt_id)[1], "b")
    second = clock.now().replace(microsecond=0)
    watch = stopped_clock(monkeypatch, at=second)

    first = send(client, here.url(attempt_id, "responses"), **body)
    watch.advance(seconds=3)
    again = send(client, here.url(attempt_id, "responses"), **body)

    assert first.status_code == again.status_code == 200
    assert first.json == {
        "verdict": "store",
        "sequence": 1,
        "saved_at": second.isoformat(timespec="milliseconds"),
        "now": second.isoformat(timespec="milliseconds"),
        "closes_at": None,
    }
    assert again.json == {
        **first.json,
        "verdict": "same",
        "now": watch.now.isoformat(timespec="milliseconds"),
    }
    assert saved(here, attempt_id) == ["-", "b", "-"]


def test_a_script_that_contradicts_another_window_gets_the_servers_copy(
    here: Visit, client: FlaskClient
) -> None:
    attempt_id = here.begin()
    item = form_of(here.place, attempt_id)[0]
    send(client, here.url(attempt_id, "responses"), **as_json(item, "b"))

    answer = send(client, here.url(attempt_id, "responses"), **as_json(item, "c"))

    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "response_conflict"
    assert (answer.json["stored"]["value"], answer.json["stored"]["sequence"]) == (["b"], 1)
    assert saved(here, attempt_id) == ["b", "-", "-"]


@pytest.mark.parametrize(
    "broken",
    [
        {"sequence": 0},
        {"sequence": 2**31},
        {"base": -1},
        {"value": "a"},
        {"value": ["e"]},
        {"value": ["a", "b"]},
        {"value": ["<script>"]},
        {"save_id": "1"},
        {"item_version_id": "11111111-1111-7111-8111-111111111111"},
        {"points": 1},
    ],
)
def test_a_script_that_sends_something_else_is_refused(
    here: Visit, client: FlaskClient, broken: dict[str, object]
) -> None:
    attempt_id = here.begin()
    body = {**as_json(form_of(here.place, attempt_id)[0], "a"), **broken}

    answer = send(client, here.url(attempt_id, "responses"), **body)

    assert answer.status_code == 400
    assert saved(here, attempt_id) == ["-", "-", "-"]


def test_no_json_and_no_object_are_refused(here: Visit, client: FlaskClient) -> None:
    url = here.url(here.begin(), "responses")
    headers = {"X-CSRF-Token": token(), "Accept": "application/json"}

    for body in ("{", "[]", "null", '"a"'):
        answer = client.post(url, data=body, headers=headers, content_type="application/json")
        assert answer.status_code == 400


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


def test_a_script_after_the_end_is_told_that_it_is_kept_apart(
    here: Visit, client: FlaskClient
) -> None:
    attempt_id = here.begin()
    submit_attempt(here.place.id, attempt_id, user_id=here.user_id)
    body = as_json(form_of(here.place, attempt_id)[0], "a")

    answer = send(client, here.url(attempt_id, "responses"), **body)

    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "attempt_closed"


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
