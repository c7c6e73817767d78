from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.assessments import rules
from lti_tool.assessments.rules import FormItem, Given, Outcome, Policy, Save, Stored, Verdict
from lti_tool.core.ids import ItemVersionId, new_id
from tests.assessments.factories import question
from tests.assessments.items.samples import sample

NOON = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)


def form(*worth: str) -> list[FormItem]:
    return [
        FormItem(
            id=ItemVersionId(new_id()),
            number=number,
            item=question("a"),
            order=("a", "b", "c", "d"),
            points=Decimal(points),
            competency=None,
        )
        for number, points in enumerate(worth, 1)
    ]


def outcome(earned: str, possible: str = "10", *, passed: bool = False) -> Outcome:
    return Outcome(earned=Decimal(earned), possible=Decimal(possible), passed=passed)


def test_only_the_right_option_earns_the_points_of_its_question() -> None:
    asked = form("1", "2.5", "4")

    mark = rules.mark(asked, {asked[0].id: ("b",), asked[1].id: ("a",), asked[2].id: ()})

    assert (mark.earned, mark.possible) == (Decimal("2.5"), Decimal("7.5"))
    assert [mark.by_item[item.id] for item in asked] == [0, Decimal("2.5"), 0]


def test_what_a_person_has_to_read_waits_and_counts_nothing_so_far() -> None:
    essays = [replace(one, item=sample("long_text")) for one in form("4", "4")]
    asked = [*essays, *form("2")]

    mark = rules.mark(asked, {asked[0].id: ("two words",), asked[2].id: ("a",)})

    assert mark.needs_marking == {asked[0].id}
    assert (mark.earned, mark.possible) == (Decimal(2), Decimal(10))


def test_parts_of_points_are_rounded_as_they_are_stored() -> None:
    [asked] = [replace(one, item=sample("matching")) for one in form("1")]

    mark = rules.mark([asked], {asked.id: ("fr", "no", "")})

    assert mark.earned == Decimal("0.6667")


def test_an_answer_to_another_question_earns_nothing() -> None:
    mark = rules.mark(form("1"), {ItemVersionId(new_id()): ("a",)})

    assert mark.earned == 0


@pytest.mark.parametrize(("right", "passes"), [(0, False), (1, False), (2, True), (3, True)])
def test_reaching_the_pass_mark_exactly_is_a_pass(right: int, passes: bool) -> None:  # noqa: FBT001 - a parameter
    asked = form("1", "1", "1")

    mark = rules.mark(asked, {item.id: ("a",) for item in asked[:right]})

    assert mark.passes(Decimal("0.6666")) is passes


@pytest.mark.parametrize(
    ("policy", "earned", "passed"),
    [
        (Policy.FIRST, "4", False),
        (Policy.LAST, "6", True),
        (Policy.BEST, "9", True),
        (Policy.AVERAGE, "6.3333", False),
    ],
)
def test_the_policy_decides_which_attempt_counts(
    policy: Policy,
    earned: str,
    passed: bool,  # noqa: FBT001 - a parameter
) -> None:
    attempts = [outcome("4"), outcome("9", passed=True), outcome("6", passed=True)]

    result = rules.reduce_attempts(policy, attempts, Decimal("0.65"))

    assert (result.earned, result.possible, result.passed) == (
        Decimal(earned),
        Decimal(10),
        passed,
    )


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.sampled_from(Policy),
)
def test_a_result_lies_between_the_worst_and_the_best_attempt(
    points: list[int], policy: Policy
) -> None:
    result = rules.reduce_attempts(
        policy, [outcome(str(earned), "40") for earned in points], Decimal("0.5")
    )

    assert min(points) <= result.earned <= max(points)
    assert result.possible == 40


def test_time_counts_until_the_grace_is_over() -> None:
    closing = NOON + timedelta(minutes=40)

    assert rules.accepts(closing, closing + timedelta(seconds=60))
    assert not rules.accepts(closing, closing + timedelta(seconds=60, microseconds=1))
    assert rules.accepts(None, NOON + timedelta(days=400))


ITEM = ItemVersionId(new_id())
MINE, OTHER = uuid4(), uuid4()


def save(  # noqa: PLR0913 - what tests vary
    letter: str,
    *,
    sequence: int,
    base: int,
    page: UUID = MINE,
    save_id: UUID | None = None,
    flagged: bool = False,
) -> Save:
    return Save(
        item_version_id=ITEM,
        value=tuple(letter),
        flagged=flagged,
        save_id=save_id or uuid4(),
        page_id=page,
        sequence=sequence,
        base=base,
    )


def stored(letter: str, *, sequence: int, page: UUID = MINE, save_id: UUID | None = None) -> Stored:
    return Stored(
        item_version_id=ITEM,
        value=tuple(letter),
        flagged=False,
        save_id=save_id or uuid4(),
        page_id=page,
        sequence=sequence,
        saved_at=NOON,
    )


def test_attempts_with_other_wholes_are_compared_by_their_shares() -> None:
    attempts = [outcome("8", "10"), outcome("9", "20")]

    assert rules.reduce_attempts(Policy.BEST, attempts, Decimal("0.5")) == attempts[0]
    assert rules.reduce_attempts(Policy.AVERAGE, attempts, Decimal("0.5")) == outcome(
        "12.5", "20", passed=True
    )


def test_a_mark_of_a_question_that_was_not_asked_counts_nothing() -> None:
    asked = form("1")
    elsewhere = {ItemVersionId(new_id()): Given(share=Decimal(1), levels={}, comment="")}

    assert rules.mark(asked, {}, elsewhere) == rules.mark(asked, {})


def test_the_first_answer_is_stored() -> None:
    assert rules.judge(save("a", sequence=1, base=0), None) is Verdict.STORE


def test_a_save_sent_twice_changes_nothing() -> None:
    sent = save("a", sequence=1, base=0)

    assert rules.judge(sent, stored("a", sequence=1, save_id=sent.save_id)) is Verdict.SAME


def test_of_one_page_the_newer_save_wins_whatever_arrives_first() -> None:
    assert rules.judge(save("b", sequence=3, base=0), stored("a", sequence=2)) is Verdict.STORE
    assert rules.judge(save("b", sequence=2, base=0), stored("a", sequence=3)) is Verdict.OLDER
    assert rules.judge(save("b", sequence=3, base=0), stored("a", sequence=3)) is Verdict.OLDER


def test_another_page_replaces_only_what_it_has_seen() -> None:
    copy = stored("a", sequence=2, page=OTHER)

    assert rules.judge(save("b", sequence=3, base=2), copy) is Verdict.STORE
    assert rules.judge(save("b", sequence=1, base=0), copy) is Verdict.CONFLICT
    assert rules.judge(save("b", sequence=2, base=0), copy) is Verdict.CONFLICT
    assert rules.judge(save("b", sequence=9, base=1), copy) is Verdict.CONFLICT
    assert rules.judge(save("b", sequence=2, base=2), copy) is Verdict.CONFLICT


def test_two_pages_that_agree_have_no_conflict() -> None:
    copy = stored("a", sequence=2, page=OTHER)

    assert rules.judge(save("a", sequence=1, base=0), copy) is Verdict.SAME
    assert rules.judge(save("a", sequence=1, base=0, flagged=True), copy) is Verdict.CONFLICT


@given(st.permutations(range(1, 7)), st.lists(st.integers(0, 5), max_size=6))
def test_one_pages_saves_come_to_the_newest_in_any_order_and_number(
    order: list[int], repeated: list[int]
) -> None:
    sent = [save("abcdef"[n - 1], sequence=n, base=0) for n in order]
    copy: Stored | None = None

    for one in [*sent, *(sent[index] for index in repeated)]:
        if rules.judge(one, copy) is Verdict.STORE:
            copy = Stored(
                item_version_id=ITEM,
                value=one.value,
                flagged=one.flagged,
                save_id=one.save_id,
                page_id=one.page_id,
                sequence=one.sequence,
                saved_at=NOON,
            )

    assert copy is not None
    assert copy.value == ("f",)
