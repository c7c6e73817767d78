"""How templates tell what became of an answer."""

from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from markupsafe import Markup

from lti_tool.assessments.review import ReviewedItem
from lti_tool.core.ids import ItemVersionId, new_id

RIGHT = ReviewedItem(
    id=ItemVersionId(new_id()),
    number=1,
    title=None,
    stem=Markup("How many?"),
    chosen=Markup("Two"),
    is_right=True,
    needs_marking=False,
    by_person=False,
    points_earned=Decimal(2),
    points=Decimal(2),
    feedback=None,
    key=Markup("Two"),
    rationale=None,
    references=None,
    late=None,
    files=(),
    criteria=(),
    comment=None,
)
PARTLY = replace(RIGHT, is_right=False, points_earned=Decimal(1))
WRONG = replace(PARTLY, points_earned=Decimal(0))


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (RIGHT, "Right"),
        (PARTLY, "Partly right: 1 of 2"),
        (WRONG, "Not right"),
        (replace(WRONG, chosen=None), "No answer"),
        (replace(WRONG, needs_marking=True), "Waiting for marking"),
        (replace(PARTLY, by_person=True), "Marked: 1 of 2"),
    ],
)
def test_an_answer_is_called_what_it_was(app: Flask, item: ReviewedItem, words: str) -> None:
    assert words in macro(app, "verdict", item)


def test_what_is_right_is_told_beside_what_is_not(app: Flask) -> None:
    assert "Right is" in macro(app, "grounds", PARTLY)
    assert "Right is" not in macro(app, "grounds", RIGHT)


def macro(app: Flask, name: str, item: ReviewedItem) -> str:
    module = app.jinja_env.get_template("_macros/answers.html").module
    return str(getattr(module, name)(item))
