from decimal import Decimal

import pytest

from lti_tool.assessments import marking
from lti_tool.assessments.errors import UnfitMarkError
from lti_tool.assessments.items import Criterion, Level
from lti_tool.assessments.marking import Decision


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


@pytest.mark.parametrize("points", ["10.0001", "-1"])
def test_no_more_points_than_the_question_is_worth_and_none_below_zero(points: str) -> None:
    with pytest.raises(UnfitMarkError, match="from 0 to 10"):
        marking.points_of((), decision(points), Decimal(10))


def test_a_level_that_the_rubric_does_not_have_is_refused() -> None:
    with pytest.raises(UnfitMarkError, match="no such level"):
        marking.points_of(RUBRIC, decision("1", claim="splendid"), Decimal(10))


def test_without_a_rubric_points_have_to_be_entered() -> None:
    with pytest.raises(UnfitMarkError, match="Enter points"):
        marking.points_of((), decision(), Decimal(10))
