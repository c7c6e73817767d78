"""The fewest further achievements that would complete a pathway, exactly. Pure.

Whatever is earned from now on is taken to meet every condition: a good grade, a high enough
level, in time. What is held but does not count can be earned again.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

from lti_tool.core.ids import AchievementId
from lti_tool.pathways.counting import Counted
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    Earn,
    Requirement,
    SomeOf,
    stones,
)
from lti_tool.pathways.flow import Bench, seat

Way = tuple[AchievementId, ...]
NOTHING = Counted(
    awards={}, own={}, at=datetime.min.replace(tzinfo=UTC), present=(), waiting=(), waived=()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """What is so, and what is assumed to be earned or given up on."""

    counted: Counted
    earned: Collection[AchievementId] = ()
    barred: Collection[AchievementId] = ()


def nearest(expression: Requirement, counted: Counted) -> Way | None:
    """Return the fewest further achievements in display order, None if nobody can complete it.

    Group by group the smallest choice is best as long as no achievement serves two
    groups. Those that do are decided first: each set of them is tried, as earned
    and as ruled out.
    """
    linked = repeated(expression)
    undecided = (
        _in_order(expression, linked.intersection(_still_open(expression, counted)))
        if linked
        else ()
    )
    best: Way | None = None
    for size in range(len(undecided) + 1):
        if best is not None and size >= len(best):
            break
        for earned in combinations(undecided, size):
            world = _World(counted=counted, earned=earned, barred={*undecided} - {*earned})
            way = _way(expression, world)
            if way is not None and (best is None or size + len(way) < len(best)):
                best = (*earned, *way)
    return None if best is None else _in_order(expression, best)


def _in_order(expression: Requirement, wanted: Collection[AchievementId]) -> Way:
    order = (
        known for stone in stones(expression) for known in (*stone.needs, stone.achievement_id)
    )
    return tuple(dict.fromkeys(known for known in order if known in wanted))


def _still_open(expression: Requirement, counted: Counted) -> Iterator[AchievementId]:
    """Yield what would bring a stone that it does not hold up by itself."""
    for stone in stones(expression):
        own = counted.awards.get(stone.id, ())
        if all(award.achievement_id != stone.achievement_id for award in own):
            yield stone.achievement_id
            yield from (known for known in stone.needs if known not in counted.present)


def repeated(expression: Requirement) -> set[AchievementId]:
    """Return the achievements that serve several groups, or are needed beside a stone.

    The parts of an exclusive group are one here: there a flow decides, whatever repeats.
    """
    seen: set[AchievementId] = set()
    found: set[AchievementId] = set()
    _note_repeated(expression, seen, found)
    return found


def _note_repeated(node: Requirement, seen: set[AchievementId], found: set[AchievementId]) -> None:
    if isinstance(node, AllOf) and node.exclusive:
        inside = list(stones(node))
        here = {stone.achievement_id for stone in inside}
        found.update(here & seen, *(stone.needs for stone in inside))
        seen |= here
        return
    for part in (node,) if isinstance(node, Earn) else node.parts:
        if not isinstance(part, Earn):
            _note_repeated(part, seen, found)
            continue
        if part.achievement_id in seen:
            found.add(part.achievement_id)
        seen.add(part.achievement_id)
        if part.needs:
            found.update(part.needs)


def _way(node: Requirement, world: _World) -> Way | None:
    """Return the fewest achievements that meet `node` without the barred, None if none do."""
    if node.id in world.counted.waived:
        return ()
    if isinstance(node, Earn):
        return _way_to_stone(node, world)
    if isinstance(node, CreditsAtLeast):
        return _way_to_credits(node, world)
    if isinstance(node, AllOf) and node.exclusive:
        return _way_of_flow(node, world)
    needed = node.choose if isinstance(node, SomeOf) else len(node.parts)
    ways = [way for part in node.parts if (way := _way(part, world)) is not None]
    if len(ways) < needed:
        return None
    return tuple(known for way in sorted(ways, key=len)[:needed] for known in way)


def _way_to_stone(stone: Earn, world: _World) -> Way | None:
    if stone.id in world.counted.awards or stone.id in world.counted.waived:
        return ()
    return _way_by_own(stone, world)


def _way_by_own(stone: Earn, world: _World) -> Way | None:
    """Return what it takes to have the stone's own achievement count."""
    if stone.needs and not all(
        known in world.counted.present or known in world.earned for known in stone.needs
    ):
        return None
    if stone.achievement_id in world.earned or stone.id in world.counted.waiting:
        return ()
    return None if stone.achievement_id in world.barred else (stone.achievement_id,)


def _way_to_credits(node: CreditsAtLeast, world: _World) -> Way | None:
    """Take of each kind what must be, then of all what is left, the heaviest first: exact.

    Each part is of one kind, so that all fewest choices take the heaviest of their kind.
    """
    ways = [(part, _way_to_stone(part, world)) for part in node.parts]
    there = [part for part, way in ways if way == ()]
    rest = sorted((part for part, way in ways if way), key=lambda part: -part.credits)
    taken: list[Earn] = []
    wanted = [(kind.name, kind.credits) for kind in node.of_kind]
    for name, credits_ in [*wanted, (None, node.credits)]:
        lacking = credits_ - credits_of([*there, *taken], name)
        for part in list(rest):
            if lacking <= 0:
                break
            if name is None or part.credit_kind == name:
                rest.remove(part)
                taken.append(part)
                lacking -= part.credits
        if lacking > 0:
            return None
    return tuple(part.achievement_id for part in taken)


def credits_of(parts: Sequence[Earn], kind: str | None) -> Decimal:
    """Return the credits of these parts, of one kind or all."""
    return sum(
        (part.credits for part in parts if kind is None or part.credit_kind == kind), Decimal(0)
    )


def _way_of_flow(node: AllOf, world: _World) -> Way | None:
    benches = []
    for part in node.parts:
        leaves, wanted = places(part, world.counted.waived)
        benches.append(
            Bench(
                seats={leaf.id: _candidates(leaf, world) for leaf in leaves},
                wanted=wanted,
            )
        )
    costs = {stone: who for bench in benches for stone, who in bench.seats.items()}
    seated = seat(benches)
    if len(seated) < sum(bench.wanted for bench in benches):
        return None
    return tuple(who for stone, who in seated.items() if costs[stone][who])


def _candidates(leaf: Earn, world: _World) -> dict[AchievementId, int]:
    candidates = {award.achievement_id: 0 for award in world.counted.awards.get(leaf.id, ())}
    if leaf.achievement_id not in candidates:
        way = _way_by_own(leaf, world)
        if way is not None:
            candidates[leaf.achievement_id] = len(way)
    return candidates


def places(part: Requirement, waived: Collection[object]) -> tuple[list[Earn], int]:
    """Return the stones of a part of an exclusive group, and how many of them are to be filled.

    A waived stone fills its place without an achievement.
    """
    if part.id in waived:
        return [], 0
    leaves = [part] if isinstance(part, Earn) else [p for p in part.parts if isinstance(p, Earn)]
    wanted = part.choose if isinstance(part, SomeOf) else len(leaves)
    open_leaves = [leaf for leaf in leaves if leaf.id not in waived]
    return open_leaves, max(0, wanted - (len(leaves) - len(open_leaves)))
