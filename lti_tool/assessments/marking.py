"""What a marker decides about one answer, and the points it comes to. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from lti_tool.assessments.errors import UnfitMarkError
from lti_tool.assessments.items import Criterion, FileUpload, Item, LongText

LONGEST_COMMENT = 10_000
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a marker sends.

    Attributes:
        points: given freely; None for what the rubric comes to.
        levels: chosen of the rubric, by criterion.
        comment: for the learner, plain text; may be empty.
        seen: the number of the newest mark that the page showed, 0 for none.
    """

    points: Decimal | None
    levels: Mapping[str, str]
    comment: str
    seen: int


def rubric_of(item: Item) -> tuple[Criterion, ...] | None:
    """Return what markers go by; None for a question that nobody has to mark."""
    return item.rubric if isinstance(item, LongText | FileUpload) else None


def rubric_points(
    rubric: Sequence[Criterion], levels: Mapping[str, str], out_of: Decimal
) -> Decimal | None:
    """Return what the chosen levels come to; None while a criterion has none, or without any.

    Args:
        rubric: the question's.
        levels: chosen, by criterion.
        out_of: what the question is worth.
    """
    if not rubric:
        return None
    earned = Decimal()
    for criterion in rubric:
        chosen = [level for level in criterion.levels if level.id == levels.get(criterion.id)]
        if not chosen:
            return None
        earned += criterion.weight * chosen[0].share
    whole = sum((criterion.weight for criterion in rubric), Decimal())
    return (earned / whole * out_of).quantize(_PLACES, ROUND_HALF_UP)


def points_of(rubric: Sequence[Criterion], decision: Decision, out_of: Decimal) -> Decimal:
    """Return the points that a decision gives.

    Raises:
        UnfitMarkError: there are none, or more than the question is worth.
    """
    known = {(criterion.id, level.id) for criterion in rubric for level in criterion.levels}
    if not set(decision.levels.items()) <= known:
        raise UnfitMarkError("The question's rubric has no such level.")
    points = decision.points
    if points is None:
        points = rubric_points(rubric, decision.levels, out_of)
    if points is None:
        raise UnfitMarkError(
            "Choose a level for each criterion, or enter points." if rubric else "Enter points."
        )
    if not 0 <= points <= out_of:
        raise UnfitMarkError(f"Enter points from 0 to {out_of.normalize():f}.")
    return points.quantize(_PLACES, ROUND_HALF_UP)
