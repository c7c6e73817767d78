"""Random pathways and learners, and a slow judge that shares no code with ours."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from uuid import UUID

from hypothesis import strategies as st

from lti_tool.core.ids import AchievementId, AwardId, new_id
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    Earn,
    Requirement,
    SomeOf,
    stones,
)
from lti_tool.pathways.rules import Held

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACHIEVEMENTS = [AchievementId(UUID(int=number)) for number in range(1, 9)]
NAMES = {known: f"Stone {number}" for number, known in enumerate(ACHIEVEMENTS, 1)}


def earn(number: int, *, credits_: str = "0") -> Earn:
    return Earn(achievement_id=ACHIEVEMENTS[number - 1], credits=Decimal(credits_))


def held(number: int, *, minutes: int = 0) -> Held:
    return Held(
        award_id=AwardId(new_id()),
        achievement_id=ACHIEVEMENTS[number - 1],
        awarded_at=NOON + timedelta(minutes=minutes),
    )


def leaves() -> st.SearchStrategy[Earn]:
    """Stones of eight kinds that carry 0.5 to 4 credits."""
    return st.integers(1, len(ACHIEVEMENTS)).map(
        lambda number: earn(number, credits_=str(Decimal(number) / 2))
    )


def _different_stones(parts: list[Requirement]) -> bool:
    known = [part.achievement_id for part in parts if isinstance(part, Earn)]
    return len(known) == len(set(known))


@st.composite
def _credits_group(draw: st.DrawFn) -> CreditsAtLeast:
    parts = draw(
        st.lists(leaves(), min_size=1, max_size=4, unique_by=lambda part: part.achievement_id)
    )
    total = sum(int(part.credits * 2) for part in parts)
    return CreditsAtLeast(
        credits=Decimal(draw(st.integers(1, total))) / 2,
        parts=tuple(parts),
    )


@st.composite
def _group(draw: st.DrawFn, inner: st.SearchStrategy[Requirement]) -> Requirement:
    parts = tuple(draw(st.lists(inner, min_size=1, max_size=4).filter(_different_stones)))
    if draw(st.booleans()):
        return AllOf(parts=parts)
    return SomeOf(choose=draw(st.integers(1, len(parts))), parts=parts)


def expressions() -> st.SearchStrategy[Requirement]:
    """Trees that can be completed; the same achievement may be in several groups."""
    bottom: st.SearchStrategy[Requirement] = st.one_of(leaves(), _credits_group())
    return st.recursive(bottom, _group, max_leaves=10)


def learners() -> st.SearchStrategy[list[Held]]:
    return st.lists(
        st.builds(held, st.integers(1, len(ACHIEVEMENTS)), minutes=st.integers(0, 30)), max_size=10
    )


def is_met(node: Requirement, known: Collection[AchievementId]) -> bool:
    """Judge by trying every choice of parts, as the words of the rule say."""
    match node:
        case Earn():
            return node.achievement_id in known
        case AllOf():
            return all(is_met(part, known) for part in node.parts)
        case SomeOf():
            return any(
                all(is_met(part, known) for part in chosen)
                for chosen in combinations(node.parts, node.choose)
            )
        case CreditsAtLeast():
            return any(
                sum((part.credits for part in chosen), Decimal(0)) >= node.credits
                and all(is_met(part, known) for part in chosen)
                for size in range(len(node.parts) + 1)
                for chosen in combinations(node.parts, size)
            )


def fewest_further(expression: Requirement, known: set[AchievementId]) -> int:
    """Return how many more are needed, by trying every set of them, small ones first."""
    named = sorted({stone.achievement_id for stone in stones(expression)} - known)
    return next(
        size
        for size in range(len(named) + 1)
        for further in combinations(named, size)
        if is_met(expression, known.union(further))
    )
