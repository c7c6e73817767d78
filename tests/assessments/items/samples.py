"""One question of each type. What no learner may read before the end holds the word SECRET."""

from random import Random
from typing import Any

from lti_tool.assessments.items import Item, read_item

HEAD = {
    "title": "A title",
    "stimulus": "The material",
    "stem": "The *question*",
    "rationale": "SECRET why",
    "references": ["SECRET book"],
    "difficulty": "hard",
}
OPTIONS = [
    {"id": "a", "text": "Alpha", "feedback": "SECRET of a"},
    {"id": "b", "text": "Beta"},
    {"id": "c", "text": "Gamma"},
    {"id": "d", "text": "Delta"},
]
INLINE = [{"id": "is", "text": "is", "feedback": "SECRET is"}, {"id": "was", "text": "was"}]
ROWS = [
    {"id": "r1", "text": "**Paris**", "key": "fr", "feedback": "SECRET row"},
    {"id": "r2", "text": "Oslo", "key": "no"},
    {"id": "r3", "text": "Rome", "key": "it"},
]
COUNTRIES = [
    {"id": "fr", "text": "France"},
    {"id": "no", "text": "Norway"},
    {"id": "it", "text": "Italy"},
    {"id": "es", "text": "Spain"},
]

# By type: what is stored, a right answer, a wrong one.
SAMPLES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "single_choice": ({"options": OPTIONS, "key": "b"}, ["b"], ["a"]),
    "multiple_choice": ({"options": OPTIONS, "keys": ["b", "c"]}, ["b", "c"], ["a", "d"]),
    "true_false": ({"key": True, "feedback_false": "SECRET no"}, ["true"], ["false"]),
    "short_text": (
        {"answers": [{"text": "SECRET word", "feedback": "SECRET praise"}]},
        ["Secret  Word"],
        ["another"],
    ),
    "numeric": (
        {
            "answers": [{"value": "98765", "tolerance": "0.5", "feedback": "SECRET"}],
            "units": [{"id": "m", "text": "m"}, {"id": "km", "text": "km", "factor": "1000"}],
        },
        ["98.765", "km"],
        ["98.765", "m"],
    ),
    "inline_choice": (
        {
            "text": "This [[x]] now and that [[y]] then.",
            "gaps": [
                {"id": "y", "options": INLINE, "key": "was"},
                {"id": "x", "options": INLINE, "key": "is"},
            ],
        },
        ["is", "was"],
        ["was", "is"],
    ),
    "fill_in_blanks": (
        {
            "text": "A [[x]] has\n\n- [[y]] legs",
            "gaps": [
                {"id": "y", "answers": [{"text": "SECRET eight"}]},
                {"id": "x", "answers": [{"text": "SECRET spider", "feedback": "SECRET"}]},
            ],
        },
        ["secret spider", "secret eight"],
        ["fly", "six"],
    ),
    "matching": ({"rows": ROWS, "choices": COUNTRIES}, ["fr", "no", "it"], ["no", "it", "fr"]),
    "ordering": ({"options": OPTIONS}, ["a", "b", "c", "d"], ["d", "c", "b", "a"]),
    "categorising": ({"rows": ROWS, "choices": COUNTRIES}, ["fr", "no", "it"], ["es", "es", "es"]),
}

RUBRIC = [
    {
        "id": "argument",
        "text": "SECRET argument",
        "weight": "2",
        "levels": [
            {"id": "none", "text": "SECRET none", "share": "0"},
            {"id": "clear", "text": "SECRET clear", "share": "1"},
        ],
    }
]
# Those that a person marks: what is stored, an answer.
WRITTEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "long_text": (
        {"rubric": RUBRIC, "model_answer": "SECRET", "words": [2, 4]},
        ["One\ntwo\n\nthree"],
    ),
    "file_upload": ({"rubric": RUBRIC, "model_answer": "SECRET", "most": 2}, ["f" * 32]),
}


def sample(type_: str, **changed: object) -> Item:
    stored = SAMPLES[type_][0] if type_ in SAMPLES else WRITTEN[type_][0]
    return read_item({"type": type_, "version": 1, **HEAD, **stored, **changed})


def seeded(seed: int = 1) -> Random:
    return Random(seed)  # noqa: S311 - the same each time
