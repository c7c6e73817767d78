"""What a marker decides about one answer, and the points it comes to. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from lti_tool.assessments.errors import UnfitMarkError
from lti_tool.assessments.items import Criterion, FileUpload, Item, LongText
from lti_tool.assessments.rules import Given
from lti_tool.core.ids import UserId
from lti_tool.core.language import phrase

LONGEST_COMMENT = 10_000
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a marker sends.

    Attributes:
        points: given freely; None for what the rubric comes to.
        levels: chosen of the rubric, by criterion.
        comment: for the learner, plain text; may be empty.
        seen: the number of the newest mark that the page showed, 0 for none: where two mark
            and it is not settled, of the marker's own.
    """

    points: Decimal | None
    levels: Mapping[str, str]
    comment: str
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How answers of a placement are marked.

    Attributes:
        markers: how many people mark an answer: one, or two who do not see each other's marks.
        tolerance: share of the points by which two may differ and still agree.
        lead: who decides where two differ, seeing both; None for nobody in particular.
        asks_lead: it takes a lead to decide, named or not; else any third person does.
    """

    markers: int
    tolerance: Decimal
    lead: UserId | None = None
    asks_lead: bool = False

    @property
    def is_led(self) -> bool:
        """Tell whether nobody but a lead decides where two differ."""
        return self.markers > 1 and (self.asks_lead or self.lead is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One mark of an answer as it stands now.

    Attributes:
        number: order among all marks of the answer.
        share: of the points, 0 to 1.
    """

    number: int
    by: UserId
    share: Decimal
    levels: Mapping[str, str]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the marks of an answer come to.

    Attributes:
        given: what counts; None while somebody has yet to mark.
        numbers: of the marks that it is made of.
        markers: who has marked so far, in the order in which they first did.
        differ: two have marked and do not agree.
    """

    given: Given | None
    numbers: frozenset[int]
    markers: tuple[UserId, ...]
    differ: bool = False

    def takes(self, who: UserId, scheme: Scheme) -> bool:
        """Tell whether somebody may mark the answer, or change what they gave."""
        if scheme.markers == 1 or who in self.markers:
            return True
        if who == scheme.lead:
            return self.differ
        others = [one for one in self.markers if one != scheme.lead]
        if len(others) < scheme.markers:
            return True
        return self.differ and len(others) == scheme.markers and not scheme.is_led

    def waits_for(self, who: UserId, scheme: Scheme) -> bool:
        """Tell whether it waits for a mark that this person can give."""
        return self.given is None and who not in self.markers and self.takes(who, scheme)

    def shows(self, by: UserId, to: UserId, scheme: Scheme) -> bool:
        """Tell whether one person's mark may be seen by another: not before it is settled.

        Whoever decides as the lead sees both.
        """
        if self.differ and to == scheme.lead:
            return True
        return by == to or self.given is not None


def settle(marks: Sequence[Marked], scheme: Scheme) -> Standing:
    """Return what the marks of an answer come to.

    With one marker the newest counts, whoever gave it. With two, each one's newest: if they
    differ by no more than the tolerance, their mean counts; else the mark of whoever decides: the
    lead's, or of a third person (who may have decided before there was a lead).

    Args:
        marks: all of the present answer, in the order of their numbers.
        scheme: of the placement.
    """
    newest = {one.by: one for one in marks}
    markers = tuple(dict.fromkeys(one.by for one in marks))
    if scheme.markers == 1 or not marks:
        last = marks[-1] if marks else None
        return Standing(
            given=_given(last) if last else None,
            numbers=frozenset({last.number} if last else ()),
            markers=markers,
        )
    own = [newest[who] for who in markers if who != scheme.lead]
    if len(own) < scheme.markers:
        return Standing(given=None, numbers=frozenset(), markers=markers)
    first, second = own[:2]
    if abs(first.share - second.share) <= scheme.tolerance:
        return Standing(
            given=_mean(first, second),
            numbers=frozenset({first.number, second.number}),
            markers=markers,
        )
    deciding = [newest[who] for who in markers if who == scheme.lead] + own[scheme.markers :]
    if not deciding:
        return Standing(given=None, numbers=frozenset(), markers=markers, differ=True)
    third = deciding[0]
    return Standing(
        given=_given(third), numbers=frozenset({third.number}), markers=markers, differ=True
    )


def _given(mark: Marked) -> Given:
    return Given(share=mark.share, levels=mark.levels, comment=mark.comment)


def _mean(first: Marked, second: Marked) -> Given:
    """Return the mean of two marks: the levels that both chose, and what both said."""
    return Given(
        share=(first.share + second.share) / 2,
        levels=dict(first.levels.items() & second.levels.items()),
        comment="\n\n".join(dict.fromkeys(filter(None, (first.comment, second.comment)))),
    )


def strictest(asked: Scheme, wanted: Scheme) -> Scheme:
    """Return how answers are marked where a placement wants `wanted` of an edition's `asked`."""
    if asked.markers == 1:
        return wanted
    tolerance = asked.tolerance
    if wanted.markers > 1:
        tolerance = min(asked.tolerance, wanted.tolerance)
    return Scheme(
        markers=asked.markers,
        tolerance=tolerance,
        lead=wanted.lead,
        asks_lead=asked.asks_lead or wanted.asks_lead,
    )


def problems(asked: Scheme, wanted: Scheme) -> dict[str, str]:
    """Return what a placement cannot want of how an edition asks to be marked, by field."""
    if asked.markers == 1:
        return {}
    if wanted.markers == 1:
        return {"markers": phrase("The assessment asks for two people.")}
    if wanted.tolerance > asked.tolerance:
        return {
            "tolerance": phrase(
                "The assessment allows %(tolerance)s%% at most.",
                tolerance=(asked.tolerance * 100).normalize(),
            )
        }
    return {}


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


def in_points(share: Decimal, out_of: Decimal) -> Decimal:
    """Return a share of the points that a question is worth, as points are kept."""
    return (share * out_of).quantize(_PLACES, ROUND_HALF_UP)


def points_of(rubric: Sequence[Criterion], decision: Decision, out_of: Decimal) -> Decimal:
    """Return the points that a decision gives.

    Raises:
        UnfitMarkError: there are none, or more than the question is worth.
    """
    known = {(criterion.id, level.id) for criterion in rubric for level in criterion.levels}
    if not set(decision.levels.items()) <= known:
        raise UnfitMarkError(phrase("The question's rubric has no such level."))
    points = decision.points
    if points is None:
        points = rubric_points(rubric, decision.levels, out_of)
    if points is None:
        raise UnfitMarkError(
            phrase("Choose a level for each criterion, or enter points.")
            if rubric
            else phrase("Enter points.")
        )
    if not 0 <= points <= out_of:
        raise UnfitMarkError(
            phrase(
                "Enter points from 0 to %(f)s.",
                f=f"{out_of.normalize():f}",
            )
        )
    return points.quantize(_PLACES, ROUND_HALF_UP)
