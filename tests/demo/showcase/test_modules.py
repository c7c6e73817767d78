"""Every key of the showcase worked out again, from the numbers that its question tells."""

import math
import re
import statistics
from collections import Counter
from decimal import Decimal
from functools import cache
from typing import cast

import pytest
from defusedxml import ElementTree

from lti_tool.assessments.items import (
    Categorising,
    FillInBlanks,
    InlineChoice,
    Item,
    LongText,
    Matching,
    MultipleChoice,
    Ordering,
    SingleChoice,
    TrueFalse,
)
from lti_tool.assessments.items.written import FileUpload
from lti_tool.demo.showcase.modules import FOUNDATIONS, SOFT_SKILLS, Module, read_module

ALL = (*FOUNDATIONS, *SOFT_SKILLS)
WAITS = (3, 5, 5, 6, 7, 8, 9, 11, 12, 34)
RENTS = {300: 18, 500: 42, 700: 30, 900: 16, 1100: 9, 1300: 5}
HOURS, POINTS = (1, 2, 3, 4, 5, 6), (48, 55, 57, 66, 68, 72)


@cache
def module(name: str) -> Module:
    return read_module(name, lambda _picture: f"image:{'0' * 64}")


ITEMS = {
    draft.item.title or "": (draft.item, draft.points)
    for name in ALL
    for draft in module(name).items
}


def item(title: str) -> Item:
    return ITEMS[title][0]


def share(title: str, *words: str) -> Decimal:
    return item(title).score(words).share


def told(title: str) -> str:
    """Return everything a learner reads before answering."""
    shown = item(title)
    return re.sub(r"[{}]", "", f"{shown.stimulus} {shown.stem} {getattr(shown, 'text', '')}")


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))]


def rounded(value: float, digits: int) -> str:
    return f"{value:.{digits}f}"


def sample_of(text: str) -> list[float]:
    return [float(word) for word in text.split(", ")]


def test_the_foundations_ask_every_type_and_ten_to_fifteen_questions_each() -> None:
    types = {draft.item.type for name in FOUNDATIONS for draft in module(name).items}

    assert all(10 <= len(module(name).items) <= 15 for name in FOUNDATIONS)
    assert len(types) == 12
    assert len(ITEMS) == sum(len(module(name).items) for name in ALL)  # no title twice


def test_what_the_criteria_say_is_so() -> None:
    words = {12: "twelve", 13: "thirteen", 14: "fourteen"}
    for name in ("describing", "relationships", "inference"):
        told = module(name).criteria
        assert f"{words[len(module(name).items)]} questions" in told
        assert f"{module(name).pass_mark:.0%}" in told
    for name in ("reproducible", *SOFT_SKILLS):
        by_rule = sum(
            draft.points
            for draft in module(name).items
            if not isinstance(draft.item, LongText | FileUpload)
        )
        total = sum(draft.points for draft in module(name).items)
        assert by_rule < total * module(name).pass_mark  # nobody passes unseen
        assert "marked by a person" in module(name).assessment or "a person marks" in (
            module(name).assessment
        )


@pytest.mark.parametrize("title", ITEMS)
def test_a_question_explains_itself_to_who_missed_it(title: str) -> None:
    asked = item(title)
    wrong: list[tuple[str, str | None]] = []
    match asked:
        case SingleChoice():
            wrong = [(o.text, o.feedback) for o in asked.options if o.id != asked.key]
        case MultipleChoice():
            wrong = [(o.text, o.feedback) for o in asked.options if o.id not in asked.keys]
        case TrueFalse():
            wrong = [("judgement", asked.feedback_false if asked.key else asked.feedback_true)]
        case LongText() | FileUpload():
            assert asked.rubric
        case _:
            pass

    assert not [text for text, feedback in wrong if not feedback]
    assert asked.rationale or isinstance(asked, LongText)
    assert asked.difficulty


def test_right_answers_are_not_known_by_their_place_or_length() -> None:
    singles = [asked for asked, _ in ITEMS.values() if isinstance(asked, SingleChoice)]
    fixed = [
        [option.id for option in asked.options].index(asked.key)
        for asked in singles
        if not asked.shuffle
    ]
    longest = sum(
        max(asked.options, key=lambda option: len(option.text)).id == asked.key for asked in singles
    )
    judged = Counter(asked.key for asked, _ in ITEMS.values() if isinstance(asked, TrueFalse))

    assert len(set(fixed)) > 1
    assert longest <= 0.5 * len(singles)
    assert min(judged[True], judged[False]) >= 2


def test_pictures_are_small_and_say_what_their_words_say() -> None:
    pictures: list[bytes] = []

    def keep(picture: bytes) -> str:
        pictures.append(picture)
        return f"image:{'0' * 64}"

    for name in ALL:
        read_module(name, keep)

    texts = ["".join(ElementTree.fromstring(picture).itertext()).split() for picture in pictures]
    assert max(map(len, pictures)) < 4000
    assert {str(count) for count in RENTS.values()} <= set(texts[0])
    for title, picture in (("The shape of the rents", 0), ("Four hours", 1)):
        assert "alt=" in str(item(title).shown(()).stimulus), picture


def test_waits_at_the_desk() -> None:
    assert numbers(told("The mean wait"))[10:20] == list(WAITS)
    mean, median = statistics.mean(WAITS), statistics.median(WAITS)
    rest = WAITS[:-1]

    assert share("The mean wait", str(mean)) == 1
    assert share("The mean wait", str(median)) == 0
    assert share("The median wait", str(median)) == 1
    without = cast("InlineChoice", item("Without the longest wait"))
    said = [
        next(option.text for option in gap.options if option.id == gap.key) for gap in without.gaps
    ]
    means = [rounded(statistics.mean(rest), 1), rounded(statistics.median(rest), 0)]
    assert said == ["mean", "median", *means]
    far = (*rest, 94)
    assert statistics.median(far) == median
    assert statistics.quantiles(far)[::2] == statistics.quantiles(WAITS)[::2]
    assert statistics.mean(far) - mean == 6
    assert (max(far) - min(far)) - (max(WAITS) - min(WAITS)) == 60


def test_a_questionnaire_that_few_answered() -> None:
    sent, answered, exhausted = numbers(told("Who answered"))

    assert exhausted / answered == pytest.approx(0.7)
    assert answered / sent == pytest.approx(0.09)
    assert exhausted / sent == pytest.approx(0.063)


def test_spreads_are_in_order() -> None:
    sets = [sample_of(o.text) for o in cast("Ordering", item("From close to scattered")).options]
    spreads = [statistics.stdev(values) for values in sets]

    assert spreads == sorted(spreads)
    assert [rounded(spread, 1) for spread in spreads] == ["0.0", "0.8", "2.6", "5.8"]
    assert {statistics.mean(values) for values in sets} == {5}


def test_a_standard_deviation_by_hand() -> None:
    values = (2, 4, 6)
    mean = statistics.mean(values)
    squares = sum((value - mean) ** 2 for value in values)
    words = [mean, squares, squares // (len(values) - 1), int(statistics.stdev(values))]

    assert share("A standard deviation by hand", *map(str, words)) == 1


def test_rents() -> None:
    assert numbers(told("Above 900 euros").split("500: ")[1])[0] == RENTS[300]
    middles = [low + 100 for low, count in RENTS.items() for _ in range(count)]
    above = sum(count for low, count in RENTS.items() if low >= 900)

    assert len(middles) == 120
    assert share("Above 900 euros", str(100 * above / len(middles))) == 1
    assert round(statistics.mean(middles)) == 752
    # The 60th rent is the last of the second class, the 61st the first of the third.
    assert RENTS[300] + RENTS[500] == 60


def test_the_regression_line() -> None:
    line = statistics.linear_regression(HOURS, POINTS)
    predicted = line.intercept + 4 * line.slope

    assert line.slope == pytest.approx(4.8)
    assert line.intercept == pytest.approx(44.2)
    assert "44.2 + 4.8" in told("Four hours")
    assert all(
        f"{hours} and {points}" in told("Four hours")
        for hours, points in zip(HOURS, POINTS, strict=True)
    )
    assert share("Four hours", rounded(predicted, 1)) == 1
    assert share("Four hours", rounded(4 * line.slope, 1)) == 0
    residual = POINTS[3] - predicted
    assert share("A residual", rounded(residual, 1)) == 1
    assert share("A residual", rounded(-residual, 1)) == Decimal("0.5")
    assert rounded(line.intercept + 30 * line.slope, 1) == "188.2"


def test_correlations_are_in_order_of_strength() -> None:
    options = cast("Ordering", item("Weak and strong")).options
    sizes = [abs(float(option.text.strip("$r= "))) for option in options]

    assert sizes == sorted(sizes)


def test_a_correlation_knows_no_units_no_direction_and_no_curves() -> None:
    r = statistics.correlation(HOURS, POINTS)

    assert statistics.correlation([60 * hours for hours in HOURS], POINTS) == pytest.approx(r)
    assert statistics.correlation(POINTS, HOURS) == pytest.approx(r)
    assert statistics.correlation((-2, -1, 0, 1, 2), (4, 1, 0, 1, 4)) == pytest.approx(0)
    assert [round(100 * r**2) for r in (0.8, 0.4)] == [64, 16]
    assert set(cast("MultipleChoice", item("Sayings about r")).keys) == {"units", "swap"}


def test_better_together_and_worse_apart() -> None:
    counts = numbers(told("Better together, worse apart").split("Beginners")[1])
    pairs = list(zip(counts[:12:2], counts[1:12:2], strict=True))
    room, online = pairs[::2], pairs[1::2]
    shares = [(a / b, c / d) for (a, b), (c, d) in zip(room, online, strict=True)]

    assert [sum(column) for column in zip(*room[:2], strict=True)] == list(room[2])
    assert [sum(column) for column in zip(*online[:2], strict=True)] == list(online[2])
    better = ["room" if here > there else "online" for here, there in shares]
    most = "beginners" if online[0][1] > online[1][1] else "advanced"
    assert share("Better together, worse apart", *better, most) == 1
    assert better == ["room", "room", "online"]


def test_throws_and_tests() -> None:
    six = 1 - (5 / 6) ** 4
    assert share("At least one six", rounded(six, 3)) == 1
    assert share("At least one six", "671/1296") == 1
    assert share("At least one six", "4/6") == 0
    assert share("At least one six", rounded(1 - six, 3)) == Decimal("0.5")
    any_of_20 = 1 - 0.95**20
    assert share("Twenty tests", rounded(100 * any_of_20, 1)) == 1
    assert share("Twenty tests", "64") == 1
    assert share("Twenty tests", rounded(100 * (1 - any_of_20), 1)) == Decimal("0.5")


def test_a_filter_of_mails() -> None:
    spam_share, found, wrongly = (
        value / 100 for value in numbers(told("Thrown out by the filter"))[:3]
    )
    spam = 1000 * spam_share
    hits, others = spam * found, 1000 - spam
    wrong = others * wrongly
    words = [f"{count:.0f}" for count in (spam, hits, others, wrong, hits + wrong)]

    assert share("Thrown out by the filter", *words) == 1
    assert f"of which {hits:.0f} deserve it: about {hits / (hits + wrong):.0%}" in told(
        "Thrown out by the filter"
    )


def test_a_share_and_its_interval() -> None:
    asked, would = numbers(told("The standard error"))[:2]
    p = would / asked
    error = 100 * math.sqrt(p * (1 - p) / asked)

    assert share("The standard error", rounded(error, 2)) == 1
    assert share("The standard error", rounded(error / 100, 4)) == Decimal("0.5")
    assert share("The lower limit", rounded(100 * p - 1.96 * error, 1)) == 1
    assert share("The lower limit", rounded(100 * p + 1.96 * error, 1)) == Decimal("0.5")
    assert share("The lower limit", rounded(100 * p - error, 2)) == 0
    four_times = 100 * math.sqrt(p * (1 - p) / (4 * asked))
    assert four_times == pytest.approx(error / 2)
    assert share("Twice as exact", "four", f"{4 * asked:.0f}") == 1


def test_a_poll_of_a_thousand_is_right_within_three_points() -> None:
    assert round(100 * 1.96 * math.sqrt(0.25 / 1000)) == 3


def test_a_join_that_grows() -> None:
    left = range(100)
    right = [*range(80), *range(80, 100), *range(80, 100)]
    joined = [(a, b) for a in left for b in right if a == b]

    assert share("A join that grows", str(len(joined))) == 1


def test_the_performance_tasks_table_is_consistent() -> None:
    task = str(item("Advice for the library").stimulus)

    assert "26 weeks" in task
    assert [26 * 5 * 10, 26 * 8, 26 * 6] == [1300, 208, 156]
    assert "| Hours observed | 1,300 | 208 | 156 |" in task
    means, intervals = (14.2, 21.5, 19.0), ((13.8, 14.6), (19.9, 23.1), (16.9, 21.1))
    for mean, (low, high) in zip(means, intervals, strict=True):
        assert (low + high) / 2 == pytest.approx(mean)
        assert f"{low} to {high}" in task
    # Saturday and Sunday cannot be told apart at the 5% level, Sunday and weekdays can.
    errors = [(high - low) / 2 / 1.96 for low, high in intervals]
    assert abs(means[1] - means[2]) < 1.96 * math.hypot(errors[1], errors[2])
    assert abs(means[2] - means[0]) > 1.96 * math.hypot(errors[2], errors[0])


def test_rows_and_choices_are_all_used_or_meant_to_mislead() -> None:
    for asked, _ in ITEMS.values():
        if isinstance(asked, Categorising):
            assert {row.key for row in asked.rows} == {choice.id for choice in asked.choices}
        if isinstance(asked, Matching):
            assert len(asked.choices) - len(asked.rows) <= 1
        if isinstance(asked, FillInBlanks | InlineChoice):
            assert len(asked.gaps) > 1
