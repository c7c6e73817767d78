"""The authors' desk over HTTP: from a name to a published edition, and to the next one."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.assessments import authoring, queries
from lti_tool.assessments.models import DraftItem, Edition, EditionItem, ItemVersion, RulesDraft
from lti_tool.assessments.services import create_assessment, drafting
from lti_tool.core import audit
from lti_tool.core import settings as settings_module
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId
from tests.administration.staff import Office, office
from tests.assessments.items.samples import SAMPLES, WRITTEN, sample
from tests.assessments.test_authoring import sent

RULES = {
    "title": "Reading figures",
    "summary": "Reads them.",
    "competencies": "Base rates | 50 | You count. | Look *again*.\nCharts",
    "pass_mark": "62.5",
    "pass_mark_how": "Angoff, four raters",
    "pass_mark_by": "The statistics group",
    "minutes": "40",
    "max_attempts": "3",
    "cooldown_minutes": "60",
    "answers_shown": "settled",
    "feedback_shown": "after_window",
    "key_shown": "never",
    "bands": "90 | Excellent\n62.5 | Good",
    "reviewed_by": "R. Reviewer",
    "reviewed_on": "2027-01-30",
    "supervision": "unsupervised",
    "marked_by": "two_led",
    "mark_tolerance": "5",
    "language": "de",
}
CHOICE = {
    "title": "A risk",
    "stem": "How large is $\\frac{1}{2}$?",
    "options-0-text": "Half",
    "options-0-right": "1",
    "options-1-text": "All",
    "options-1-feedback": "That would be 1.",
    "points": "2",
    "competency": "Charts",
}


@pytest.fixture
def desk(client: FlaskClient, database: object) -> Office:  # noqa: ARG001 - the rows
    return office(client, "issuer")


@pytest.fixture
def begun(desk: Office) -> str:
    """Begin an assessment; return the address of its draft below the desk."""
    answer = desk.post("assessments", page="assessments", title="Reading figures")
    assert answer.status_code == 303
    return str(answer.location.partition(f"/desk/{desk.slug}/")[2])


def below(desk: Office, answer: TestResponse) -> str:
    """Return where an answer leads, below the desk, without its anchor."""
    assert answer.status_code == 303, answer.text
    return str(answer.location.partition(f"/desk/{desk.slug}/")[2].partition("#")[0])


def send(desk: Office, path: str, **values: object) -> TestResponse:
    page = desk.get(path)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    data = {"csrf_token": hidden["csrf_token"], "seen": hidden.get("seen", ""), **values}
    return desk.client.post(f"/desk/{desk.slug}/{path}", data=data)


def add(desk: Office, draft: str, type_: str) -> str:
    return below(desk, send(desk, draft, action="add", type=type_))


def publish(desk: Office, draft: str) -> TestResponse:
    send(desk, draft, **RULES)
    send(desk, add(desk, draft, "single_choice"), **CHOICE)
    return send(desk, draft, **RULES, action="publish")


def test_from_a_name_to_a_published_edition(desk: Office, begun: str) -> None:
    answer = publish(desk, begun)

    page = desk.get(below(desk, answer).partition("?")[0]).text
    assert "Edition 1" in page
    assert "Angoff, four raters" in page
    with transaction(desk.institution_id) as session:
        edition = session.scalars(select(Edition)).one()
        [found] = queries.list_published_editions(session)
        entry = audit.list_entries(session, object_kind="assessment")[0]
    assert (found.title, found.minutes) == ("Reading figures", 40)
    assert found.points == Decimal(2)
    assert found.competencies == ("Base rates", "Charts")
    assert edition.details["competency_marks"] == {"Base rates": "0.5000"}
    assert edition.details["competency_advice"] == {
        "Base rates": {"mastered": "You count.", "not_yet": "Look *again*."}
    }
    assert (edition.max_attempts, edition.cooldown_minutes) == (3, 60)
    shown = (edition.answers_shown, edition.feedback_shown, edition.key_shown)
    assert shown == ("settled", "after_window", "never")
    told = edition.details
    marked = (told["markers"], told["mark_tolerance"], told["asks_lead"])
    assert marked == (2, "0.0500", True)
    assert [band["words"] for band in edition.details["bands"]] == ["Good", "Excellent"]
    assert edition.details["language"] == "de"
    assert entry.act == "publish_edition"


def test_what_is_missing_is_named_and_linked_and_nothing_is_published(
    desk: Office, begun: str
) -> None:
    question = add(desk, begun, "single_choice")
    send(desk, question, title="Half done", points="many", **{"options-0-text": "One"})

    answer = send(desk, begun, **{**RULES, "pass_mark": "high"}, action="publish")

    assert answer.status_code == 409
    assert 'href="#pass_mark"' in answer.text
    assert f"{question}#options" in answer.text
    assert f"{question}#points" in answer.text
    assert 'value="high"' in answer.text
    with transaction(desk.institution_id) as session:
        assert session.scalars(select(Edition)).all() == []


def test_bad_input_keeps_everything_typed(desk: Office, begun: str) -> None:
    question = add(desk, begun, "numeric")

    send(desk, question, stem="Half?", points="", **{"answers-0-value": "a half"})

    page = desk.get(question).text
    assert 'value="a half"' in page
    assert "Enter a number, like 2 or 2.5." in page


@pytest.mark.parametrize("type_", sorted({*SAMPLES, *WRITTEN}))
def test_every_type_is_made_by_its_form_and_shown_as_a_learner_sees_it(
    desk: Office, begun: str, type_: str
) -> None:
    question = add(desk, begun, type_)
    fields = sent({**authoring.form_of(sample(type_)), "points": "1"})
    rows = {f"{name.rpartition('-')[0]}" for name in fields if re.search(r"-\d+-", name)}
    assert send(desk, question, **fields).status_code == 303, rows

    page = desk.get(question).text

    assert "Nothing to mend" in page
    assert "As a learner sees it" in page
    send(desk, begun, **{**RULES, "competencies": ""}, action="publish")
    with transaction(desk.institution_id) as session:
        content = session.scalars(select(ItemVersion.content)).one()
    assert content["type"] == type_


def test_rows_come_and_go_by_buttons_that_keep_what_is_typed(desk: Office, begun: str) -> None:
    question = add(desk, begun, "single_choice")

    send(desk, question, **CHOICE, action="add-options")
    send(desk, question, **CHOICE, **{"options-2-text": "None"}, action="up-options-2")

    with transaction(desk.institution_id) as session:
        form = session.scalars(select(DraftItem.form)).one()
    assert [row.get("text") for row in form["options"]] == ["Half", "None", "All"]


def test_questions_are_moved_and_taken_out(desk: Office, begun: str) -> None:
    ids = [add(desk, begun, "true_false").rpartition("/")[2] for _ in range(3)]

    send(desk, begun, action=f"up-{ids[2]}")
    send(desk, begun, action=f"remove-{ids[0]}")

    with transaction(desk.institution_id) as session:
        draft = drafting.find_draft(session, AssessmentId(UUID(begun.split("/")[1])))
    assert draft is not None
    assert [str(one.id) for one in draft.questions] == [ids[2], ids[1]]


def test_who_saves_over_somebody_elses_change_is_told_first(desk: Office, begun: str) -> None:
    question = add(desk, begun, "single_choice")
    send(desk, question, **CHOICE)

    answer = send(desk, question, **{**CHOICE, "stem": "Mine"}, seen="1")
    rules = send(desk, begun, **RULES)
    again = send(desk, begun, **{**RULES, "title": "Mine too"}, seen="1")

    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert rules.status_code == 303
    assert again.status_code == 409
    with transaction(desk.institution_id) as session:
        assert session.scalars(select(DraftItem.form)).one()["stem"] == CHOICE["stem"]
        assert session.scalars(select(RulesDraft.form)).one()["title"] == "Reading figures"


def test_the_next_edition_begins_as_the_last_one_and_keeps_its_questions(
    desk: Office, begun: str
) -> None:
    overview = below(desk, publish(desk, begun)).partition("?")[0]
    with transaction(desk.institution_id) as session:
        edition_id = session.scalars(select(Edition.id)).one()

    draft = below(desk, send(desk, overview, edition=str(edition_id)))
    page = desk.get(draft).text
    assert 'value="62.5"' in page
    assert "Base rates | 50" in page
    again = send(desk, draft, action="publish")

    assert again.status_code == 303
    with transaction(desk.institution_id) as session:
        versions = session.scalars(select(EditionItem.item_version_id)).all()
    assert len(versions) == 2
    assert len(set(versions)) == 1  # word for word the same: no new version


def test_publishing_twice_is_publishing_once(desk: Office, begun: str) -> None:
    publish(desk, begun)
    overview = begun.removesuffix("/draft")

    page = desk.get(overview)
    hidden = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert hidden
    twice = desk.client.post(
        f"/desk/{desk.slug}/{begun}", data={"csrf_token": hidden[1], "action": "publish"}
    )

    assert twice.status_code == 303
    with transaction(desk.institution_id) as session:
        assert len(session.scalars(select(Edition)).all()) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = settings_module.current()
    settings_module.install(replace(before, storage_dir=tmp_path))
    yield tmp_path
    settings_module.install(before)


@pytest.mark.usefixtures("folder")
def test_an_image_needs_its_words_and_then_stands_in_the_material(desk: Office, begun: str) -> None:
    question = add(desk, begun, "single_choice")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'

    without = send(desk, question, **CHOICE, action="image", image=(io.BytesIO(svg), "x.svg"))
    no_image = send(
        desk,
        question,
        **CHOICE,
        action="image",
        shows="A chart",
        image=(io.BytesIO(b"no"), "x.png"),
    )
    send(
        desk,
        question,
        **CHOICE,
        action="image",
        shows="A [chart]\nof pass rates",
        image=(io.BytesIO(svg), "x.svg"),
    )

    assert (without.status_code, no_image.status_code) == (400, 400)
    assert "what the image shows" in without.text
    page = desk.get(question).text
    assert "![A (chart) of pass rates](image:" in page
    assert '<img class="figure"' in page


def test_only_authors_come_in_and_only_to_their_own(client: FlaskClient, database: object) -> None:  # noqa: ARG001 - the rows
    theirs = office(client, "issuer")
    foreign = create_assessment(theirs.institution_id, "Theirs")
    drafting.begin_draft(theirs.institution_id, foreign)
    question = drafting.add_question(theirs.institution_id, foreign, "true_false")
    registrar = office(client, "registrar")
    assert registrar.get("assessments").status_code == 403

    ours = office(client, "issuer")

    for path in (f"assessments/{foreign}", f"assessments/{foreign}/draft"):
        assert ours.get(path).status_code == 404
        assert ours.post(path, page="assessments", action="publish").status_code == 404
    path = f"assessments/{foreign}/draft/{question}"
    assert ours.get(path).status_code == 404
    assert ours.post(path, page="assessments", stem="Mine").status_code == 404


def test_huge_and_strange_input_is_bounded(desk: Office, begun: str) -> None:
    question = add(desk, begun, "single_choice")
    rows = {f"options-{number}-text": f"Answer {number}" for number in range(99)}

    assert send(desk, question, stem="x" * 100_000, **rows).status_code == 303
    assert send(desk, begun, **{**RULES, "minutes": "9" * 5000}).status_code == 303
    assert send(desk, begun, action="add", type="nonsense").status_code == 400
    assert send(desk, begun, action="up-not-an-id").status_code == 303

    assert desk.get(question).status_code == 200
    assert desk.get(begun).status_code == 200
    assert send(desk, question, **CHOICE).status_code == 303
    assert send(desk, begun, **{**RULES, "bands": "33.333 | Fair"}).status_code == 303
    assert desk.get(begun).status_code == 200
    assert send(desk, begun, **RULES).status_code == 303
    answer = send(desk, f"{begun}/try", order="0" * 11 + "9" * 5000)
    assert (answer.status_code, "This was a trial of a draft" in answer.text) == (200, True)
