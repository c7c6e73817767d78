from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.assessments.items.samples import sample, seeded


@pytest.mark.parametrize(
    ("credit", "chosen", "share"),
    [
        ("all_or_nothing", "bc", "1"),
        ("all_or_nothing", "b", "0"),
        ("all_or_nothing", "bcd", "0"),
        ("right_minus_wrong", "cb", "1"),
        ("right_minus_wrong", "b", "0.5"),
        ("right_minus_wrong", "bcd", "0.5"),
        ("right_minus_wrong", "bd", "0"),
        ("right_minus_wrong", "ad", "0"),
        ("right_minus_wrong", "abcd", "0"),
        ("each_option", "bc", "1"),
        ("each_option", "b", "0.75"),
        ("each_option", "ad", "0"),
        ("each_option", "abcd", "0.5"),
        ("each_option", "", "0"),
    ],
)
def test_credit_for_part_of_the_options_is_the_authors_rule(
    credit: str, chosen: str, share: str
) -> None:
    assert sample("multiple_choice", credit=credit).score(list(chosen)).share == Decimal(share)


def test_more_than_may_be_chosen_counts_nothing_and_is_said_before() -> None:
    item = sample("multiple_choice", most=2)

    assert item.problem(["a", "b", "c"]) == "You have chosen 3. With more than 2, none counts."
    assert item.score(["a", "b", "c"]).share == 0
    assert item.problem(["a", "b"]) is None


@pytest.mark.parametrize(
    "broken",
    [{"keys": []}, {"keys": ["a", "a"]}, {"keys": ["z"]}, {"most": 1}, {"keys": list("abcd")}],
)
def test_keys_that_make_no_question_are_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        sample("multiple_choice", **broken)


@pytest.mark.parametrize("credit", ["all_or_nothing", "each_option"])
def test_every_option_may_be_right_where_a_wrong_one_takes_nothing_away(credit: str) -> None:
    item = sample("multiple_choice", keys=list("abcd"), credit=credit)

    assert item.score(list("abcd")).share == 1


def test_feedback_is_for_those_who_chose_it() -> None:
    item = sample("multiple_choice")

    assert item.told(["a"]).feedback == "<p>SECRET of a</p>\n"
    assert item.told(["b"]).feedback is None
    assert item.told(["c", "b"]).given == "<ul><li>Beta</li><li>Gamma</li></ul>"


def test_options_are_shuffled_when_the_author_says_so() -> None:
    plain, shuffle = sample("single_choice"), sample("single_choice", shuffle=True)

    drawn = {shuffle.draw(seeded(seed)).options for seed in range(20)}

    assert plain.draw(seeded()).options == ("a", "b", "c", "d")
    assert len(drawn) > 5
    assert {tuple(sorted(options)) for options in drawn} == {("a", "b", "c", "d")}


def test_what_is_false_can_be_right() -> None:
    item = sample("true_false", key=False)

    assert item.score(["false"]).share == 1
    assert item.score(["true"]).share == 0
    assert item.told(["false"]).feedback == "<p>SECRET no</p>\n"
