"""Whether an expression can be published: possible to complete, of bounded size, no cycle.

Pure functions, as in `rules`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from lti_tool.core.ids import AchievementId
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    Earn,
    Requirement,
    SomeOf,
    nodes,
    stones,
)

MOST_REQUIREMENTS = 200
DEEPEST = 8
# Where achievements are named in several groups, `rules` finds the nearest way by trying out
# the sets of them: at most 2 to this power.
MOST_REPEATED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an expression cannot be published.

    Attributes:
        place: where in the tree: titles of the groups from the top, or their position.
        text: what is wrong there, a sentence.
    """

    place: tuple[str, ...]
    text: str

    @property
    def sentence(self) -> str:
        """Return both in one sentence."""
        return f"In {', '.join(self.place)}: {self.text}" if self.place else self.text


def problems(expression: Requirement, names: Mapping[AchievementId, str]) -> list[Problem]:
    """Return everything that makes an expression impossible or unfit, in display order.

    Args:
        expression: with its credits filled in, and no `size_problems`.
        names: of the achievements, for the sentences.
    """
    found = list(_problems(expression, (), names))
    times = Counter(stone.achievement_id for stone in stones(expression))
    repeated = [names[known] for known, count in times.items() if count > 1]
    if len(repeated) > MOST_REPEATED:
        text = f"At most {MOST_REPEATED} achievements may be in several groups, not {len(repeated)}"
        found.append(Problem(place=(), text=f"{text}: {', '.join(repeated)}."))
    return found


def size_problems(expression: Requirement) -> Iterator[Problem]:
    """Yield what makes a tree too large to be looked at: ask this first.

    Everything else about expressions is recursive; this is not.
    """
    tree = list(islice(nodes(expression), MOST_REQUIREMENTS + 1))
    if len(tree) > MOST_REQUIREMENTS:
        yield Problem(place=(), text=f"A pathway has at most {MOST_REQUIREMENTS} requirements.")
        return
    level, depth = [expression], 0
    while level:
        level = [p for node in level if not isinstance(node, Earn) for p in node.parts]
        depth += 1
    if depth > DEEPEST:
        yield Problem(place=(), text=f"Groups lie at most {DEEPEST} deep, not {depth}.")


def _problems(
    node: Requirement, place: tuple[str, ...], names: Mapping[AchievementId, str]
) -> Iterator[Problem]:
    if isinstance(node, Earn):
        return
    for text in _group_problems(node, names):
        yield Problem(place=place, text=text)
    for number, part in enumerate(node.parts, 1):
        if isinstance(part, AllOf | SomeOf | CreditsAtLeast):
            yield from _problems(part, (*place, part.title or f"part {number}"), names)


def _group_problems(
    node: AllOf | SomeOf | CreditsAtLeast, names: Mapping[AchievementId, str]
) -> Iterator[str]:
    if not node.parts:
        yield "The group is empty."
        return
    times = Counter(part.achievement_id for part in node.parts if isinstance(part, Earn))
    for known, count in times.items():
        if count > 1:
            yield f"{names[known]} is in the group {count} times."
    if isinstance(node, SomeOf):
        if not 1 <= node.choose <= len(node.parts):
            yield f"{node.choose} of {len(node.parts)} parts cannot be met."
    elif isinstance(node, CreditsAtLeast):
        yield from _credit_problems(node, names)


def _credit_problems(node: CreditsAtLeast, names: Mapping[AchievementId, str]) -> Iterator[str]:
    for part in node.parts:
        if part.credits <= 0:
            yield f"{names[part.achievement_id]} carries no credits."
    if node.credits <= 0:
        yield "The credits that are needed must be more than 0."
    total = sum(part.credits for part in node.parts)
    if total < node.credits:
        yield f"{node.credits:f} credits are needed, and the parts carry {total:f} together."


def find_cycle(
    start: AchievementId, needs: Mapping[AchievementId, Collection[AchievementId]]
) -> tuple[AchievementId, ...]:
    """Return the shortest way on which an achievement comes to need itself, or nothing.

    Args:
        start: the achievement a pathway awards.
        needs: per achievement that a pathway awards, the achievements it names.

    Returns:
        From `start` to `start`, each needing the next.
    """
    came_from: dict[AchievementId, AchievementId] = {}
    level = [start]
    while level:
        further = []
        for known in level:
            for needed in sorted(needs.get(known, ())):
                if needed == start:
                    return _trace(known, start, came_from)
                if needed not in came_from:
                    came_from[needed] = known
                    further.append(needed)
        level = further
    return ()


def _trace(
    last: AchievementId, start: AchievementId, came_from: Mapping[AchievementId, AchievementId]
) -> tuple[AchievementId, ...]:
    way = [start, last] if last != start else [start]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    if len(way) == 1:
        way.append(start)
    return tuple(reversed(way))
