"""The item bank at the desk: found by what it is, used again, retired, and what answers tell."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from lti_tool.assessments import queries
from lti_tool.assessments.bank import ItemStatistics, ItemStatus
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.errors import NotTakeableError
from lti_tool.assessments.models import Attempt, Edition, EditionItem, ItemVersion, Response
from lti_tool.assessments.queries import BankFilter
from lti_tool.assessments.services import (
    create_assessment,
    drafting,
    publish_edition,
    set_item_status,
    take_item,
)
from lti_tool.core import audit, clock
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId, ItemId, ItemVersionId, UserId, new_id
from lti_tool.platforms.models import User
from tests.assessments.factories import University, placed, question, university
from tests.assessments.services.test_regrading import banked, corrected, do, take
from tests.helpers import shared_folder


@pytest.fixture
def place(database: object) -> University:  # noqa: ARG001 - the rows
    return university()


def published(place: University, title: str, *entries: DraftItem) -> AssessmentId:
    assessment_id = create_assessment(place.id, title)
    names = tuple(dict.fromkeys(one.competency for one in entries if one.competency))
    publish_edition(
        place.id,
        EditionDraft(
            assessment_id=assessment_id,
            title=title,
            summary="",
            competencies=names,
            pass_mark=Decimal("0.5"),
            items=entries,
        ),
    )
    return assessment_id


def found(place: University, **wanted: str) -> list[str]:
    with transaction(place.id) as session:
        rows, _ = queries.list_bank(session, BankFilter(**wanted))  # type: ignore[arg-type]  # words
    return sorted(row.name for row in rows)


def item_ids(place: University) -> dict[str, ItemId]:
    with transaction(place.id) as session:
        rows, _ = queries.list_bank(session, BankFilter())
    return {row.name: row.item_id for row in rows}


def test_questions_are_found_by_words_kind_status_difficulty_and_competency(
    place: University,
) -> None:
    published(
        place,
        "Figures",
        DraftItem(item=question(title="A risk", difficulty="hard"), competency="Risk"),
        DraftItem(item=question(title="A chart 100%", difficulty="easy"), competency="Charts"),
        DraftItem(item=question(title="A rate")),
    )
    published(university(), "Elsewhere", DraftItem(item=question(title="A stranger")))
    ids = item_ids(place)
    set_item_status(place.id, ids["A rate"], ItemStatus.REVIEWED, reason="Read", actor=SYSTEM)

    assert found(place) == ["A chart 100%", "A rate", "A risk"]
    assert found(place, words="RISK") == ["A risk"]
    assert found(place, words="0%") == ["A chart 100%"]
    assert found(place, competency="Charts") == ["A chart 100%"]
    assert found(place, difficulty="hard") == ["A risk"]
    assert found(place, status="reviewed") == ["A rate"]
    assert found(place, type="numeric") == []
    assert found(place, type="single_choice", difficulty="easy") == ["A chart 100%"]


def test_the_bank_comes_in_pages(place: University) -> None:
    entries = [DraftItem(item=question(title=f"Question {n}")) for n in range(60)]
    published(place, "Long", *entries)

    with transaction(place.id) as session:
        first, more = queries.list_bank(session, BankFilter())
        second, none = queries.list_bank(session, BankFilter(after=first[-1].item_id))

    assert (len(first), more, len(second), none) == (50, True, 10, False)
    assert len({row.item_id for row in [*first, *second]}) == 60


def test_a_question_is_used_in_another_assessment_as_itself_or_as_a_new_one(
    place: University,
) -> None:
    published(place, "Figures", DraftItem(item=question(title="A risk")))
    other = create_assessment(place.id, "Other")
    drafting.begin_draft(place.id, other)
    item_id = item_ids(place)["A risk"]

    take_item(place.id, item_id, other, as_new=False)
    with pytest.raises(NotTakeableError):
        take_item(place.id, item_id, other, as_new=False)
    take_item(place.id, item_id, other, as_new=True)

    with transaction(place.id) as session:
        draft = drafting.get_draft(session, other)
        assert [one.item_id for one in draft.questions] == [item_id, None]
        drafting.get_draft(session, other, lock=True).draft.form = {
            **draft.rules,
            "title": "Other",
            "pass_mark_how": "Guessed",
            "pass_mark_by": "Us",
        }
    drafting.publish_draft(place.id, other, actor=SYSTEM)
    with transaction(place.id) as session:
        known = queries.get_bank_item(session, item_id)
        versions = session.scalars(select(ItemVersion)).all()
    assert [(use.assessment, use.version) for use in known.uses] == [("Figures", 1), ("Other", 1)]
    assert len(versions) == 2


def test_an_older_version_that_says_just_the_same_is_taken_again(place: University) -> None:
    published(place, "Figures", DraftItem(item=question("a")))
    [item_id] = item_ids(place).values()
    other = published(place, "Other", DraftItem(item=question("b"), item_id=item_id))
    publish_edition(
        place.id,
        EditionDraft(
            assessment_id=other,
            title="Other",
            summary="",
            pass_mark=Decimal("0.5"),
            items=(DraftItem(item=question("a"), item_id=item_id),),
        ),
    )

    with transaction(place.id) as session:
        versions = [one.number for one in queries.get_bank_item(session, item_id).versions]
    assert versions == [2, 1]


def test_a_retired_question_is_taken_into_no_draft(place: University) -> None:
    published(place, "Figures", DraftItem(item=question(title="A risk")))
    other = create_assessment(place.id, "Other")
    drafting.begin_draft(place.id, other)
    item_id = item_ids(place)["A risk"]
    for _ in range(2):
        set_item_status(place.id, item_id, ItemStatus.RETIRED, reason="Known", actor=SYSTEM)

    with pytest.raises(NotTakeableError):
        take_item(place.id, item_id, other, as_new=True)

    with transaction(place.id) as session:
        [entry] = audit.list_entries(session, object_kind="item", object_id=item_id)
    assert (entry.act, entry.reason) == ("set_item_status", "Known")
    assert entry.facts == {"status": "retired", "status_before": "unreviewed"}
    with pytest.raises(NotFoundError):
        set_item_status(university().id, item_id, ItemStatus.REVIEWED, reason="", actor=SYSTEM)


def test_what_answers_tell_follows_a_regrade(place: University) -> None:
    placement_id = placed(place)
    for word in ("abc", "abd", "add", "ddd"):
        take(place, placement_id, word)
    first, second, third = banked(place, placement_id)

    def means() -> list[Decimal | None]:
        with transaction(place.id) as session:
            told = queries.item_statistics(session, [first, second, third])
        return [told[one].mean for one in (first, second, third)]

    assert means() == [Decimal("0.75"), Decimal("0.5"), Decimal("0.25")]
    do(place, placement_id, corrected(place, placement_id, "abd"))
    assert means() == [Decimal("0.75"), Decimal("0.5"), Decimal("0.75")]


@pytest.mark.parametrize("name", ["LSAT6", "LSAT7"])
def test_they_agree_with_published_figures(place: University, name: str) -> None:
    figures = shared_folder("psychometrics") / "lsat_reference.json"
    known = json.loads(figures.read_text())[name]
    placement_id = placed(place)
    questions = [DraftItem(item=question(title=f"Item {n}")) for n in range(5)]
    assessment_id = published(place, name, *questions)
    now = clock.now()
    with transaction(place.id) as session:
        edition_id, versions = asked(session, assessment_id)
        form = [{"item_version_id": str(one)} for one, _ in versions]
        users, attempts, responses = [], [], []
        for pattern, times in enumerate(known["freq"]):
            right = [int(bit) for bit in f"{pattern:05b}"]
            for _ in range(times):
                user_id, attempt_id = UserId(new_id()), new_id()
                users.append({"id": user_id, "issuer": name, "subject": str(user_id)})
                attempts.append(
                    {
                        "id": attempt_id,
                        "placement_id": placement_id,
                        "edition_id": edition_id,
                        "user_id": user_id,
                        "number": 1,
                        "form": form,
                        "started_at": now,
                        "submitted_at": now,
                        "ended_by": "learner",
                        "points_earned": sum(right),
                        "points_possible": 5,
                        "passed": sum(right) > 2,
                    }
                )
                # Who has it wrong may have given no answer at all.
                responses += [
                    {
                        "id": new_id(),
                        "attempt_id": attempt_id,
                        "item_version_id": version_id,
                        "value": ["a"],
                        "save_id": attempt_id,
                        "page_id": attempt_id,
                        "sequence": 1,
                        "saved_at": now,
                        "points_earned": 1,
                    }
                    for (version_id, _), got in zip(versions, right, strict=True)
                    if got
                ]
        session.execute(insert(User), users)
        session.execute(insert(Attempt), attempts)
        session.execute(insert(Response), responses)

    with transaction(place.id) as session:
        told = queries.item_statistics(session, [item_id for _, item_id in versions])

    for (_, item_id), mean, rest in zip(versions, known["p"], known["pbis_corrected"], strict=True):
        assert told[item_id].answers == 1000
        assert float(told[item_id].mean or 0) == pytest.approx(mean, abs=5e-4)
        assert told[item_id].discrimination == pytest.approx(rest, abs=5e-5)


def asked(
    session: Session, assessment_id: AssessmentId
) -> tuple[EditionId, list[tuple[ItemVersionId, ItemId]]]:
    """Return the edition of an assessment, and its questions in order."""
    edition_id = session.scalars(
        select(Edition.id).where(Edition.assessment_id == assessment_id)
    ).one()
    rows = session.execute(
        select(ItemVersion.id, ItemVersion.item_id)
        .join(EditionItem, EditionItem.item_version_id == ItemVersion.id)
        .where(EditionItem.edition_id == edition_id)
        .order_by(EditionItem.position)
    )
    return edition_id, [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(
    ("answers", "mean", "discrimination", "says"),
    [
        (29, "0.99", -0.5, 0),
        (30, "0.5", -0.01, 1),
        (30, "0.5", 0.05, 1),
        (30, "0.96", 0.05, 2),
        (30, "0.1", 0.4, 1),
        (30, "0.5", 0.4, 0),
    ],
)
def test_few_answers_are_not_judged(
    answers: int, mean: str, discrimination: float, says: int
) -> None:
    told = ItemStatistics(
        answers=answers, mean=Decimal(mean), spread=0.5, discrimination=discrimination
    )
    assert len(told.remarks) == says
    assert (told.told_discrimination is None) == (answers < 30)
    assert told.interval is not None
    low, high = told.interval
    assert 0 <= low <= float(told.mean or 0) <= high <= 1
