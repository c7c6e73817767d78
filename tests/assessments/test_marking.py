"""What marks come to: of a rubric, of two people, of what the edition and a placement ask."""

from decimal import Decimal
from uuid import uuid4

import pytest

from lti_tool.assessments import marking
from lti_tool.assessments.errors import UnfitMarkError
from lti_tool.assessments.items import Criterion, Level
from lti_tool.assessments.marking import Decision, Marked, Scheme, Standing, settle, strictest
from lti_tool.assessments.rules import Given
from lti_tool.core.ids import UserId


def criterion(id_: str, weight: str = "1") -> Criterion:
    levels = (
        Level(id="full", text="Fully", share=Decimal(1)),
        Level(id="half", text="In part", share=Decimal("0.5")),
        Level(id="none", text="Not", share=Decimal(0)),
    )
    return Criterion(id=id_, text=id_, weight=Decimal(weight), levels=levels)


RUBRIC = (criterion("claim", "2"), criterion("sources"))


def decision(points: str | None = None, **levels: str) -> Decision:
    typed = Decimal(points) if points is not None else None
    return Decision(points=typed, levels=levels, comment="", seen=0)


def test_levels_come_to_points_by_their_weights() -> None:
    chosen = {"claim": "full", "sources": "none"}

    assert marking.rubric_points(RUBRIC, chosen, Decimal(10)) == Decimal("6.6667")


def test_while_a_criterion_has_no_level_there_are_no_points() -> None:
    assert marking.rubric_points(RUBRIC, {"claim": "full"}, Decimal(10)) is None
    with pytest.raises(UnfitMarkError, match="each criterion"):
        marking.points_of(RUBRIC, decision(claim="full"), Decimal(10))


def test_points_that_are_entered_count_instead_of_the_levels() -> None:
    sent = decision("4.5", claim="full", sources="full")

    assert marking.points_of(RUBRIC, sent, Decimal(10)) == Decimal("4.5")


def test_a_criterion_counts_by_its_weight_whatever_they_come_to_together() -> None:
    heavy = (criterion("claim", "30"), criterion("sources", "10"))

    assert marking.rubric_points(heavy, {"claim": "half", "sources": "full"}, Decimal(8)) == 5


def test_half_of_the_last_place_is_rounded_up() -> None:
    assert marking.in_points(Decimal("0.00125"), Decimal("0.1")) == Decimal("0.0001")
    assert marking.in_points(Decimal("0.0005"), Decimal("0.1")) == Decimal("0.0001")
    assert marking.points_of((), decision("0.00005"), Decimal(1)) == Decimal("0.0001")


@pytest.mark.parametrize("points", ["0", "10"])
def test_none_and_all_of_the_points_may_be_given(points: str) -> None:
    assert marking.points_of((), decision(points), Decimal(10)) == Decimal(points)


@pytest.mark.parametrize("points", ["10.0001", "-0.0001", "-1"])
def test_no_more_points_than_the_question_is_worth_and_none_below_zero(points: str) -> None:
    with pytest.raises(UnfitMarkError, match="from 0 to 10"):
        marking.points_of((), decision(points), Decimal(10))


def test_a_level_that_the_rubric_does_not_have_is_refused() -> None:
    with pytest.raises(UnfitMarkError, match="no such level"):
        marking.points_of(RUBRIC, decision("1", claim="splendid"), Decimal(10))


def test_without_a_rubric_points_have_to_be_entered() -> None:
    with pytest.raises(UnfitMarkError, match="Enter points"):
        marking.points_of((), decision(), Decimal(10))


ANNA, BEN, CHEN, LEAD = (UserId(uuid4()) for _ in range(4))
ONE = Scheme(markers=1, tolerance=Decimal(0))
TWO = Scheme(markers=2, tolerance=Decimal("0.1"))
LED = Scheme(markers=2, tolerance=Decimal("0.1"), lead=LEAD)
UNNAMED = Scheme(markers=2, tolerance=Decimal("0.1"), asks_lead=True)


def marks(*given: tuple[UserId, str]) -> list[Marked]:
    """Return marks in the order in which they were given."""
    return [
        Marked(
            number=number,
            by=who,
            share=Decimal(share),
            levels={"claim": "full", "sources": f"level {share}"},
            comment=f"It is {share}.",
        )
        for number, (who, share) in enumerate(given, start=1)
    ]


def counted(standing: Standing) -> tuple[str | None, set[int], bool]:
    """Return the share that counts, the marks it is made of, and whether two differ."""
    share = str(standing.given.share) if standing.given else None
    return share, set(standing.numbers), standing.differ


@pytest.mark.parametrize(
    ("scheme", "given", "expected"),
    [
        (ONE, [], (None, set(), False)),
        (TWO, [], (None, set(), False)),
        (ONE, [(ANNA, "0.5")], ("0.5", {1}, False)),
        (ONE, [(ANNA, "0.5"), (BEN, "0.9")], ("0.9", {2}, False)),
        (ONE, [(ANNA, "0.5"), (BEN, "0.9"), (ANNA, "0.1")], ("0.1", {3}, False)),
        (TWO, [(ANNA, "0.5")], (None, set(), False)),
        (TWO, [(ANNA, "0.5"), (ANNA, "0.6")], (None, set(), False)),
        (TWO, [(ANNA, "0.5"), (BEN, "0.6")], ("0.55", {1, 2}, False)),
        (TWO, [(ANNA, "0.6"), (BEN, "0.5")], ("0.55", {1, 2}, False)),
        (TWO, [(ANNA, "0.5"), (BEN, "0.6001")], (None, set(), True)),
        (TWO, [(ANNA, "0.6001"), (BEN, "0.5")], (None, set(), True)),
        (TWO, [(ANNA, "0.1"), (BEN, "0.6"), (ANNA, "0.5")], ("0.55", {2, 3}, False)),
        (TWO, [(ANNA, "0.1"), (BEN, "0.6"), (CHEN, "0.2")], ("0.2", {3}, True)),
        (TWO, [(ANNA, "0.1"), (BEN, "0.6"), (CHEN, "0.2"), (CHEN, "0.3")], ("0.3", {4}, True)),
        (LED, [(ANNA, "0.1"), (LEAD, "0.2")], (None, set(), False)),
        (LED, [(ANNA, "0.1"), (LEAD, "0.2"), (BEN, "0.6")], ("0.2", {2}, True)),
        (LED, [(ANNA, "0.5"), (LEAD, "0.2"), (BEN, "0.6")], ("0.55", {1, 3}, False)),
        (LED, [(ANNA, "0.1"), (BEN, "0.6"), (CHEN, "0.2")], ("0.2", {3}, True)),
        (LED, [(ANNA, "0.1"), (BEN, "0.6"), (CHEN, "0.2"), (LEAD, "0.4")], ("0.4", {4}, True)),
    ],
)
def test_what_the_marks_of_an_answer_come_to(
    scheme: Scheme,
    given: list[tuple[UserId, str]],
    expected: tuple[str | None, set[int], bool],
) -> None:
    assert counted(settle(marks(*given), scheme)) == expected


def test_two_who_agree_say_what_both_chose_and_each_wrote() -> None:
    same = settle(marks((ANNA, "0.5"), (BEN, "0.5")), TWO)
    near = settle(marks((ANNA, "0.5"), (BEN, "0.6")), TWO)

    levels = {"claim": "full", "sources": "level 0.5"}
    assert same.given == Given(share=Decimal("0.5"), levels=levels, comment="It is 0.5.")
    assert near.given == Given(
        share=Decimal("0.55"), levels={"claim": "full"}, comment="It is 0.5.\n\nIt is 0.6."
    )


def test_whoever_decides_says_it_alone() -> None:
    decided = settle(marks((ANNA, "0.1"), (BEN, "0.6"), (CHEN, "0.2")), TWO)

    levels = {"claim": "full", "sources": "level 0.2"}
    assert decided.given == Given(share=Decimal("0.2"), levels=levels, comment="It is 0.2.")


@pytest.mark.parametrize(
    ("scheme", "given", "may", "waits"),
    [
        (ONE, [], {ANNA, BEN, CHEN, LEAD}, {ANNA, BEN, CHEN, LEAD}),
        (ONE, [(ANNA, "1")], {ANNA, BEN, CHEN, LEAD}, set()),
        (TWO, [], {ANNA, BEN, CHEN, LEAD}, {ANNA, BEN, CHEN, LEAD}),
        (TWO, [(ANNA, "1")], {ANNA, BEN, CHEN, LEAD}, {BEN, CHEN, LEAD}),
        (TWO, [(ANNA, "1"), (BEN, "1")], {ANNA, BEN}, set()),
        (TWO, [(ANNA, "1"), (BEN, "0")], {ANNA, BEN, CHEN, LEAD}, {CHEN, LEAD}),
        (TWO, [(ANNA, "1"), (BEN, "0"), (CHEN, "0")], {ANNA, BEN, CHEN}, set()),
        (LED, [], {ANNA, BEN, CHEN}, {ANNA, BEN, CHEN}),
        (LED, [(ANNA, "1")], {ANNA, BEN, CHEN}, {BEN, CHEN}),
        (LED, [(ANNA, "1"), (BEN, "1")], {ANNA, BEN}, set()),
        (LED, [(ANNA, "1"), (BEN, "0")], {ANNA, BEN, LEAD}, {LEAD}),
        (LED, [(ANNA, "1"), (LEAD, "0")], {ANNA, BEN, CHEN, LEAD}, {BEN, CHEN}),
        (UNNAMED, [(ANNA, "1")], {ANNA, BEN, CHEN, LEAD}, {BEN, CHEN, LEAD}),
        (UNNAMED, [(ANNA, "1"), (BEN, "0")], {ANNA, BEN}, set()),
    ],
)
def test_who_may_mark_an_answer_and_for_whom_it_waits(
    scheme: Scheme, given: list[tuple[UserId, str]], may: set[UserId], waits: set[UserId]
) -> None:
    standing = settle(marks(*given), scheme)
    everybody = (ANNA, BEN, CHEN, LEAD)

    assert {who for who in everybody if standing.takes(who, scheme)} == may
    assert {who for who in everybody if standing.waits_for(who, scheme)} == waits


@pytest.mark.parametrize(
    ("scheme", "given", "see"),
    [
        (ONE, [(ANNA, "1")], {ANNA, BEN, LEAD}),
        (TWO, [(ANNA, "1")], {ANNA}),
        (TWO, [(ANNA, "1"), (BEN, "1")], {ANNA, BEN, LEAD}),
        (TWO, [(ANNA, "1"), (BEN, "0")], {ANNA}),
        (LED, [(ANNA, "1")], {ANNA}),
        (LED, [(ANNA, "1"), (BEN, "0")], {ANNA, LEAD}),
        (UNNAMED, [(ANNA, "1"), (BEN, "0")], {ANNA}),
    ],
)
def test_who_sees_the_first_persons_mark(
    scheme: Scheme, given: list[tuple[UserId, str]], see: set[UserId]
) -> None:
    standing = settle(marks(*given), scheme)

    assert {to for to in (ANNA, BEN, LEAD) if standing.shows(ANNA, to, scheme)} == see


def test_one_who_marks_alone_needs_nobody_to_decide() -> None:
    assert LED.is_led
    assert UNNAMED.is_led
    assert not TWO.is_led
    assert not Scheme(markers=1, tolerance=Decimal(0), lead=LEAD, asks_lead=True).is_led


STRICT = Scheme(markers=2, tolerance=Decimal("0.05"), asks_lead=True)


@pytest.mark.parametrize(
    ("asked", "wanted", "held"),
    [
        (ONE, LED, LED),
        (ONE, ONE, ONE),
        (TWO, ONE, TWO),
        (TWO, LED, LED),
        (TWO, STRICT, STRICT),
        (STRICT, TWO, STRICT),
        (STRICT, ONE, STRICT),
        (
            STRICT,
            LED,
            Scheme(markers=2, tolerance=Decimal("0.05"), lead=LEAD, asks_lead=True),
        ),
    ],
)
def test_a_placement_is_marked_as_strictly_as_either_asks(
    asked: Scheme, wanted: Scheme, held: Scheme
) -> None:
    assert strictest(asked, wanted) == held


@pytest.mark.parametrize(
    ("asked", "wanted", "fields"),
    [
        (ONE, ONE, set()),
        (ONE, TWO, set()),
        (TWO, ONE, {"markers"}),
        (TWO, TWO, set()),
        (TWO, STRICT, set()),
        (STRICT, TWO, {"tolerance"}),
    ],
)
def test_what_a_placement_cannot_want(asked: Scheme, wanted: Scheme, fields: set[str]) -> None:
    assert marking.problems(asked, wanted).keys() == fields


def test_the_tolerance_that_is_allowed_is_told_in_percent() -> None:
    assert marking.problems(STRICT, TWO)["tolerance"] == "The assessment allows 5% at most."
