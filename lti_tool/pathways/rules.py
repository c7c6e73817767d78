"""When awards stack up to a pathway, why not yet, and what is nearest. Pure functions.

At a given instant all rules are monotone: a further award never takes anything away. Only
time does, and a withdrawal.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from lti_tool.core.ids import AchievementId
from lti_tool.pathways.counting import (
    NO_RULINGS,
    Counted,
    Held,
    Rulings,
    Why,
    count,
    ends_at,
    instants,
    why_not,
)
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, Requirement, SomeOf
from lti_tool.pathways.flow import Bench, seat
from lti_tool.pathways.nearest import NOTHING, credits_of, nearest, places
from lti_tool.pathways.reasons import (
    NONE,
    ONE,
    Evaluation,
    Expiry,
    Reason,
    contributions,
    leaves,
)

__all__ = [
    "Evaluation",
    "Expiry",
    "Held",
    "Reason",
    "Rulings",
    "completed_at",
    "contributions",
    "evaluate",
    "leaves",
]

# Shares are kept in ten-thousandths and rounded down, so that only what is complete reads 1.
_WHOLE = 10_000


def evaluate(
    expression: Requirement,
    held: Collection[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
) -> Evaluation:
    """Judge the awards somebody holds against a pathway.

    An award counts toward every requirement that names its achievement and whose conditions it
    meets, from the instant it was awarded; within an exclusive group toward one part only.
    Several awards of one achievement (editions) are one.

    Args:
        expression: a sound tree (`soundness.problems`).
        held: awards that stand, in any order.
        at: the instant to judge by, aware.
        rulings: what was decided for this person.

    Raises:
        ValueError: nobody can complete the expression.
    """
    counted = count(expression, held, at, rulings)
    reasons, _ = _Judge(counted).reason(expression)
    way = () if reasons.share == ONE else nearest(expression, counted)
    if way is None:
        raise ValueError("nobody can complete this expression; see soundness.problems")
    return Evaluation(nearest=way, reasons=reasons)


def completed_at(
    expression: Requirement, held: Collection[Held], rulings: Rulings = NO_RULINGS
) -> datetime | None:
    """Return the first instant at which the pathway was complete, or None.

    It follows from the awards and decisions alone, whatever the order in which we heard of
    them. That time has since taken something away does not undo it.
    """
    by_time = sorted(set(instants(held, rulings)))
    if not _may_lapse(expression, held):
        return _first_of_monotone(by_time, lambda at: _done(expression, held, at, rulings))
    return next((at for at in by_time if _done(expression, held, at, rulings)), None)


def fewest(expression: Requirement) -> int:
    """Return how many achievements take somebody from nothing to completion, at least.

    Raises:
        ValueError: nobody can complete the expression.
    """
    way = nearest(expression, NOTHING)
    if way is None:
        raise ValueError("nobody can complete this expression; see soundness.problems")
    return len(way)


def _first_of_monotone(
    by_time: list[datetime], is_done: Callable[[datetime], bool]
) -> datetime | None:
    if not by_time or not is_done(by_time[-1]):
        return None
    too_early, enough = -1, len(by_time) - 1
    while enough - too_early > 1:
        middle = (too_early + enough) // 2
        if is_done(by_time[middle]):
            enough = middle
        else:
            too_early = middle
    return by_time[enough]


def _may_lapse(expression: Requirement, held: Collection[Held]) -> bool:
    return any(award.valid_until is not None for award in held) or any(
        stone.within_days is not None for stone in _stones(expression)
    )


def _stones(node: Requirement) -> Iterator[Earn]:
    if isinstance(node, Earn):
        yield node
    else:
        for part in node.parts:
            yield from _stones(part)


def _done(expression: Requirement, held: Collection[Held], at: datetime, rulings: Rulings) -> bool:
    return _Judge(count(expression, held, at, rulings)).reason(expression)[0].done


class _Judge:
    """Builds the tree of reasons from what counts."""

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        self.awards = counted.awards
        self.waived = counted.waived

    def reason(self, node: Requirement) -> tuple[Reason, int]:
        """Return the reason and the weight its share has beside its siblings': stones, at least."""
        if isinstance(node, Earn):
            return self._stone(node), 1
        if isinstance(node, CreditsAtLeast):
            found = self._credits(node)
        elif isinstance(node, AllOf) and node.exclusive:
            found = self._exclusive(node)
        else:
            found = self._group(node)
        if self.waived and node.id in self.waived:
            reason = found[0]
            reason.waived = True
            reason.share = ONE
            reason.counted = max(reason.counted, reason.needed)
        return found

    def _stone(self, node: Earn) -> Reason:
        own = self.awards.get(node.id)
        if own is not None:
            return _met(node, own, self.counted.at)
        if node.id in self.waived:
            return Reason(requirement=node, counted=ONE, needed=ONE, share=ONE, waived=True)
        return self._open(node)

    def _open(self, node: Earn, why: Why | None = None) -> Reason:
        nearly = None
        if why is None:
            why, nearly = why_not(node, self.counted)
        present = self.counted.present
        return Reason(
            requirement=node,
            counted=NONE,
            needed=ONE,
            share=NONE,
            why=why,
            nearly=nearly,
            beside=tuple([need for need in node.needs if need not in present]),
        )

    def _group(self, node: AllOf | SomeOf) -> tuple[Reason, int]:
        judged = [self.reason(part) for part in node.parts]
        met = 0
        shares = []
        for reason, _ in judged:
            met += reason.share == ONE
            shares.append(_parts_of_whole(reason))
        if isinstance(node, SomeOf):
            needed = node.choose
            share = sum(sorted(shares, reverse=True)[:needed]) // needed
            weight = sum(sorted([size for _, size in judged])[:needed])
        else:
            needed = len(judged)
            weight = sum([size for _, size in judged])
            share = (
                sum([part * size for part, (_, size) in zip(shares, judged, strict=True)]) // weight
            )
        return Reason(
            requirement=node,
            counted=Decimal(met),
            needed=Decimal(needed),
            share=_share(share),
            parts=tuple([reason for reason, _ in judged]),
        ), weight

    def _credits(self, node: CreditsAtLeast) -> tuple[Reason, int]:
        reasons = tuple([self._stone(part) for part in node.parts])
        there = [part for part, reason in zip(node.parts, reasons, strict=True) if reason.counted]
        counted = credits_of(there, None)
        # What is of the wrong kind counts, but not in place of what must be of a kind.
        lacking = max(
            [
                node.credits - counted,
                sum(
                    (
                        max(NONE, kind.credits - credits_of(there, kind.name))
                        for kind in node.of_kind
                    ),
                    NONE,
                ),
            ]
        )
        total = max(node.credits, sum((kind.credits for kind in node.of_kind), NONE))
        share = int((total - lacking) * _WHOLE / total) if lacking > 0 else _WHOLE
        return Reason(
            requirement=node,
            counted=counted,
            needed=node.credits,
            share=_share(share),
            parts=reasons,
        ), max(1, _fewest_for(node))

    def _exclusive(self, node: AllOf) -> tuple[Reason, int]:
        """Seat every achievement once; what is over counts where it is not needed elsewhere."""
        seated = seat(
            [
                Bench(
                    seats={
                        leaf.id: {award.achievement_id: 0 for award in self.awards.get(leaf.id, ())}
                        for leaf in leaves_
                    },
                    wanted=wanted,
                )
                for leaves_, wanted in (places(part, self.waived) for part in node.parts)
            ]
        )
        busy = set(seated.values())
        parts = tuple([self._part(part, seated, busy) for part in node.parts])
        demands = [int(reason.needed) for reason in parts]
        filled = sum(min(int(reason.counted), int(reason.needed)) for reason in parts)
        return Reason(
            requirement=node,
            counted=Decimal(sum(reason.done for reason in parts)),
            needed=Decimal(len(parts)),
            share=_share(filled * _WHOLE // sum(demands)),
            parts=parts,
        ), sum(demands)

    def _part(
        self,
        node: Requirement,
        seated: Mapping[UUID, AchievementId],
        busy: set[AchievementId],
    ) -> Reason:
        if isinstance(node, Earn):
            return self._seat(node, seated, busy)
        reasons = tuple([self._seat(p, seated, busy) for p in node.parts if isinstance(p, Earn)])
        needed = node.choose if isinstance(node, SomeOf) else len(reasons)
        counted = sum(reason.done for reason in reasons)
        waived = node.id in self.waived
        return Reason(
            requirement=node,
            counted=Decimal(max(counted, needed) if waived else counted),
            needed=Decimal(needed),
            share=ONE if waived else _share(min(counted, needed) * _WHOLE // needed),
            parts=reasons,
            waived=waived,
        )

    def _seat(
        self,
        leaf: Earn,
        seated: Mapping[UUID, AchievementId],
        busy: set[AchievementId],
    ) -> Reason:
        own = self.awards.get(leaf.id, ())
        here = seated.get(leaf.id)
        mine = tuple(
            award
            for award in own
            if (award.achievement_id == here if here else award.achievement_id not in busy)
        )
        if mine:
            busy.update(award.achievement_id for award in mine)
            return _met(leaf, mine, self.counted.at)
        if leaf.id in self.waived:
            return Reason(requirement=leaf, counted=ONE, needed=ONE, share=ONE, waived=True)
        return self._open(leaf, "elsewhere" if own else None)


def _met(stone: Earn, own: tuple[Held, ...], at: datetime) -> Reason:
    return Reason(
        requirement=stone,
        counted=ONE,
        needed=ONE,
        share=ONE,
        awards=tuple(dict.fromkeys([award.award_id for award in own])),
        since=min([award.awarded_at for award in own]),
        until=_until(stone, own, at),
    )


def _until(stone: Earn, own: tuple[Held, ...], at: datetime) -> datetime | None:
    """Return when the last of these awards ceases to count by itself; None if one never does."""
    if stone.within_days is None and own[0].valid_until is None:
        return None
    ends = [_end(stone, award, at) for award in own]
    certain = [end for end in ends if end is not None]
    return max(certain) if len(certain) == len(ends) else None


def _end(stone: Earn, award: Held, at: datetime) -> datetime | None:
    """Return until when an award counts: by the stone's rules, or as it was put in its place."""
    if award.achievement_id != stone.achievement_id:
        return award.valid_until
    end = ends_at(stone, award)
    return award.valid_until if end is not None and end <= at else end


def _fewest_for(node: CreditsAtLeast) -> int:
    return len(nearest(node, NOTHING) or node.parts)


def _parts_of_whole(reason: Reason) -> int:
    return _WHOLE if reason.share == ONE else int(reason.share * _WHOLE)


def _share(parts: int) -> Decimal:
    if parts == _WHOLE:
        return ONE
    return Decimal(parts) / _WHOLE if parts else NONE
