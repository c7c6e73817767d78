from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.assessments.items.samples import COUNTRIES, ROWS, sample, seeded


@pytest.mark.parametrize("type_", ["matching", "categorising"])
def test_each_row_earns_its_part_or_all_only_together(type_: str) -> None:
    value = ["fr", "no", "es"]

    assert sample(type_).score(value).share == Decimal(2) / 3
    assert sample(type_, credit="all_or_nothing").score(value).share == 0


def test_a_choice_for_one_row_taken_for_all_counts_for_none() -> None:
    everywhere = ["fr", "fr", "fr"]

    assert sample("matching").score(everywhere).share == 0
    assert "several rows" in str(sample("matching").problem(everywhere))
    assert sample("matching", once=False).score(everywhere).share == Decimal(1) / 3
    assert sample("categorising").problem(everywhere) is None


def test_a_choice_may_be_the_key_of_two_rows_where_it_may_be_taken_twice() -> None:
    rows = [ROWS[0], {**ROWS[1], "key": "fr"}]

    assert sample("matching", once=False, rows=rows).score(["fr", "fr"]).share == 1


def test_rows_left_open_are_said() -> None:
    assert sample("matching").problem(["fr", "", ""]) == "2 of 3 still open."
    assert sample("matching").score(["fr", "", ""]).share == Decimal(1) / 3


def test_feedback_of_a_row_is_for_those_who_missed_it() -> None:
    assert sample("matching").told(["no", "no", "it"]).feedback == "<p>SECRET row</p>\n"
    assert sample("matching").told(["fr", "", ""]).feedback is None
    assert sample("matching").told(["fr", "", ""]).given == (
        "<ul><li><strong>Paris</strong>: <strong>France</strong></li>"
        "<li>Oslo: <strong>…</strong></li><li>Rome: <strong>…</strong></li></ul>"
    )


def test_choices_are_shuffled_and_categories_are_not() -> None:
    drawn = {sample("matching").draw(seeded(seed)).options for seed in range(20)}

    assert len(drawn) > 5
    assert sample("categorising").draw(seeded()).options == ("fr", "no", "it", "es")


@pytest.mark.parametrize(
    "broken",
    [
        {"rows": [{**ROWS[0], "key": "de"}, ROWS[1]]},
        {"rows": [ROWS[0], ROWS[0]]},
        {"choices": [*COUNTRIES, COUNTRIES[0]]},
        {"rows": [ROWS[0], {**ROWS[1], "key": "fr"}]},
    ],
)
def test_rows_that_fit_no_choices_are_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        sample("matching", **broken)


@pytest.mark.parametrize(
    ("credit", "order", "share"),
    [
        ("neighbours", "abcd", "1"),
        ("neighbours", "dabc", "0.6667"),
        ("neighbours", "acbd", "0"),
        ("neighbours", "ab  ", "0.3333"),
        ("neighbours", "abab", "0"),
        ("places", "abdc", "0.5"),
        ("places", "dabc", "0"),
        ("places", "aaaa", "0"),
        ("places", "abcc", "0.5"),
        ("all_or_nothing", "abcd", "1"),
        ("all_or_nothing", "abdc", "0"),
    ],
)
def test_credit_for_part_of_an_order_is_the_authors_rule(
    credit: str, order: str, share: str
) -> None:
    score = sample("ordering", credit=credit).score([letter.strip() for letter in order])

    assert round(score.share, 4) == Decimal(share)


def test_the_order_shown_is_never_the_right_one() -> None:
    short = sample("ordering", options=[{"id": "a", "text": "A"}, {"id": "b", "text": "B"}])

    assert {short.draw(seeded(seed)).options for seed in range(20)} == {("b", "a")}


def test_feedback_of_an_option_is_for_those_who_misplaced_it() -> None:
    item = sample("ordering")

    assert item.told(["b", "a", "c", "d"]).feedback == "<p>SECRET of a</p>\n"
    assert item.told(["a", "b", "d", "c"]).feedback is None


def test_one_option_at_two_places_is_said() -> None:
    assert sample("ordering").problem(["a", "a", "", ""]) == (
        "One of them stands at two places. It counts at neither."
    )
    assert sample("ordering").problem(["a", "b", "", ""]) == "2 of 4 still open."
