"""When awards stack up to a pathway, why not yet, and what is nearest. Pure functions.

All rules are monotone: a further award never takes anything away.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from uuid import UUID

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways.expression import CreditsAtLeast, Earn, Requirement, SomeOf, stones

# Shares are kept in ten-thousandths and rounded down, so that only what is complete reads 1.
_WHOLE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An award that stands. `awarded_at` is aware."""

    award_id: AwardId
    achievement_id: AchievementId
    awarded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How far one requirement is met, and by what.

    Attributes:
        counted: parts met, or credits held; of a leaf 1 or 0. May exceed `needed`.
        needed: parts or credits.
        share: 0 to 1, rounded down to four places; exactly 1 means met.
        awards: of a leaf, what counts toward it.
        parts: of a group, the reasons of its parts in display order.
    """

    requirement: Requirement
    counted: Decimal
    needed: Decimal
    share: Decimal
    awards: tuple[AwardId, ...] = ()
    parts: "tuple[Reason, ...]" = ()

    @property
    def done(self) -> bool:
        """Tell whether the requirement is met."""
        return self.counted >= self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Where somebody stands on a pathway at an instant.

    Attributes:
        nearest: the fewest further achievements that would complete it, in display
            order; of several such sets the first in display order.
        reasons: the same tree as the expression.
    """

    nearest: tuple[AchievementId, ...]
    reasons: Reason

    @property
    def done(self) -> bool:
        """Tell whether the pathway is complete."""
        return self.reasons.done

    @property
    def share(self) -> Decimal:
        """Return how far it is, 0 to 1; exactly 1 means complete."""
        return self.reasons.share

    @property
    def missing(self) -> int:
        """Return how many achievements are needed at least."""
        return len(self.nearest)


def evaluate(expression: Requirement, held: Collection[Held], at: datetime) -> Evaluation:
    """Judge the awards somebody holds against a pathway.

    An award counts once toward every requirement that names its achievement, from
    the instant it was awarded. Several awards of one achievement (editions) are one.

    Args:
        expression: a sound tree (`soundness.problems`).
        held: awards that stand, in any order.
        at: the instant to judge by, aware.
    """
    awards: dict[AchievementId, list[AwardId]] = {}
    for award in held:
        if award.awarded_at <= at:
            awards.setdefault(award.achievement_id, []).append(award.award_id)
    return judge(expression, awards)


def judge(expression: Requirement, awards: Mapping[AchievementId, Sequence[AwardId]]) -> Evaluation:
    """Judge which achievements are held; `awards` of each are only passed on to the reasons."""
    reasons, _ = _reason(expression, awards)
    return Evaluation(
        nearest=() if reasons.done else _nearest(expression, awards.keys()), reasons=reasons
    )


def contributions(
    expression: Requirement, held: Collection[Held], at: datetime
) -> set[tuple[UUID, AwardId]]:
    """Return what counts toward what: pairs of a leaf's id and an award's."""
    return {
        (stone.id, award.award_id)
        for stone in stones(expression)
        for award in held
        if award.achievement_id == stone.achievement_id and award.awarded_at <= at
    }


def completed_at(expression: Requirement, held: Collection[Held]) -> datetime | None:
    """Return the instant of the award that completed the pathway, or None.

    It follows from the awards alone, whatever the order in which we heard of them.
    """
    by_time = sorted(held, key=lambda award: award.awarded_at)
    if not _done(expression, {award.achievement_id for award in by_time}):
        return None
    too_few, enough = -1, len(by_time) - 1
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if _done(expression, {award.achievement_id for award in by_time[: middle + 1]}):
            enough = middle
        else:
            too_few = middle
    return by_time[enough].awarded_at


def fewest(expression: Requirement) -> int:
    """Return how many achievements take somebody from nothing to completion, at least."""
    return len(_nearest(expression, ()))


def _reason(
    node: Requirement, awards: Mapping[AchievementId, Sequence[AwardId]]
) -> tuple[Reason, int]:
    """Return the reason and the weight its share has beside its siblings': stones, at least."""
    if isinstance(node, Earn):
        own = tuple(awards.get(node.achievement_id, ()))
        is_held = Decimal(node.achievement_id in awards)
        return Reason(
            requirement=node, counted=is_held, needed=Decimal(1), share=is_held, awards=own
        ), 1
    judged = [_reason(part, awards) for part in node.parts]
    reasons = tuple(reason for reason, _ in judged)
    if isinstance(node, CreditsAtLeast):
        return _credits_reason(node, reasons), _fewest_for(node.credits, node.parts)
    if isinstance(node, SomeOf):
        needed = node.choose
        best = sorted((_parts_of_whole(reason) for reason in reasons), reverse=True)
        share = sum(best[:needed]) // needed
        weight = sum(sorted(size for _, size in judged)[:needed])
    else:
        needed = len(reasons)
        weight = sum(size for _, size in judged)
        share = sum(_parts_of_whole(reason) * size for reason, size in judged) // weight
    return Reason(
        requirement=node,
        counted=Decimal(sum(reason.done for reason in reasons)),
        needed=Decimal(needed),
        share=Decimal(share) / _WHOLE,
        parts=reasons,
    ), weight


def _credits_reason(node: CreditsAtLeast, reasons: tuple[Reason, ...]) -> Reason:
    counted = sum(
        (part.credits for part, reason in zip(node.parts, reasons, strict=True) if reason.done),
        Decimal(0),
    )
    return Reason(
        requirement=node,
        counted=counted,
        needed=node.credits,
        share=Decimal(int(min(counted, node.credits) * _WHOLE / node.credits)) / _WHOLE,
        parts=reasons,
    )


def _parts_of_whole(reason: Reason) -> int:
    return int(reason.share * _WHOLE)


def _fewest_for(wanted: Decimal, parts: Sequence[Earn]) -> int:
    return len(_heaviest(wanted, parts) or parts)


def _heaviest(wanted: Decimal, parts: Sequence[Earn]) -> tuple[AchievementId, ...] | None:
    """Return the fewest parts that carry the credits wanted, None where all carry less."""
    taken: list[AchievementId] = []
    for part in sorted(parts, key=lambda part: -part.credits):
        if wanted <= 0:
            break
        taken.append(part.achievement_id)
        wanted -= part.credits
    return tuple(taken) if wanted <= 0 else None


def _done(node: Requirement, held: Collection[AchievementId]) -> bool:
    if isinstance(node, Earn):
        return node.achievement_id in held
    if isinstance(node, CreditsAtLeast):
        return sum(p.credits for p in node.parts if p.achievement_id in held) >= node.credits
    needed = node.choose if isinstance(node, SomeOf) else len(node.parts)
    return sum(_done(part, held) for part in node.parts) >= needed


def _nearest(expression: Requirement, held: Collection[AchievementId]) -> tuple[AchievementId, ...]:
    """Return the fewest further achievements, exactly.

    Group by group the smallest choice is best as long as no achievement serves two
    groups. Those that do are decided first: each set of them is tried, as earned
    and as ruled out.
    """
    times = Counter(stone.achievement_id for stone in stones(expression))
    repeated = [known for known, count in times.items() if count > 1 and known not in held]
    best: tuple[AchievementId, ...] | None = None
    for size in range(len(repeated) + 1):
        if best is not None and size >= len(best):
            break
        for earned in combinations(repeated, size):
            way = _way(expression, {*held, *earned}, {*repeated} - {*earned})
            if way is not None and (best is None or size + len(way) < len(best)):
                best = (*earned, *way)
    if best is None:
        raise ValueError("nobody can complete this expression; see soundness.problems")
    return tuple(known for known in times if known in best)


def _way(
    node: Requirement, held: Collection[AchievementId], barred: Collection[AchievementId]
) -> tuple[AchievementId, ...] | None:
    """Return the fewest achievements that meet `node` without the barred, None if none do."""
    if isinstance(node, Earn):
        if node.achievement_id in held:
            return ()
        return None if node.achievement_id in barred else (node.achievement_id,)
    if isinstance(node, CreditsAtLeast):
        counted = sum(part.credits for part in node.parts if part.achievement_id in held)
        open_parts = [p for p in node.parts if p.achievement_id not in {*held, *barred}]
        return _heaviest(node.credits - counted, open_parts)
    needed = node.choose if isinstance(node, SomeOf) else len(node.parts)
    ways = [way for part in node.parts if (way := _way(part, held, barred)) is not None]
    if len(ways) < needed:
        return None
    return tuple(known for way in sorted(ways, key=len)[:needed] for known in way)
