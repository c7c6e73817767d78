"""Every type of question as a form and back again."""

import pytest

from lti_tool.assessments import authoring
from lti_tool.assessments.authoring import KINDS
from lti_tool.assessments.regrading import can_score
from tests.assessments.items.samples import SAMPLES, WRITTEN, sample

TYPES = sorted({*SAMPLES, *WRITTEN})


def sent(form: authoring.Form) -> dict[str, str]:
    """Return a form as a browser sends it."""
    fields = {}
    for name, value in form.items():
        if isinstance(value, str):
            fields[name] = value
        elif isinstance(value, list):
            for number, row in enumerate(value):
                fields |= {f"{name}-{number}-{column}": words for column, words in row.items()}
    return fields


@pytest.mark.parametrize("type_", TYPES)
def test_a_question_that_is_opened_and_sent_again_is_the_same(type_: str) -> None:
    item = sample(type_)
    form = authoring.form_of(item)

    again, problems = authoring.read(authoring.sent_form(form, sent(form)))

    assert problems == ()
    assert again is not None
    assert can_score(item, again)
    before, after = item.model_dump(), again.model_dump()
    for unordered in ("choices", "gaps"):
        if unordered in before:
            before[unordered] = sorted(before[unordered], key=repr)
            after[unordered] = sorted(after[unordered], key=repr)
    assert after == before


def test_bounds_of_a_long_text_that_no_control_says_stay() -> None:
    item = sample("long_text").model_copy(update={"longest": 500, "lines": 4})
    form = authoring.form_of(item)

    again, _ = authoring.read(authoring.sent_form(form, sent({**form, "longest": [], "lines": []})))

    assert again == item


def test_there_is_a_form_for_every_type() -> None:
    assert set(KINDS) == set(TYPES)


@pytest.mark.parametrize("type_", TYPES)
def test_an_empty_form_says_what_is_missing_and_keeps_what_is_typed(type_: str) -> None:
    form = authoring.sent_form(authoring.empty_form(type_), {"title": " Begun ", "points": "x"})

    item, problems = authoring.read(form)

    assert item is None
    assert "Write the question." in [problem.says for problem in problems]
    assert (form["title"], form["points"]) == ("Begun", "x")


def test_rows_are_added_moved_and_taken_away_by_buttons() -> None:
    form = authoring.form_of(sample("single_choice"))

    moved = authoring.arranged(authoring.arranged(form, "down-options-0"), "remove-options-3")
    more = authoring.arranged(moved, "add-options")

    assert [row.get("id") for row in more["options"]] == ["b", "a", "c", None]
    assert authoring.arranged(form, "up-options-0") == form
    assert authoring.arranged(form, "remove-nothing-99") == form


def test_a_new_answer_gets_an_id_that_no_other_has() -> None:
    form = authoring.form_of(sample("single_choice"))
    form["options"] = [
        {"id": "o1", "text": "One", "right": "1"},
        {"text": "Two"},
        {"text": ""},
        {"text": "Three"},
    ]

    item, problems = authoring.read(form)

    assert problems == ()
    assert item is not None
    assert [option["id"] for option in item.model_dump()["options"]] == ["o1", "o2", "o3"]


def test_what_is_wrong_with_a_row_is_said_at_the_row() -> None:
    form = authoring.form_of(sample("short_text"))
    form["answers"] = [{}, {"text": "word", "share": "many"}]

    _, problems = authoring.read(form)

    assert [(one.at, one.says) for one in problems] == [
        ("answers-1-share", "Enter a number, like 2 or 2.5.")
    ]


def test_an_image_without_its_text_is_named_at_its_field() -> None:
    form = authoring.form_of(sample("single_choice"))
    form["stimulus"] = f"![](image:{'0' * 64})"

    _, problems = authoring.read(form)

    assert [one.at for one in problems] == ["stimulus"]
    assert "no alternative text" in problems[0].says


def test_two_right_answers_are_too_many_for_one_choice() -> None:
    form = authoring.form_of(sample("single_choice"))
    form["options"][0]["right"] = form["options"][1]["right"] = "1"

    assert authoring.read(form)[1][0].at == "options"
