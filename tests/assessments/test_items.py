import json
from dataclasses import asdict

import pytest
from pydantic import ValidationError

from lti_tool.assessments import items
from lti_tool.assessments.errors import UnreadableResponseError
from tests.assessments.factories import question

SECRETS = {
    "key": "c",
    "rationale": "RATIONALE",
    "options": [
        {"id": "a", "text": "One", "feedback": "FEEDBACK A"},
        {"id": "c", "text": "Two", "feedback": "FEEDBACK C"},
    ],
}


def test_what_a_learner_is_shown_holds_no_key() -> None:
    item = items.read_item({"stem": "*Which?*", "stimulus": "A table", **SECRETS})

    shown = items.shown(item, ["c", "a"])

    assert [option.id for option in shown.options] == ["c", "a"]
    assert shown.stem == "<em>Which?</em>"
    text = json.dumps(asdict(shown))
    for word in ("key", "RATIONALE", "FEEDBACK", "rationale", "feedback"):
        assert word not in text


def test_an_item_survives_being_stored() -> None:
    item = question("b", rationale="Because")

    stored = item.model_dump(mode="json", exclude_none=True)

    assert items.read_item(json.loads(json.dumps(stored))) == item


@pytest.mark.parametrize(
    "broken",
    [
        {"key": "z"},
        {"options": [{"id": "a", "text": "One"}]},
        {"options": [{"id": "a", "text": "One"}, {"id": "a", "text": "Two"}]},
        {"options": [{"id": "a b", "text": "One"}, {"id": "a", "text": "Two"}]},
        {"stem": ""},
        {"type": "multiple_choice"},
        {"version": 2},
        {"points": 3},
    ],
)
def test_an_item_that_cannot_be_asked_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        items.read_item({"stem": "Which?", **SECRETS, "key": "a", **broken})


@pytest.mark.parametrize("value", [["e"], ["a", "b"], ["a", "a"], ["A"], [""]])
def test_a_value_that_was_not_offered_is_refused(value: list[str]) -> None:
    with pytest.raises(UnreadableResponseError):
        items.check_value(["a", "b", "c"], value)


@pytest.mark.parametrize(("value", "share"), [(["b"], 1), (["a"], 0), ([], 0), (["b", "a"], 0)])
def test_right_is_the_key_alone(value: list[str], share: int) -> None:
    assert items.share_right(question("b"), value) == share
