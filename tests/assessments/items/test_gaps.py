from decimal import Decimal

import pytest
from pydantic import ValidationError

from lti_tool.assessments.items.gaps import ShownGaps
from tests.assessments.items.samples import INLINE, sample, seeded


@pytest.mark.parametrize(
    ("type_", "value"),
    [("inline_choice", ["is", "is"]), ("fill_in_blanks", ["secret spider", "six"])],
)
def test_each_gap_earns_its_part_or_all_only_together(type_: str, value: list[str]) -> None:
    assert sample(type_).score(value).share == Decimal("0.5")
    assert sample(type_, credit="all_or_nothing").score(value).share == 0


def test_words_belong_to_gaps_in_the_order_of_the_text() -> None:
    item = sample("inline_choice")

    assert item.draw(seeded()).places == (("is", "was"), ("is", "was"))
    assert item.told(["is", ""]).given == (
        "<p>This <strong>is</strong> now and that <strong>…</strong> then.</p>\n"
    )
    assert item.told(["is", ""]).feedback == "<p>SECRET is</p>\n"
    assert item.problem(["is", ""]) == "1 of 2 still open."


def test_a_gap_is_worth_what_its_answer_is() -> None:
    gaps = [
        {"id": "x", "answers": [{"text": "spider"}, {"text": "insect", "share": "0.5"}]},
        {"id": "y", "answers": [{"text": "eight"}, {"text": "8"}]},
    ]
    item = sample("fill_in_blanks", gaps=gaps)

    assert item.score(["Insect", "8"]).share == Decimal("0.75")
    assert item.told(["a", "b"]).key == (
        "<p>A <strong>spider</strong> has</p>\n<ul>\n<li><strong>eight</strong> legs</li>\n</ul>\n"
    )


def test_feedback_is_for_those_who_wrote_that_answer() -> None:
    item = sample("fill_in_blanks")

    assert item.told(["secret spider", ""]).feedback == "<p>SECRET</p>\n"
    assert item.told(["fly", "secret eight"]).feedback is None
    assert item.told(["", ""]).feedback is None
    assert item.told(["", ""]).given is None


def test_gaps_stand_where_the_author_put_them() -> None:
    shown = sample("fill_in_blanks").shown(())

    assert isinstance(shown, ShownGaps)
    assert [(piece, gap.number if gap else None) for piece, gap in shown.pieces] == [
        ("<p>A ", 1),
        (" has</p>\n<ul>\n<li>", 2),
        (" legs</li>\n</ul>\n", None),
    ]
    assert shown.gaps == 2


@pytest.mark.parametrize(
    "text",
    [
        "No gap",
        "Only [[x]]",
        "[[x]] [[y]] [[x]]",
        "[[x]] [[y]] [[z]]",
        "[[x]] and [a link](https://x.example/[[y]])",
    ],
)
def test_a_text_that_does_not_fit_its_gaps_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        sample("inline_choice", text=text)


def test_a_gap_without_its_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        sample("inline_choice", text="[[x]]", gaps=[{"id": "x", "options": INLINE, "key": "be"}])
