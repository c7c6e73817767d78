import json
from dataclasses import asdict, fields, is_dataclass
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from lti_tool.assessments import items
from lti_tool.assessments.errors import UnreadableResponseError
from lti_tool.assessments.items.union import Item
from tests.assessments.factories import question
from tests.assessments.items.samples import SAMPLES, WRITTEN, sample, seeded

TYPES = sorted(SAMPLES)
ALL_TYPES = sorted([*SAMPLES, *WRITTEN])


def test_there_is_a_sample_of_every_type() -> None:
    union, _ = get_args(Item)

    assert {kind.model_fields["type"].default for kind in get_args(union)} == set(ALL_TYPES)


def test_an_item_that_is_made_here_says_the_version_that_is_read_back() -> None:
    union, _ = get_args(Item)

    for kind in get_args(union):
        version = kind.model_fields["version"]
        assert get_args(version.annotation) == (version.default,)


@pytest.mark.parametrize("type_", ALL_TYPES)
def test_what_a_learner_is_shown_holds_no_key(type_: str) -> None:
    item = sample(type_)

    shown = item.shown(item.draw(seeded()).options)

    text = repr(asdict(shown))
    assert "<em>question</em>" in text
    assert "SECRET" not in text
    assert "key" not in text
    assert "98765" not in text
    assert not [name for name in _names(shown) if name in {"key", "keys", "feedback", "share"}]


def _names(shown: object) -> list[str]:
    """Return the attributes of what is shown, at any depth; nothing stored may be among it."""
    assert not isinstance(shown, BaseModel)
    if isinstance(shown, tuple):
        return [name for part in shown for name in _names(part)]
    if not is_dataclass(shown):
        return []
    own = [field.name for field in fields(shown)]
    return own + [name for each in own for name in _names(getattr(shown, each))]


@pytest.mark.parametrize("type_", ALL_TYPES)
def test_an_item_survives_being_stored(type_: str) -> None:
    item = sample(type_)

    stored = item.model_dump(mode="json", exclude_none=True)

    assert items.read_item(json.loads(json.dumps(stored))) == item


@pytest.mark.parametrize("type_", TYPES)
def test_the_key_earns_all_and_nothing_earns_nothing(type_: str) -> None:
    item, (_, right, wrong) = sample(type_), SAMPLES[type_]

    item.draw(seeded()).check(right)

    assert item.score(right) == items.Score(share=Decimal(1))
    assert item.score(wrong).share == 0
    assert item.score([]).share == 0
    assert item.problem(right) is None
    assert item.problem([]) is None


@pytest.mark.parametrize("type_", TYPES)
def test_looking_back_tells_what_was_given_and_what_is_right(type_: str) -> None:
    item, (_, right, wrong) = sample(type_), SAMPLES[type_]

    assert item.told([]).given is None
    assert item.told([]).feedback is None
    assert item.told(wrong).given != item.told(right).given
    if type_ in {"single_choice", "multiple_choice", "true_false", "matching", "ordering"}:
        assert item.told(right).given == item.told(right).key


def words(takes: items.Takes) -> st.SearchStrategy[list[str]]:
    """Return every answer that the attempt lets through, and much that people type."""
    options = list(takes.options)
    if takes.takes == "one":
        return st.lists(st.sampled_from(options), max_size=1)
    if takes.takes == "several":
        return st.lists(st.sampled_from(options), unique=True)
    typed = st.text(max_size=40).filter(lambda text: "\0" not in text)
    return st.tuples(
        *(
            typed if isinstance(place, int) else st.sampled_from(["", *place])
            for place in takes.places
        )
    ).map(list)


@pytest.mark.parametrize("type_", TYPES)
@given(data=st.data())
def test_whatever_an_attempt_takes_can_be_scored_and_told(type_: str, data: st.DataObject) -> None:
    item = sample(type_)
    takes = item.draw(seeded())
    value = data.draw(words(takes))

    takes.check(value)

    assert 0 <= item.score(value).share <= 1
    told = item.told(value)
    assert (told.given is None) == items.is_blank(value)
    assert "<script" not in f"{told.given}{told.feedback}{told.key}"
    item.problem(value)


def test_what_was_written_is_shown_as_text() -> None:
    hostile = "<img src=x onerror=alert(1)>"

    for type_, value in [("short_text", [hostile]), ("fill_in_blanks", [hostile, ""])]:
        given = sample(type_).told(value).given
        assert given is not None
        assert "<img" not in given
        assert "&lt;img" in given


@pytest.mark.parametrize(
    "broken",
    [
        {"key": "z"},
        {"options": [{"id": "a", "text": "One"}]},
        {"options": [{"id": "a", "text": "One"}, {"id": "a", "text": "Two"}]},
        {"options": [{"id": "a b", "text": "One"}, {"id": "a", "text": "Two"}]},
        {"stem": ""},
        {"stem": "![](image:" + "0" * 64 + ")"},
        {"type": "hotspot"},
        {"type": "multiple_choice"},
        {"type": None},
        {"version": 2},
        {"points": 3},
    ],
)
def test_an_item_that_cannot_be_asked_is_refused(broken: dict[str, object]) -> None:
    stored = question("a").model_dump(mode="json")
    items.read_item(stored)  # whole it is taken

    with pytest.raises(ValidationError):
        items.read_item({**stored, **broken})


@pytest.mark.parametrize(
    ("takes", "value"),
    [
        ({"options": ["a", "b"]}, ["e"]),
        ({"options": ["a", "b"]}, ["a", "b"]),
        ({"options": ["a", "b"]}, ["a", "a"]),
        ({"options": ["a", "b"]}, ["A"]),
        ({"options": ["a", "b"]}, [""]),
        ({"takes": "several", "options": ["a", "b"]}, ["a", "a"]),
        ({"takes": "several", "options": ["a", "b"]}, ["a", "c"]),
        ({"takes": "places", "places": [3]}, ["four"]),
        ({"takes": "places", "places": [3]}, ["a", "b"]),
        ({"takes": "places", "places": [3]}, ["\0"]),
        ({"takes": "places", "places": [3, ["a", "b"]]}, ["1"]),
        ({"takes": "places", "places": [3, ["a", "b"]]}, ["1", "c"]),
    ],
)
def test_a_value_that_was_not_offered_is_refused(
    takes: dict[str, object], value: list[str]
) -> None:
    with pytest.raises(UnreadableResponseError):
        items.Takes.model_validate(takes).check(value)


def test_no_answer_is_always_taken() -> None:
    for type_ in ALL_TYPES:
        sample(type_).draw(seeded()).check([])
