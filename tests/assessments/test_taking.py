from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from lti_tool.assessments import taking
from lti_tool.assessments.errors import UnreadableResponseError
from lti_tool.assessments.items.choices import ShownChoices
from lti_tool.assessments.rules import FormItem, Stored
from lti_tool.core.ids import ItemVersionId, new_id
from tests.assessments.factories import question

NOON = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)
ATTEMPT = uuid4()
ONE, TWO = ItemVersionId(new_id()), ItemVersionId(new_id())


def form() -> list[FormItem]:
    return [
        FormItem(
            id=id_,
            number=number,
            item=question(),
            order=("d", "a", "b", "c"),
            points=Decimal(1),
            competency=None,
        )
        for number, id_ in enumerate((ONE, TWO), 1)
    ]


def stored(id_: ItemVersionId, letter: str, *, sequence: int, flagged: bool = False) -> Stored:
    return Stored(
        item_version_id=id_,
        value=tuple(letter),
        flagged=flagged,
        save_id=uuid4(),
        page_id=uuid4(),
        sequence=sequence,
        saved_at=NOON + timedelta(seconds=sequence),
    )


def stored_words(words: tuple[str, ...]) -> Stored:
    return replace(stored(ONE, "", sequence=1), value=words)


def test_a_sheet_says_how_far_its_learner_is() -> None:
    responses = {ONE: stored(ONE, "", sequence=7, flagged=True), TWO: stored(TWO, "b", sequence=3)}

    sheet = taking.lay_out("Title", form(), responses, NOON + timedelta(minutes=40), NOON)

    assert sheet.answered == 1
    assert [question.number for question in sheet.unanswered] == [1]
    assert [question.number for question in sheet.flagged] == [1]
    assert [question.was for question in sheet.questions] == ["7.1.", '3.0.["b"]']
    assert sheet.saved_at == NOON + timedelta(seconds=7)
    assert sheet.minutes_left == 40
    shown = sheet.questions[0].shown
    assert isinstance(shown, ShownChoices)
    assert [option.id for option in shown.options] == ["d", "a", "b", "c"]


def test_nothing_saved_and_no_limit_are_none() -> None:
    sheet = taking.lay_out("Title", form(), {}, None, NOON)

    assert (sheet.saved_at, sheet.minutes_left) == (None, None)
    late = taking.lay_out("Title", form(), {}, NOON, NOON + timedelta(seconds=30))
    assert late.minutes_left == 0


@pytest.mark.parametrize(
    ("word", "number"),
    [("2", 2), ("1", 1), ("", 1), ("0", 1), ("3", 1), ("-1", 1), ("x", 1), ("9" * 5000, 1)],
)
def test_an_address_names_a_question_or_the_first_is_shown(word: str, number: int) -> None:
    assert taking.lay_out("Title", form(), {}, None, NOON).numbered(word) == number


def test_only_what_a_form_changes_is_saved() -> None:
    sent = {
        f"was-{ONE}": ['2.0.["a"]'],
        f"answer-{ONE}": ["a"],
        f"was-{TWO}": ['5.1.["b"]'],
        f"answer-{TWO}": ["c"],
    }

    [save] = taking.changed_answers([ONE, TWO], sent, ATTEMPT)

    assert (save.item_version_id, save.value, save.flagged) == (TWO, ("c",), False)
    assert (save.base, save.sequence) == (5, 6)


def test_a_flag_alone_is_a_change() -> None:
    sent = {f"was-{ONE}": ['2.0.["a"]'], f"answer-{ONE}": ["a"], f"flag-{ONE}": ["1"]}

    [save] = taking.changed_answers([ONE], sent, ATTEMPT)

    assert (save.value, save.flagged) == (("a",), True)


def test_the_same_form_is_the_same_save_and_another_is_not() -> None:
    sent = {f"was-{ONE}": ["0.0."], f"answer-{ONE}": ["a"]}

    [first] = taking.changed_answers([ONE], sent, ATTEMPT)
    [again] = taking.changed_answers([ONE], sent, ATTEMPT)
    [other] = taking.changed_answers([ONE], {**sent, f"answer-{ONE}": ["b"]}, ATTEMPT)
    [later] = taking.changed_answers([ONE], {**sent, f"was-{ONE}": ["1.0."]}, ATTEMPT)
    [elsewhere] = taking.changed_answers([ONE], sent, uuid4())

    assert first == again
    assert len({first.save_id, other.save_id, later.save_id, elsewhere.save_id}) == 4


@pytest.mark.parametrize(
    "was",
    [
        "",
        "1",
        "1.0",
        "x.0.",
        "-1.0.",
        "99999999999.0.",
        "²2.0.",
        "9" * 5000 + ".0.",
        "1.0.a",
        "1.0.[1]",
        '1.0."a"',
    ],
)
def test_a_question_without_its_record_is_left_alone(was: str) -> None:
    sent = {f"was-{ONE}": [was], f"answer-{ONE}": ["a"]}

    assert taking.changed_answers([ONE], sent, ATTEMPT) == []


def test_all_controls_of_a_question_are_its_answer_in_the_order_of_the_page() -> None:
    sent = {f"was-{ONE}": ["0.0."], f"answer-{ONE}": ["", "two\r\nlines"]}

    [save] = taking.changed_answers([ONE], sent, ATTEMPT)

    assert save.value == ("", "two\nlines")
    again = {
        **sent,
        f"was-{ONE}": [
            taking.lay_out("Title", form(), {ONE: stored_words(save.value)}, None, NOON)
            .questions[0]
            .was
        ],
    }
    assert taking.changed_answers([ONE], again, ATTEMPT) == []


def test_a_long_answer_is_carried_once() -> None:
    value = ("long " * 200,)
    responses = {ONE: stored_words(value)}
    was = taking.lay_out("Title", form(), responses, None, NOON).questions[0].was
    sent = {f"was-{ONE}": [was], f"answer-{ONE}": list(value)}

    assert len(was) < 100
    assert taking.changed_answers([ONE], sent, ATTEMPT) == []
    [save] = taking.changed_answers([ONE], {**sent, f"answer-{ONE}": ["other"]}, ATTEMPT)
    assert save.value == ("other",)


def test_controls_that_are_all_empty_take_an_answer_back() -> None:
    sent = {f"was-{ONE}": ['2.0.["a", ""]'], f"answer-{ONE}": ["", " "]}

    [save] = taking.changed_answers([ONE], sent, ATTEMPT)

    assert save.value == ()


@pytest.mark.parametrize("words", [["a"] * 101, ["a" * 20_001]])
def test_more_than_any_page_sends_is_refused(words: list[str]) -> None:
    sent = {f"was-{ONE}": ["0.0."], f"answer-{ONE}": words}

    with pytest.raises(UnreadableResponseError):
        taking.changed_answers([ONE], sent, ATTEMPT)


def test_questions_that_share_their_material_say_so() -> None:
    shared = question(stimulus="A report")
    asked = [
        replace(one, number=number, item=item)
        for number, (one, item) in enumerate(
            zip(form() + form(), [shared, shared, question(), question(stimulus="B")], strict=True),
            1,
        )
    ]

    sheet = taking.lay_out("Title", asked, {}, None, NOON)

    assert [one.material for one in sheet.questions] == [
        "Material for questions 1 to 2",
        "Material for questions 1 to 2",
        "Material for this question",
        "Material for this question",
    ]
