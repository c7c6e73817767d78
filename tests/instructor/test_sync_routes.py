"""The gradebook page's buttons: compare, use ours, make a column, send again."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from lti_tool.campus import store
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.grading.models import DesiredScore, GradebookColumn
from lti_tool.platforms.models import ResourceLink
from tests.campus.site import Site
from tests.conftest import Worker
from tests.grading.course import AMARA, LINH
from tests.instructor.course import STUDENT, Placed, placed_course
from tests.launch.platform import browsing, error_code


@pytest.fixture
def placed(app: Flask, campus: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Placed]:
    pages = {**app.config["CAIRN_PAGES"], "LtiResourceLinkRequest": "instructor.show_placement"}
    monkeypatch.setitem(app.config, "CAIRN_PAGES", pages)
    with placed_course(app, campus) as here:
        yield here


def words_of(placed: Placed, **query: str) -> str:
    """Return the gradebook page as one line of words."""
    page = placed.page("scores", **query)
    assert page.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def override(placed: Placed, person_id: int, points: str) -> None:
    store.override_grade(
        placed.course.site.campus.engine,
        line_item_id=int(urlsplit(placed.course.url).path.rpartition("/")[2]),
        person_id=person_id,
        points=Decimal(points),
    )


def long_ago(placed: Placed) -> None:
    """Let what was sent have been sent a while ago: platforms settle grades, seconds pass."""
    with transaction(placed.institution_id) as session:
        session.execute(
            update(DesiredScore).values(
                acknowledged_at=DesiredScore.acknowledged_at - timedelta(hours=1),
                timestamp=DesiredScore.timestamp - timedelta(hours=1),
            )
        )


def test_comparing_shows_what_a_teacher_changed_and_who_has_no_grade(
    placed: Placed, worker: Worker
) -> None:
    amara = placed.course.take(AMARA, "abd")
    placed.course.take(LINH, "abc")
    worker.run()
    override(placed, 2, "7")
    long_ago(placed)

    answer = placed.post("scores/compare", placed.page("scores"))
    assert answer.status_code == 303
    assert "We are comparing." in words_of(placed, compared="1")
    worker.run()

    words = words_of(placed)
    assert "1 of 2 grades are in the gradebook" in words
    assert f"{AMARA} 2 of 3 7 of 10 Differs Changed in Campus" in words
    assert "Compared" in words
    assert re.search(r"In the course, nothing begun: \d+ As Campus told us", words)
    assert placed.course.row(amara).due_at is None, "nothing is overwritten by looking"


def test_ours_replaces_a_teachers_grade_only_when_asked_for(placed: Placed, worker: Worker) -> None:
    amara = placed.course.take(AMARA, "abd")
    linh = placed.course.take(LINH, "abc")
    worker.run()
    override(placed, 2, "7")
    long_ago(placed)
    placed.post("scores/compare", placed.page("scores"))
    worker.run()
    page = placed.page("scores", state="differs")
    assert f'aria-label="Use ours: {AMARA}"' in page.text
    before = placed.course.row(linh).version

    answer = placed.post("scores/send", page, user=str(amara), over="true")

    assert answer.location.endswith("sent=1")
    assert placed.course.row(amara).over_teacher
    assert placed.course.row(linh).version == before
    assert not placed.course.row(linh).over_teacher
    with transaction(placed.institution_id) as session:
        [entry] = audit.list_entries(session, object_kind="placement")
    assert (entry.act, entry.facts) == ("resend_scores", {"scores": 1})


def test_nobody_replaces_every_teachers_grade_at_once(placed: Placed, worker: Worker) -> None:
    amara = placed.course.take(AMARA, "abd")
    worker.run()
    before = placed.course.row(amara).version

    answer = placed.post("scores/send", placed.page("scores"), over="true")

    assert answer.location.endswith("sent=0")
    row = placed.course.row(amara)
    assert (row.version, row.over_teacher) == (before, False)


def test_a_deleted_column_is_made_anew_by_its_button(placed: Placed, worker: Worker) -> None:
    placed.course.take(AMARA, "abd")
    line_item_id = int(urlsplit(placed.course.url).path.rpartition("/")[2])
    with placed.course.site.campus.engine.begin() as connection:
        connection.execute(text("DELETE FROM line_items WHERE id = :id"), {"id": line_item_id})
    worker.run()
    long_ago(placed)
    page = placed.page("scores")
    assert "The gradebook column is gone" in words_of(placed)
    assert "A new column gets every grade we hold." in words_of(placed)

    answer = placed.post("scores/column", page)
    again = placed.post("scores/column", page)
    worker.run()

    assert (answer.status_code, answer.location.endswith("sent=1")) == (303, True)
    assert (again.status_code, error_code(again)) == (409, "column_there")
    words = words_of(placed)
    assert "1 of 1 grade is in the gradebook" in words
    assert "is gone" not in words
    with transaction(placed.institution_id) as session:
        made = session.scalars(select(GradebookColumn.made_url)).one()
    assert str(made) in words, "the details name it for the administrator"


def test_without_the_right_the_page_says_who_can_make_a_column(placed: Placed) -> None:
    with transaction(placed.institution_id) as session:
        session.scalars(select(ResourceLink)).one().line_item_url = None
        session.execute(
            text("UPDATE contexts SET service_scopes = jsonb_build_array(CAST(:one AS text))"),
            {"one": store.SCORE_SCOPE},
        )

    words = words_of(placed)

    assert "This activity has no column in the gradebook" in words
    assert "Let the activity count for a grade in its settings in Campus" in words
    answer = placed.post("scores/column", placed.page("pick"))
    assert (answer.status_code, error_code(answer)) == (400, "cannot_make_column")


def test_a_locked_column_of_moodle_says_what_to_do(placed: Placed, worker: Worker) -> None:
    placed.course.take(AMARA, "abd")
    with transaction(placed.institution_id) as session:
        session.execute(text("UPDATE registrations SET product = 'moodle'"))
    placed.course.site.campus.faults.change({"scores_status": 500})
    worker.run()

    words = words_of(placed)

    assert "Moodle answers so while the column is locked: unlock it there." in words
    assert "Next try" in words


def test_a_learner_presses_none_of_these_buttons(
    app: Flask, placed: Placed, worker: Worker
) -> None:
    placed.course.take(AMARA, "abd")
    worker.run()
    with browsing(app, placed.browser.connected, STUDENT) as student:
        launch = "/".join(
            student.post(student.arrive(placed.browser.connected.place("x"))).location.split("/")[
                :3
            ]
        )
        for path in ("scores", "scores/send", "scores/compare", "scores/column"):
            open_page = student.client.get if path == "scores" else student.client.post
            answer = open_page(f"{launch}/{path}")
            assert answer.status_code == 403, path


def test_a_form_without_its_token_does_nothing(placed: Placed, worker: Worker) -> None:
    placed.course.take(AMARA, "abd")
    worker.run()
    for path in ("scores/send", "scores/compare", "scores/column"):
        answer = placed.browser.client.post(f"{placed.launch}/{path}", data={"user": "x"})
        assert (answer.status_code, error_code(answer)) == (403, "cross_site_request"), path
