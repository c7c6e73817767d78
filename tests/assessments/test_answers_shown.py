"""How templates tell what became of an answer."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask import Flask
from markupsafe import Markup

from lti_tool.assessments.conditions import Conditions, Shown
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


CLOSES = datetime(2027, 3, 16, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("held", "shown", "told"),
    [
        (Conditions(), "", ["The right answers are shown when you have passed"]),
        (Conditions(), "key", []),
        (
            Conditions(feedback_shown=Shown.SETTLED),
            "",
            ["Feedback on your answers is shown when you have passed", "The right answers are"],
        ),
        (
            Conditions(feedback_shown=Shown.AFTER_WINDOW, key_shown=Shown.NEVER, closes_at=CLOSES),
            "",
            ["Feedback on your answers is shown after", "does not show the right answers"],
        ),
        (
            Conditions(feedback_shown=Shown.AFTER_WINDOW),
            "key",
            ["Feedback on your answers is shown when this activity has closed for everybody"],
        ),
        (Conditions(feedback_shown=Shown.NEVER), "key", ["does not show feedback on single"]),
        (
            Conditions(
                answers_shown=Shown.AFTER_WINDOW,
                feedback_shown=Shown.AFTER_WINDOW,
                key_shown=Shown.NEVER,
                closes_at=CLOSES,
            ),
            "nothing",
            ["You see your answers", "Feedback on your answers is shown after", "does not show"],
        ),
        (
            Conditions(
                answers_shown=Shown.NEVER, feedback_shown=Shown.NEVER, key_shown=Shown.NEVER
            ),
            "nothing",
            ["shows points only"],
        ),
    ],
)
def test_what_is_not_shown_yet_is_named_with_when_it_will_be(
    app: Flask, held: Conditions, shown: str, told: list[str]
) -> None:
    is_shown = {
        "shows_answers": shown != "nothing",
        "shows_feedback": held.feedback_shown is Shown.AT_ONCE,
        "shows_key": shown == "key",
    }
    with app.test_request_context():
        page = app.jinja_env.get_template("learner/_when_shown.html").render(
            review={"conditions": held, **is_shown}
        )

    paragraphs = re.findall(r"<p class=.soft.>(.*?)</p>", page)
    assert len(paragraphs) == len(told)
    assert all(words in one for words, one in zip(told, paragraphs, strict=True))


def macro(app: Flask, name: str, item: ReviewedItem) -> str:
    module = app.jinja_env.get_template("_macros/answers.html").module
    return str(getattr(module, name)(item))
