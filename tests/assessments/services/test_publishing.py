from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.models import Edition
from lti_tool.assessments.services import create_assessment, publish_edition
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId
from tests.assessments.factories import published, question, university

pytestmark = pytest.mark.usefixtures("database")


def test_what_is_published_can_be_picked() -> None:
    place = university()
    edition_id = published(place, keys="ab", minutes=30)

    with transaction(place.id) as session:
        [edition] = queries.list_published_editions(session)

    assert edition.edition_id == edition_id
    assert (edition.title, edition.questions, edition.points, edition.minutes) == (
        "Reading statistics critically",
        2,
        Decimal(2),
        30,
    )
    assert edition.competencies == ("Base rates", "Charts")
    assert edition.pass_mark == Decimal("0.6")


def test_only_the_newest_edition_is_offered_and_the_older_one_stays() -> None:
    place = university()
    assessment_id = create_assessment(place.id, "Statistics")
    first = published(place, assessment_id=assessment_id, keys="a")
    second = published(place, assessment_id=assessment_id, keys="ab")

    with transaction(place.id) as session:
        assert [e.edition_id for e in queries.list_published_editions(session)] == [second]
        assert queries.get_edition(session, first).questions == 1


def test_editions_are_found_by_words_in_any_case() -> None:
    place = university()
    published(place, title="Research data management")
    published(place, title="100% sure?")

    with transaction(place.id) as session:
        found = queries.list_published_editions(session, words="DATA man")
        assert [edition.title for edition in found] == ["Research data management"]
        assert len(queries.list_published_editions(session, words="judge FIGURES")) == 2
        assert [e.title for e in queries.list_published_editions(session, words="%")] == [
            "100% sure?"
        ]


def test_another_university_sees_none_of_it() -> None:
    place, other = university(), university()
    edition_id = published(place)
    with transaction(place.id) as session:
        assessment_id = queries.get_edition(session, edition_id).assessment_id

    with transaction(other.id) as session:
        assert queries.list_published_editions(session) == []
        with pytest.raises(NotFoundError):
            queries.get_edition(session, edition_id)
    with pytest.raises(NotFoundError):
        published(other, assessment_id=assessment_id)


def test_no_edition_of_nothing() -> None:
    with pytest.raises(NotFoundError):
        published(university(), assessment_id=AssessmentId(uuid4()))


@pytest.mark.parametrize(
    "broken",
    [
        {"items": ()},
        {"pass_mark": Decimal(0)},
        {"pass_mark": Decimal("1.01")},
        {"minutes": 0},
        {"items": (DraftItem(item=question(), competency="Unheard of"),)},
    ],
)
def test_a_draft_that_cannot_be_taken_or_passed_is_refused(broken: dict[str, object]) -> None:
    values: dict[str, object] = {
        "assessment_id": uuid4(),
        "title": "Statistics",
        "summary": "",
        "pass_mark": Decimal("0.5"),
        "items": (DraftItem(item=question()),),
    }

    EditionDraft.model_validate(values)
    with pytest.raises(ValidationError):
        EditionDraft.model_validate({**values, **broken})


def test_a_question_goes_into_the_bank_whole() -> None:
    place = university()
    draft = EditionDraft(
        assessment_id=create_assessment(place.id, "Statistics"),
        title="Statistics",
        summary="",
        pass_mark=Decimal("0.5"),
        items=(DraftItem(item=question("b", rationale="Since")),),
    )

    edition_id = publish_edition(place.id, draft)

    with transaction(place.id) as session:
        [(_, content)] = queries.list_edition_content(session, edition_id)
    assert content["key"] == "b"
    assert content["type"] == "single_choice"
    assert content["rationale"] == "Since"


def test_versions_that_run_side_by_side_read_each_others_editions() -> None:
    place = university()
    edition_id = published(place, keys="a")
    with transaction(place.id) as session:
        edition = session.scalars(select(Edition).where(Edition.id == edition_id)).one()
        assert "language" not in edition.details, "the version before knows no such field"
        edition.details = {**edition.details, "what_a_later_version_says": 1}

    with transaction(place.id) as session:
        details = queries.get_details(session, edition_id)

    assert details.supervision == "unsupervised"
