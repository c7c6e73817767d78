from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.assessments.items.samples import sample


@pytest.mark.parametrize(
    ("answer", "counts", "given", "is_right"),
    [
        ("standard deviation", {}, "  Standard   DEVIATION ", True),
        ("standard deviation", {}, "standarddeviation", False),
        ("standard deviation", {"spaces": False}, "standarddeviation", True),
        ("Straße", {}, "STRASSE", True),
        ("pH", {"case": True}, "PH", False),
        ("pH", {"case": True}, "pH", True),
        ("café", {}, "cafe", False),
        ("café", {"accents": False}, "cafe", True),
        ("cafe", {"accents": False}, "cafe\u0301", True),
        ("caf\u00e9", {}, "cafe\u0301", True),
        ("Fisher's test", {}, "Fisher\u2019s test", True),
        ("x-ray", {}, "x\u2013ray", True),
        ("ja", {}, "nej", False),
        ("ja", {}, "", False),
    ],
)
def test_what_makes_two_texts_differ_is_the_authors_rule(
    answer: str,
    counts: dict[str, bool],
    given: str,
    is_right: bool,  # noqa: FBT001 - a parameter
) -> None:
    item = sample("short_text", answers=[{"text": answer}], counts=counts)

    assert item.score([given]).share == int(is_right)


def test_several_answers_are_worth_what_the_author_says() -> None:
    item = sample(
        "short_text",
        answers=[
            {"text": "median"},
            {"text": "middle value"},
            {"text": "average", "share": "0.25", "feedback": "Which average?"},
            {"text": "mean", "share": "0", "feedback": "That is another one."},
        ],
    )

    shares = [item.score([word]).share for word in ("Median", "middle value", "average", "mean")]
    assert shares == [1, 1, Decimal("0.25"), 0]
    assert item.told(["mean"]).feedback == "<p>That is another one.</p>\n"
    assert item.told(["x"]).key == "<ul><li>median</li><li>middle value</li></ul>"


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [{"text": "a", "share": "0.5"}],
        [{"text": "a"}, {"text": "A", "share": "0"}],
        [{"text": "\u0301"}],
        [{"text": "a", "share": "1.5"}],
    ],
)
def test_answers_that_cannot_be_told_apart_or_earned_are_refused(answers: list[object]) -> None:
    with pytest.raises(ValidationError):
        sample("short_text", answers=answers, counts={"accents": False})


@pytest.mark.parametrize(
    ("answer", "given", "is_right"),
    [
        ({"value": "2.5"}, "2.5", True),
        ({"value": "2.5"}, "2,50", True),
        ({"value": "2.5"}, "2.51", False),
        ({"value": "0.3", "tolerance": "0.1"}, "0.4", True),
        ({"value": "0.3", "tolerance": "0.1"}, "0.2", True),
        ({"value": "0.3", "tolerance": "0.1"}, "0.40000000000000000001", False),
        ({"value": "200", "tolerance": "0.05", "tolerance_is": "relative"}, "210", True),
        ({"value": "200", "tolerance": "0.05", "tolerance_is": "relative"}, "210.1", False),
        ({"value": "-200", "tolerance": "0.05", "tolerance_is": "relative"}, "-210", True),
        ({"low": "1", "high": "2"}, "1", True),
        ({"low": "1", "high": "2"}, "2.0", True),
        ({"low": "1", "high": "2"}, "2.001", False),
        ({"value": "0"}, "-0", True),
    ],
)
def test_a_number_is_right_within_its_tolerance_or_range(
    answer: dict[str, str],
    given: str,
    is_right: bool,  # noqa: FBT001 - a parameter
) -> None:
    item = sample("numeric", units=[], answers=[answer])

    assert item.score([given]).share == int(is_right)


def test_the_first_answer_that_holds_counts() -> None:
    item = sample(
        "numeric",
        units=[],
        answers=[
            {"value": "0.1"},
            {"low": "0.05", "high": "0.15", "share": "0.5"},
            {"value": "10", "share": "0", "feedback": "In percent."},
        ],
    )

    assert [item.score([n]).share for n in ("0.1", "0.12", "10")] == [1, Decimal("0.5"), 0]
    assert item.told(["10"]).feedback == "<p>In percent.</p>\n"


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"value": "70"}, "70"),
        ({"value": "70", "tolerance": "0.5"}, "70 ± 0.5"),
        ({"value": "70", "tolerance": "0.05", "tolerance_is": "relative"}, "70 ± 5%"),
        ({"low": "2", "high": "2.5"}, "2 to 2.5"),
        ({"low": "2", "high": "2"}, "2 to 2"),
    ],
)
def test_the_key_says_what_counts(answer: dict[str, object], key: str) -> None:
    assert sample("numeric", units=[], answers=[answer]).told([]).key == key


def test_units_are_converted_and_one_that_is_missing_is_said() -> None:
    item = sample("numeric")

    assert item.score(["98765.4", "m"]).share == 1
    assert item.score(["98.7654", "km"]).share == 1
    assert item.problem(["98765", ""]) == "Choose a unit as well."
    assert item.score(["98765", ""]).share == 0
    assert item.told(["98.765", "km"]).given == "98.765 km"
    assert item.told([]).key == "98765 ± 0.5 m"


def test_the_unit_asked_for_may_be_written_behind_the_number() -> None:
    item = sample("numeric", units=[], unit="kg", answers=[{"value": "70"}])

    assert [item.score([given]).share for given in ("70", "70 kg", "70kg", "70 g")] == [1, 1, 1, 0]
    assert item.problem(["70 g"]) == "We cannot read this as a number."
    assert item.told(["70 kg"]).given == "70 kg"


@pytest.mark.parametrize(
    "broken",
    [
        {"answers": [{}]},
        {"answers": [{"value": "1", "low": "0", "high": "2"}]},
        {"answers": [{"low": "1"}]},
        {"answers": [{"low": "2", "high": "1"}]},
        {"answers": [{"value": "NaN"}]},
        {"answers": [{"value": "1", "tolerance": "-1"}]},
        {"answers": [{"value": "1", "share": "0.5"}]},
        {"unit": "m"},
        {"units": [{"id": "m", "text": "m"}, {"id": "m", "text": "km"}]},
        {"units": [{"id": "m", "text": "m", "factor": "0"}]},
    ],
)
def test_a_number_that_nobody_can_give_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        sample("numeric", **broken)
