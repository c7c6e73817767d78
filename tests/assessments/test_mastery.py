"""What a result says of each competency, by its own mark, and of the whole."""

from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask

from lti_tool.assessments import review
from lti_tool.assessments.drafts import Band, CompetencyAdvice, EditionDetails
from lti_tool.assessments.review import CompetencyResult, ReviewedItem, Standing
from lti_tool.assessments.rules import FormItem
from lti_tool.core.ids import ItemVersionId, new_id
from tests.assessments.factories import question
from tests.assessments.test_answers_shown import RIGHT, WRONG

DETAILS = EditionDetails(
    competency_marks={"Base rates": Decimal("0.6")},
    competency_advice={
        "Base rates": CompetencyAdvice(mastered="You *count*.", not_yet="Look <again>.")
    },
    bands=(
        Band(begins=Decimal("0.9"), words="Excellent"),
        Band(begins=Decimal("0.5"), words="Good"),
    ),
)
# Each is worth two points.
WAITING = replace(WRONG, needs_marking=True)


def result_of(*reviewed: ReviewedItem, details: EditionDetails = DETAILS) -> CompetencyResult:
    """Return what these answers come to in the one competency that they show."""
    form = [
        FormItem(
            id=ItemVersionId(new_id()),
            number=number,
            item=question(),
            order=("a", "b", "c", "d"),
            points=one.points,
            competency="Base rates",
        )
        for number, one in enumerate(reviewed, 1)
    ]
    [found] = review.by_competency(("Base rates", "Unasked"), form, reviewed, details)
    return found


@pytest.mark.parametrize(
    ("answers", "standing", "words"),
    [
        ([RIGHT, RIGHT, RIGHT, WRONG, WRONG], Standing.MASTERED, "You <em>count</em>."),
        ([RIGHT, RIGHT, WRONG, WRONG, WRONG], Standing.NOT_YET, "Look &lt;again&gt;."),
        ([RIGHT, RIGHT, WAITING, WRONG, WRONG], Standing.WAITING, None),
        ([RIGHT, WAITING, WRONG, WRONG, WRONG], Standing.NOT_YET, "Look &lt;again&gt;."),
        ([RIGHT, RIGHT, RIGHT, WAITING, WRONG], Standing.MASTERED, "You <em>count</em>."),
    ],
)
def test_a_competency_is_judged_by_its_own_mark(
    answers: list[ReviewedItem], standing: Standing, words: str | None
) -> None:
    found = result_of(*answers)

    assert (found.needed, found.standing, found.advice) == (Decimal(6), standing, words)


def test_a_competency_without_a_mark_has_points_only() -> None:
    found = result_of(RIGHT, WRONG, details=EditionDetails())

    assert (found.earned, found.possible) == (Decimal(2), Decimal(4))
    assert (found.needed, found.standing, found.advice) == (None, None, None)


@pytest.mark.parametrize(
    ("earned", "words"), [("4.9", None), ("5", "Good"), ("8.9999", "Good"), ("9", "Excellent")]
)
def test_the_highest_band_that_a_result_reaches_has_the_word(
    earned: str, words: str | None
) -> None:
    assert review.band_of(DETAILS, Decimal(earned), Decimal(10)) == words


def test_a_learner_reads_how_far_each_competency_is_shown(app: Flask) -> None:
    mastery = app.jinja_env.get_template("_macros/answers.html").module.mastery  # type: ignore[attr-defined]  # of the template

    shown = str(mastery([result_of(RIGHT, WRONG, WRONG)]))

    assert "Not yet" in shown
    assert "2 of 6 points; 3.6 needed." in " ".join(shown.split())
    assert "Look &lt;again&gt;." in shown
