"""Random pathways and learners, and a slow judge that shares no code with ours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import combinations, product
from random import Random
from uuid import UUID

from hypothesis import strategies as st

from lti_tool.core.ids import AchievementId, AwardId, new_id
from lti_tool.pathways.counting import NO_RULINGS, Held, Rulings
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    Earn,
    Requirement,
    SomeOf,
    stones,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACHIEVEMENTS = [AchievementId(UUID(int=number)) for number in range(1, 9)]
BY_DECISION = AwardId(UUID(int=0))
NAMES = {known: f"Stone {number}" for number, known in enumerate(ACHIEVEMENTS, 1)}


def earn(number: int, *, credits_: str = "0") -> Earn:
    return Earn(achievement_id=ACHIEVEMENTS[number - 1], credits=Decimal(credits_))


def held(number: int, *, minutes: int = 0, ends: int | None = None) -> Held:
    return Held(
        award_id=AwardId(new_id()),
        achievement_id=ACHIEVEMENTS[number - 1],
        awarded_at=NOON + timedelta(minutes=minutes),
        valid_until=None if ends is None else NOON + timedelta(minutes=ends),
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


def uuid_of(dice: Random) -> UUID:
    return UUID(int=dice.getrandbits(128))


def is_met(
    node: Requirement,
    awards: Sequence[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
    *,
    whole: Requirement | None = None,
) -> bool:
    """Judge by trying every choice of parts, as the words of the rule say; `whole`: its tree."""
    awards = [*awards, *_decided(whole or node, awards, at, rulings)]
    return _met(node, awards, at, rulings)


def _decided(
    whole: Requirement, awards: Sequence[Held], at: datetime, rulings: Rulings
) -> list[Held]:
    """Return awards for what a decision stands: good for nothing but what needs them beside it."""
    found = []
    for stone in stones(whole):
        waived = stone.id in rulings.waived and rulings.waived[stone.id] <= at
        if waived or _in_place(stone, awards, at, rulings):
            found.append(
                Held(award_id=BY_DECISION, achievement_id=stone.achievement_id, awarded_at=at)
            )
    return found


def _in_place(
    stone: Earn, awards: Sequence[Held], at: datetime, rulings: Rulings
) -> set[AchievementId]:
    if stone.id not in rulings.substitutes:
        return set()
    award_id, since = rulings.substitutes[stone.id]
    return {
        a.achievement_id for a in awards if a.award_id == award_id and _valid(a, at) and since <= at
    }


def _valid(award: Held, at: datetime) -> bool:
    return award.awarded_at <= at and not (award.valid_until and award.valid_until <= at)


def _met(node: Requirement, awards: Sequence[Held], at: datetime, rulings: Rulings) -> bool:
    if node.id in rulings.waived and rulings.waived[node.id] <= at:
        return True
    match node:
        case Earn():
            return bool(_meeting(node, awards, at, rulings))
        case AllOf(exclusive=True):
            return _seatable(list(node.parts), awards, at, rulings, frozenset())
        case AllOf():
            return all(_met(part, awards, at, rulings) for part in node.parts)
        case SomeOf():
            return any(
                all(_met(part, awards, at, rulings) for part in chosen)
                for chosen in combinations(node.parts, node.choose)
            )
        case CreditsAtLeast():
            met = [part for part in node.parts if _met(part, awards, at, rulings)]
            return sum(part.credits for part in met) >= node.credits and all(
                sum(part.credits for part in met if part.credit_kind == kind.name) >= kind.credits
                for kind in node.of_kind
            )


def _meeting(
    stone: Earn, awards: Sequence[Held], at: datetime, rulings: Rulings
) -> set[AchievementId]:
    """Return the achievements by which a stone can be met."""
    found = set()
    if all(any(_valid(a, at) and a.achievement_id == need for a in awards) for need in stone.needs):
        for award in awards:
            age = at - award.awarded_at
            if (
                award.achievement_id == stone.achievement_id
                and award.award_id != BY_DECISION
                and age >= timedelta(0)
                and (_valid(award, at) or stone.counts_expired)
                and (stone.within_days is None or age < timedelta(days=stone.within_days))
                and (award.grade or Decimal(0)) >= (stone.grade_at_least or Decimal(0))
                and (award.level or 0) >= (stone.level_at_least or 0)
            ):
                found.add(award.achievement_id)
    return found | _in_place(stone, awards, at, rulings)


def _seatable(
    parts: list[Requirement],
    awards: Sequence[Held],
    at: datetime,
    rulings: Rulings,
    busy: frozenset[AchievementId],
) -> bool:
    """Give every part its stones in every way there is, no achievement twice."""
    if not parts:
        return True
    part, *others = parts
    waived = {known for known, since in rulings.waived.items() if since <= at}
    if part.id in waived:
        return _seatable(others, awards, at, rulings, busy)
    leaves_ = [part] if isinstance(part, Earn) else list(stones(part))
    choose = part.choose if isinstance(part, SomeOf) else len(leaves_)
    for chosen in combinations(leaves_, choose):
        ways = [
            [None] if leaf.id in waived else sorted(_meeting(leaf, awards, at, rulings) - busy)
            for leaf in chosen
        ]
        for taken in product(*ways):
            used = [known for known in taken if known is not None]
            if len(set(used)) == len(used) and _seatable(
                others, awards, at, rulings, busy.union(used)
            ):
                return True
    return False


def fewest_further(
    expression: Requirement,
    awards: Sequence[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
) -> int:
    """Return how many more are needed, by trying every set of them, small ones first."""
    asked_for = sorted(
        {known for stone in stones(expression) for known in (stone.achievement_id, *stone.needs)}
    )
    return next(
        size
        for size in range(len(asked_for) + 1)
        for further in combinations(asked_for, size)
        if is_met(expression, [*awards, *map(partial(fresh, at=at), further)], at, rulings)
    )


def fresh(known: AchievementId, *, at: datetime) -> Held:
    """Return an award as good as can be, made now."""
    return Held(
        award_id=AwardId(new_id()), achievement_id=known, awarded_at=at, grade=Decimal(1), level=99
    )
