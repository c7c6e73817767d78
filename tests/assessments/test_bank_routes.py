"""The item bank and trials of drafts over HTTP."""

import re
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem
from lti_tool.assessments.models import Attempt, Item, Placement, Response
from lti_tool.assessments.queries import BankFilter
from lti_tool.core.db import transaction
from lti_tool.core.ids import ItemId
from tests.administration.staff import Office, office
from tests.assessments.factories import question, university
from tests.assessments.test_bank import published
from tests.assessments.test_desk_routes import CHOICE, RULES, add, below, publish, send


@pytest.fixture
def desk(client: FlaskClient, database: object) -> Office:  # noqa: ARG001 - the rows
    return office(client, "issuer")


@pytest.fixture
def begun(desk: Office) -> str:
    answer = desk.post("assessments", page="assessments", title="Reading figures")
    return str(answer.location.partition(f"/desk/{desk.slug}/")[2])


def only_item(desk: Office) -> ItemId:
    with transaction(desk.institution_id) as session:
        [row], _ = queries.list_bank(session, BankFilter())
    return row.item_id


def test_a_question_is_found_looked_at_and_taken_into_another_draft(
    desk: Office, begun: str
) -> None:
    assert "No question yet" in desk.get("questions").text
    publish(desk, begun)
    item_id = only_item(desk)
    listed = desk.get("questions", competency="Charts", type="single_choice").text
    assert "A risk" in listed
    assert "No question fits" in desk.get("questions", q="nowhere").text
    assert desk.get("questions", difficulty="odd").status_code == 400

    page = desk.get(f"questions/{item_id}").text
    assert "No draft is begun" in page
    assert "Nobody has answered it yet" in page
    other = below(desk, desk.post("assessments", page="assessments", title="Other"))
    assessment_id = other.split("/")[1]
    where = f"questions/{item_id}"
    assert desk.post(f"{where}/take", page=where, draft="").status_code == 400
    taken = desk.post(f"{where}/take", page=where, draft=assessment_id)
    assert "A risk" in desk.get(below(desk, taken)).text
    again = desk.post(f"{where}/take", page=where, draft=assessment_id)
    assert again.status_code == 409
    assert "The draft asks it already" in again.text
    copied = desk.post(f"{where}/take", page=where, draft=assessment_id, **{"as": "new"})
    assert copied.status_code == 303


def test_a_status_is_set_with_a_reason_and_a_retired_one_is_not_offered(
    desk: Office, begun: str
) -> None:
    publish(desk, begun)
    where = f"questions/{only_item(desk)}"

    answer = desk.post(f"{where}/status", page=where, status="retired", reason="Known by all")

    assert (
        "Use it in another assessment" not in desk.get(below(desk, answer).partition("?")[0]).text
    )
    assert desk.post(f"{where}/status", page=where, status="odd").status_code == 400
    assert "Retired" in desk.get("questions", status="retired").text


def test_another_institutions_questions_are_not_found(desk: Office, begun: str) -> None:
    publish(desk, begun)
    mine, other = only_item(desk), university()
    theirs = published(other, "Theirs", DraftItem(item=question(title="Theirs")))
    with transaction(other.id) as session:
        [row], _ = queries.list_bank(session, BankFilter())
    own, path = f"questions/{mine}", f"questions/{row.item_id}"

    assert desk.get(path).status_code == 404
    assert desk.post(f"{own}/take", page=own, draft=str(theirs)).status_code == 404
    assert desk.post(f"{path}/status", page=own, status="retired").status_code == 404
    assert desk.post(f"{path}/take", page=own, draft=str(theirs)).status_code == 404


def test_a_draft_is_tried_and_leaves_nothing(desk: Office, begun: str) -> None:
    assert desk.get(f"{begun}/try").status_code == 303  # something is missing
    send(desk, begun, **RULES)
    send(desk, add(desk, begun, "single_choice"), **CHOICE)
    send(desk, add(desk, begun, "long_text"), stem="Explain.", points="1")
    page = desk.get(f"{begun}/try")
    assert "Question 1 of 2" in page.text
    order = re.search(r'name="order" value="(\d+)"', page.text)
    options = re.findall(r'name="answer-0{8}-0{4}-0{4}-0{4}-0{11}1" value="([^"]+)"', page.text)
    assert order is not None
    name = "answer-00000000-0000-0000-0000-000000000001"
    points = {}
    for option in options:
        told = desk.post(f"{begun}/try", page=f"{begun}/try", order=order[1], **{name: option})
        found = re.search(r"<strong>([\d.]+) of 3</strong>", told.text)
        assert found is not None, told.text
        points[option] = Decimal(found[1])
        assert ("<strong>Good</strong>" in told.text) is (points[option] == 2)  # by its band
    assert sorted(points.values()) == [0, 2]
    essay = {"answer-00000000-0000-0000-0000-000000000002": "Because."}
    right = {name: max(points, key=lambda option: points[option]), **essay}
    waits = desk.post(f"{begun}/try", page=f"{begun}/try", order=order[1], **right)
    assert "Would wait for marking" in waits.text
    assert "<strong>Good</strong>" not in waits.text  # a learner reads it once all is marked
    refused = desk.post(f"{begun}/try", page=f"{begun}/try", order=order[1], **{name: "forged"})
    assert refused.status_code == 400
    assert desk.post(f"{begun}/try", page=f"{begun}/try", order="x" * 40).status_code == 200
    with transaction(desk.institution_id) as session:
        for table in (Item, Placement, Attempt, Response):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_who_may_not_author_sees_no_questions(client: FlaskClient, database: object) -> None:  # noqa: ARG001 - the rows
    desk = office(client, "registrar")
    assert desk.get("questions").status_code == 403
