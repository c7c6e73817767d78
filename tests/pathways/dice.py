"""Random pathways of every kind, learners and decisions: from a seed, or from Hypothesis."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from lti_tool.core.ids import AwardId
from lti_tool.pathways.counting import Held, Rulings
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    CreditsOfKind,
    Earn,
    Requirement,
    SomeOf,
    nodes,
)
from lti_tool.pathways.soundness import problems
from tests.pathways.trees import ACHIEVEMENTS, NAMES, NOON, uuid_of

KINDS = ("core", "free")


@dataclass(frozen=True, slots=True)
class Learner:
    awards: list[Held]
    rulings: Rulings


def sound_tree(dice: Random) -> Requirement:
    """Throw until a pathway comes out that somebody can complete."""
    while True:
        tree = _node(dice, 3)
        if not problems(tree, NAMES):
            return tree


def learner(dice: Random, tree: Requirement) -> Learner:
    awards = [_award(dice) for _ in range(dice.randrange(9))]
    # Some are earned again, on another day and with another grade.
    again = [replace(_award(dice), **_same(one)) for one in awards if dice.random() < 0.2]
    awards += again
    waived = {}
    substitutes = {}
    for node in nodes(tree):
        if dice.random() < 0.06:
            waived[node.id] = NOON + timedelta(days=dice.randrange(40))
        elif awards and isinstance(node, Earn) and dice.random() < 0.06:
            since = NOON + timedelta(days=dice.randrange(40))
            substitutes[node.id] = (dice.choice(awards).award_id, since)
    return Learner(awards, Rulings(waived=waived, substitutes=substitutes))


def _same(award: Held) -> dict[str, Any]:
    return {"award_id": award.award_id, "achievement_id": award.achievement_id}


def _node(dice: Random, depth: int) -> Requirement:
    bottom = (_leaf, _credits)
    groups = (_all_of, _some_of, _all_of, _some_of, _exclusive)
    return dice.choice((*bottom, *groups) if depth else bottom)(dice, depth)


def _leaf(dice: Random, _depth: int, number: int | None = None) -> Earn:
    number = number or dice.randint(1, len(ACHIEVEMENTS))
    needs = [known for known in ACHIEVEMENTS if dice.random() < 0.02]
    return Earn(
        id=uuid_of(dice),
        achievement_id=ACHIEVEMENTS[number - 1],
        credits=Decimal(number) / 2,
        credit_kind=dice.choice(KINDS),
        grade_at_least=dice.choice((None, None, Decimal("0.5"), Decimal("0.8"))),
        level_at_least=dice.choice((None, None, None, 4)),
        within_days=dice.choice((None, None, None, 20)),
        counts_expired=dice.random() < 0.2,
        needs=tuple(needs),
    )


def _leaves(dice: Random, most: int) -> tuple[Earn, ...]:
    numbers = dice.sample(range(1, len(ACHIEVEMENTS) + 1), dice.randint(1, most))
    return tuple(_leaf(dice, 0, number) for number in numbers)


def _credits(dice: Random, _depth: int) -> CreditsAtLeast:
    parts = _leaves(dice, 4)
    total = sum(int(part.credits * 2) for part in parts)
    of_kind = []
    for kind in KINDS:
        most = sum(int(part.credits * 2) for part in parts if part.credit_kind == kind)
        if most and dice.random() < 0.4:
            of_kind.append(CreditsOfKind(name=kind, credits=Decimal(dice.randint(1, most)) / 2))
    return CreditsAtLeast(
        id=uuid_of(dice),
        credits=Decimal(dice.randint(1, total)) / 2,
        parts=parts,
        of_kind=tuple(of_kind),
    )


def _parts(dice: Random, depth: int) -> tuple[Requirement, ...]:
    return tuple(_node(dice, depth - 1) for _ in range(dice.randint(1, 3)))


def _all_of(dice: Random, depth: int) -> AllOf:
    return AllOf(id=uuid_of(dice), parts=_parts(dice, depth))


def _some_of(dice: Random, depth: int) -> SomeOf:
    parts = _parts(dice, depth)
    return SomeOf(id=uuid_of(dice), choose=dice.randint(1, len(parts)), parts=parts)


def _exclusive(dice: Random, _depth: int) -> AllOf:
    parts: list[Requirement] = []
    for _ in range(dice.randint(1, 3)):
        leaves = _leaves(dice, 4)
        if len(leaves) == 1:
            parts.append(leaves[0])
        elif dice.random() < 0.2:
            parts.append(AllOf(id=uuid_of(dice), parts=leaves))
        else:
            choose = dice.randint(1, len(leaves))
            parts.append(SomeOf(id=uuid_of(dice), choose=choose, parts=leaves))
    return AllOf(id=uuid_of(dice), parts=tuple(parts), exclusive=True)


def _award(dice: Random) -> Held:
    awarded_at = NOON + timedelta(days=dice.randrange(40))
    return Held(
        award_id=AwardId(uuid_of(dice)),
        achievement_id=dice.choice(ACHIEVEMENTS),
        awarded_at=awarded_at,
        valid_until=dice.choice((None, None, awarded_at + timedelta(days=dice.randint(1, 40)))),
        grade=dice.choice((None, Decimal("0.4"), Decimal("0.6"), Decimal("0.9"))),
        level=dice.choice((None, 3, 4)),
    )
