"""How responses become points, attempts one result, and a save a decision. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from lti_tool.assessments.items import Item, Score
from lti_tool.core.ids import ItemVersionId

# An answer given in the last second still has to travel.
GRACE = timedelta(seconds=60)
# As points are stored.
_PLACES = Decimal("0.0001")


class Policy(StrEnum):
    """Which of a learner's attempts a placement counts."""

    BEST = "best"
    LAST = "last"
    FIRST = "first"
    AVERAGE = "average"


class Ending(StrEnum):
    """Who ended an attempt."""

    LEARNER = "learner"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormItem:
    """A question of an attempt's form.

    Attributes:
        number: its place in the form, from 1.
        order: its option ids as this attempt shows them, if it has options.
        points: what a right answer is worth, above 0.
    """

    id: ItemVersionId
    number: int
    item: Item
    order: tuple[str, ...]
    points: Decimal
    competency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Points for one attempt: 0 <= earned <= possible, possible > 0.

    Attributes:
        needs_marking: the answered questions that wait for a person; they count 0 so far.
    """

    earned: Decimal
    possible: Decimal
    by_item: Mapping[ItemVersionId, Decimal]
    needs_marking: frozenset[ItemVersionId] = frozenset()

    def passes(self, pass_mark: Decimal) -> bool:
        """Say whether the share of points reaches `pass_mark` (0 to 1)."""
        return reaches(self.earned, self.possible, pass_mark)


def reaches(earned: Decimal, possible: Decimal, pass_mark: Decimal) -> bool:
    """Say whether earned of possible points are at least the share `pass_mark` (0 to 1)."""
    return earned >= pass_mark * possible


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person gave for an answer.

    Attributes:
        share: of the points, 0 to 1.
        levels: those chosen of the rubric, by criterion.
        comment: for the learner, plain text; may be empty.
    """

    share: Decimal
    levels: Mapping[str, str]
    comment: str


_NOTHING_GIVEN: Mapping[ItemVersionId, Given] = MappingProxyType({})


def mark(
    form: Sequence[FormItem],
    responses: Mapping[ItemVersionId, Sequence[str]],
    given: Mapping[ItemVersionId, Given] = _NOTHING_GIVEN,
) -> Mark:
    """Score an attempt. A question without a response, or with an empty one, earns nothing.

    Args:
        form: the attempt's questions, at least one.
        responses: what was answered, by question.
        given: by people, by question; counts for answers that need it.
    """
    scores = {asked.id: asked.item.score(responses.get(asked.id, ())) for asked in form}
    for id_, one in given.items():
        if id_ in scores and scores[id_].needs_marking:
            scores[id_] = Score(share=one.share)
    by_item = {
        asked.id: (scores[asked.id].share * asked.points).quantize(_PLACES, ROUND_HALF_UP)
        for asked in form
    }
    return Mark(
        earned=sum(by_item.values(), Decimal()),
        possible=sum((asked.points for asked in form), Decimal()),
        by_item=by_item,
        needs_marking=frozenset(id_ for id_, score in scores.items() if score.needs_marking),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Points of one closed attempt, or what several come to."""

    earned: Decimal
    possible: Decimal
    passed: bool


def reduce_attempts(policy: Policy, outcomes: Sequence[Outcome], pass_mark: Decimal) -> Outcome:
    """Return what a learner's closed attempts at a placement come to.

    Args:
        policy: the placement's.
        outcomes: one per closed attempt, oldest first, at least one.
        pass_mark: share of points, 0 to 1; decides for an average only, as each
            attempt carries its own verdict.
    """
    match policy:
        case Policy.FIRST:
            return outcomes[0]
        case Policy.LAST:
            return outcomes[-1]
        case Policy.BEST:
            return max(outcomes, key=lambda outcome: outcome.earned / outcome.possible)
        case Policy.AVERAGE:
            # Attempts of one placement share an edition, so they have the same whole.
            possible = outcomes[-1].possible
            share = sum((o.earned / o.possible for o in outcomes), Decimal()) / len(outcomes)
            earned = (share * possible).quantize(_PLACES, ROUND_HALF_UP)
            return Outcome(
                earned=earned, possible=possible, passed=reaches(earned, possible, pass_mark)
            )


def accepts(closing: datetime | None, at: datetime) -> bool:
    """Say whether what arrives at an instant still counts: until `GRACE` after the end."""
    return closing is None or at <= closing + GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """An answer on its way to the server.

    Attributes:
        value: what is chosen or written (`items`); empty for an answer taken back.
        save_id: made by the client for this save; sending it again changes nothing.
        page_id: the open page it comes from; each window has its own.
        sequence: order among the saves of this question, from 1, growing.
        base: the stored sequence that the page last saw for this question, 0 for none.
    """

    item_version_id: ItemVersionId
    value: tuple[str, ...]
    flagged: bool
    save_id: UUID
    page_id: UUID
    sequence: int
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The server's copy of an answer."""

    item_version_id: ItemVersionId
    value: tuple[str, ...]
    flagged: bool
    save_id: UUID
    page_id: UUID
    sequence: int
    saved_at: datetime


class Verdict(StrEnum):
    """What becomes of a save.

    STORE: it replaces the server's copy. SAME: the server has just that, nothing to
    do. OLDER: the same page has saved something newer. CONFLICT: another page has
    saved something else that this one had not seen.
    """

    STORE = "store"
    SAME = "same"
    OLDER = "older"
    CONFLICT = "conflict"


def judge(save: Save, stored: Stored | None) -> Verdict:
    """Decide about a save, given the server's copy."""
    if stored is None:
        return Verdict.STORE
    if save.save_id == stored.save_id:
        return Verdict.SAME
    if save.page_id == stored.page_id:
        return Verdict.STORE if save.sequence > stored.sequence else Verdict.OLDER
    if (save.value, save.flagged) == (stored.value, stored.flagged):
        return Verdict.SAME
    if save.base == stored.sequence and save.sequence > stored.sequence:
        return Verdict.STORE
    return Verdict.CONFLICT
