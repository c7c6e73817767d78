"""One learner at one assessment: attempts, more time for one or for all, opening one again."""

import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.assessments import queries
from lti_tool.assessments.attention import Report
from lti_tool.assessments.errors import AttemptClosedError
from lti_tool.assessments.rules import GRACE
from lti_tool.assessments.services import (
    note_attention,
    open_attempt,
    regrade,
    save_response,
    submit_attempt,
    try_regrade,
)
from lti_tool.core import audit
from lti_tool.core.audit import CLI
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, UserId
from lti_tool.platforms.models import User
from tests.assessments.conftest import SECRET, Visit, put_cookie, visit
from tests.assessments.factories import (
    Page,
    University,
    Watch,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)
from tests.assessments.services.test_regrading import corrected, take
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter
from tests.learner import story


@pytest.fixture
def watch(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Watch:  # noqa: ARG001 - the product
    return stopped_clock(monkeypatch)


@pytest.fixture
def here(watch: Watch, client: FlaskClient) -> Visit:  # noqa: ARG001 - stops the clock
    place = university()
    arrived = visit(place, placed(place, minutes=40), roles=("instructor",))
    put_cookie(client, arrived)
    return arrived


def url(here: Visit, user_id: UUID, *rest: str) -> str:
    return "/".join(["/l", str(here.launch_id), "learners", str(user_id), *rest])


def send(
    client: FlaskClient, here: Visit, user_id: UUID, *rest: str, **values: str
) -> tuple[int, str]:
    token = story.csrf_token(client.get(url(here, user_id)))
    answer = client.post(url(here, user_id, *rest), data={"csrf_token": token, **values})
    return answer.status_code, answer.text


def end_of(place: University, attempt_id: AttemptId) -> datetime | None:
    with transaction(place.id) as session:
        return queries.get_attempt(session, attempt_id).closes_at


def begin(here: Visit) -> tuple[UserId, AttemptId]:
    user_id = learner(here.place)
    return user_id, open_attempt(here.place.id, here.placement_id, user_id)


def test_more_time_for_a_person_is_shown_as_time_only(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)

    status, _ = send(client, here, user_id, "time", percent="50", minutes="5")

    assert status == 303
    assert end_of(here.place, attempt_id) == watch.now + timedelta(minutes=65)
    page = client.get(url(here, user_id)).text
    assert "65 minutes" in page
    assert "reason" not in page.partition("More time in every course")[2]


@pytest.mark.parametrize("typed", ["-1", "401", "much", "²"])
def test_what_is_no_time_is_told_and_stays(client: FlaskClient, here: Visit, typed: str) -> None:
    user_id, _ = begin(here)

    status, page = send(client, here, user_id, "time", percent=typed, minutes="0")

    assert status == 400
    assert "Enter whole numbers" in page
    assert f'value="{typed}"' in page


def test_one_attempt_gets_more_time_with_a_reason(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)
    where = ("attempts", str(attempt_id), "extend")

    assert send(client, here, user_id, *where, minutes="10", reason=" ")[0] == 400
    assert send(client, here, user_id, *where, minutes="ten", reason="Fire alarm")[0] == 400
    assert send(client, here, user_id, *where, minutes="10", reason="Fire alarm")[0] == 303

    assert end_of(here.place, attempt_id) == watch.now + timedelta(minutes=50)
    with transaction(here.place.id) as session:
        [entry] = audit.list_entries(session, object_kind="attempt", object_id=attempt_id)
    assert (entry.act, entry.reason, entry.facts) == (
        "grant_minutes",
        "Fire alarm",
        {"minutes": 10},
    )


def test_an_ended_attempt_is_opened_again_and_scored_anew(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)
    submit_attempt(here.place.id, attempt_id, user_id=user_id)
    watch.advance(hours=3)
    where = ("attempts", str(attempt_id), "reopen")

    status, _ = send(client, here, user_id, *where, minutes="15", reason="Pressed by mistake")

    assert status == 303
    assert end_of(here.place, attempt_id) == watch.now + timedelta(minutes=15)
    assert send(client, here, user_id, *where, minutes="15", reason="Again")[0] == 409
    assert open_attempt(here.place.id, here.placement_id, user_id) == attempt_id
    submit_attempt(here.place.id, attempt_id, user_id=user_id)
    with transaction(here.place.id) as session:
        assert queries.get_attempt(session, attempt_id).submitted_at == watch.now
        assert queries.find_result(session, here.placement_id, user_id) is not None


def test_an_attempt_whose_time_is_over_gets_none(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)
    watch.advance(minutes=41)
    watch.now += GRACE
    where = ("attempts", str(attempt_id), "extend")

    assert send(client, here, user_id, *where, minutes="10", reason="Late")[0] == 409


def test_a_late_answer_is_decided_about_where_it_is_read(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)
    page, items = Page(), form_of(here.place, attempt_id)
    watch.advance(minutes=41)
    watch.now += GRACE
    with pytest.raises(AttemptClosedError):
        save_response(here.place.id, attempt_id, page.save(items[0], "a"), user_id=user_id)
    submit_attempt(here.place.id, attempt_id, user_id=user_id)
    assert "1 late answer to decide on" in client.get(f"/l/{here.launch_id}/placement").text
    work = client.get(url(here, user_id, "attempts", str(attempt_id)))
    assert "Let it count" in work.text

    answer = client.post(
        url(here, user_id, "attempts", str(attempt_id), "late", str(items[0]), "take"),
        data={"csrf_token": story.csrf_token(work), "reason": "The line was down"},
    )

    read = client.get(answer.location).text
    assert "Let it count" not in read
    assert "1 of 3 points" in read
    assert "to decide on<" not in client.get(f"/l/{here.launch_id}/placement").text


def test_how_an_attempt_went_is_told_with_the_time_by_question(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)
    page, items = Page(), form_of(here.place, attempt_id)
    where = ("attempts", str(attempt_id), "extend")
    send(client, here, user_id, *where, minutes="10", reason="Fire alarm")
    watch.advance(minutes=5)
    for item in items[:2]:
        save_response(here.place.id, attempt_id, page.save(item, "a"), user_id=user_id)
    shown = Report(page_id=page.id, shown_ms={1: 150_000, 2: 40_000})
    note_attention(here.place.id, attempt_id, shown, user_id=user_id)
    submit_attempt(here.place.id, attempt_id, user_id=user_id)

    told = client.get(url(here, user_id, "attempts", str(attempt_id))).text

    steps = ["was begun", "10 more minutes", "Fire alarm", "questions 1, 2", "handed in."]
    places = [told.index(step, told.index('id="went"')) for step in steps]
    assert places == sorted(places)
    assert "2 minutes" in told
    assert "40 seconds" in told
    assert "Not seen" in told
    assert "The learner" in told


def test_an_attempt_that_the_clock_ended_says_so(
    client: FlaskClient, here: Visit, watch: Watch
) -> None:
    user_id, attempt_id = begin(here)
    watch.advance(hours=2)
    submit_attempt(here.place.id, attempt_id, user_id=user_id)

    told = client.get(url(here, user_id, "attempts", str(attempt_id))).text

    assert "The clock" in told.partition("Time was up")[2]


def test_each_answer_is_there_as_the_learner_saw_it_whatever_counts_now(
    client: FlaskClient, here: Visit
) -> None:
    user_id, attempt_id = begin(here)
    page, items = Page(), form_of(here.place, attempt_id)
    save_response(here.place.id, attempt_id, page.save(items[1], "d"), user_id=user_id)
    submit_attempt(here.place.id, attempt_id, user_id=user_id)
    where = url(here, user_id, "attempts", str(attempt_id))
    before = client.get(where).text.partition('id="times"')[0]

    edition_id = corrected(here.place, here.placement_id, "ab-", stem="Which one fits?")
    with transaction(here.place.id) as session:
        placement = queries.get_placement(session, here.placement_id)
        digest = try_regrade(session, placement, edition_id).digest
    regrade(here.place.id, here.placement_id, edition_id, digest=digest, reason="Words", actor=CLI)

    after = client.get(where).text
    for text in (before, after):
        seen = re.findall(r"As the learner saw it.*?</details>", text, re.DOTALL)
        assert len(seen) == 3
        assert all("Which is right?" in one and "disabled" in one for one in seen)
        assert [len(re.findall(r'value="d"[^>]*checked', one)) for one in seen] == [0, 1, 0]
    assert "Which one fits?" in after
    assert "Asked, and not counted any more" in after
    assert "Asked, and not counted any more" not in before


def test_results_are_taken_along_as_a_table_that_calculates_nothing(
    client: FlaskClient, here: Visit
) -> None:
    user_id = take(here.place, here.placement_id, "abd")
    with transaction(here.place.id) as session:
        session.get_one(User, (user_id, here.place.id)).name = "=1+1"

    answer = client.get(f"/l/{here.launch_id}/results.csv")

    assert answer.mimetype == "text/csv"
    lines = answer.text.splitlines()
    assert lines[1].startswith('"\'=1+1","1","2","3","yes"')
    with transaction(here.place.id) as session:
        noted = audit.list_entries(session, object_kind="placement", object_id=here.placement_id)
    assert [entry.act for entry in noted] == ["export_results"]


def test_nobody_of_another_course_or_university_is_found(client: FlaskClient, here: Visit) -> None:
    mine, _ = begin(here)
    elsewhere, away = placed(here.place, minutes=40), university()
    stranger = learner(here.place)
    theirs = open_attempt(here.place.id, elsewhere, stranger)
    foreigner = learner(away)

    assert client.get(url(here, stranger)).status_code == 404
    assert client.get(url(here, foreigner)).status_code == 404
    where = ("attempts", str(theirs), "extend")
    token = story.csrf_token(client.get(url(here, mine)))
    data = {"csrf_token": token, "minutes": "5", "reason": "x", "percent": "5"}
    for path in (
        url(here, stranger, "time"),
        url(here, mine, *where),
        url(here, stranger, *where),
    ):
        assert client.post(path, data=data).status_code == 404, path


def test_a_learner_gives_nobody_time(client: FlaskClient, here: Visit) -> None:
    user_id, _ = begin(here)
    arrived = visit(here.place, here.placement_id, user_id)
    put_cookie(client, arrived)

    assert client.get(url(arrived, user_id)).status_code == 403
    assert client.post(url(arrived, user_id, "time"), data={"percent": "50"}).status_code in {
        400,
        403,
    }


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, width: int
) -> None:
    place = university()
    placement_id = placed(place, minutes=40)
    user_id = take(place, placement_id, "abc")
    open_attempt(place.id, placement_id, user_id)
    page = open_page("about:blank", width=width)
    arrived = visit(place, placement_id, learner(place), roles=("instructor",))
    opened = story.Visit(url=f"/l/{arrived.launch_id}", cookie=("", f"{place.id}.{SECRET}"))

    enter(page, base_url, opened, f"/learners/{user_id}")
    for closed in page.locator("details > summary").all():
        closed.click()

    assert axe_violations(page) == []
    assert overflow_px(page) == 0
    page.get_by_role("link", name="See the answers").click()
    page.get_by_role("heading", name="How it went").wait_for()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
