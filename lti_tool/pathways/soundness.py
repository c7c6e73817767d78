"""Whether an expression can be published: possible to complete, of bounded size, no cycle.

Pure functions, as in `rules`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from uuid import UUID

from lti_tool.core.ids import AchievementId
from lti_tool.core.language import joined, phrase
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    Earn,
    Requirement,
    SomeOf,
    nodes,
    stones,
)
from lti_tool.pathways.nearest import NOTHING, credits_of, nearest, repeated

MOST_REQUIREMENTS = 200
DEEPEST = 8
# A hundred years: what is to count for longer counts for good.
MOST_DAYS = 36_500
# Where achievements are named in several groups or needed beside a stone, `nearest` tries out
# the sets of them: at most 2 to this power.
MOST_REPEATED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an expression cannot be published.

    Attributes:
        place: where in the tree: titles of the groups from the top, or their position.
        text: what is wrong there, a sentence.
        at: the id of the requirement it is about; None: the whole.
    """

    place: tuple[str, ...]
    text: str
    at: UUID | None = None

    @property
    def sentence(self) -> str:
        """Return both in one sentence."""
        if not self.place:
            return self.text
        return phrase("In %(place)s: %(text)s", place=joined(self.place, ", "), text=self.text)


def problems(
    expression: Requirement,
    names: Mapping[AchievementId, str],
    levels: Mapping[AchievementId, int | None] | None = None,
) -> list[Problem]:
    """Return everything that makes an expression impossible or unfit, in display order.

    Args:
        expression: with its credits filled in, and no `size_problems`.
        names: of the achievements, for the sentences.
        levels: that the achievements have now; None: not known, so nothing is said about them.
    """
    found = list(_problems(expression, (), _Words(names, levels)))
    needs = {stone.achievement_id: set[AchievementId]() for stone in stones(expression)}
    for stone in stones(expression):
        needs[stone.achievement_id].update(stone.needs)
    for start in needs:
        if cycle := find_cycle(start, needs):
            told = joined(
                [
                    phrase("%(one)s needs %(other)s", one=names[a], other=names[b])
                    for a, b in pairwise(cycle)
                ],
                ", ",
            )
            text = phrase("These wait for each other: %(told)s.", told=told)
            found.append(Problem(place=(), text=text))
            break
    linked = [names[known] for known in names if known in repeated(expression)]
    if len(linked) > MOST_REPEATED:
        text = phrase(
            "At most %(most)s achievements may be in several groups or needed beside "
            "another, not %(count)s: %(linked)s.",
            most=MOST_REPEATED,
            count=len(linked),
            linked=", ".join(linked),
        )
        found.append(Problem(place=(), text=text))
    elif not found and nearest(expression, NOTHING) is None:
        found.append(Problem(place=(), text=phrase("Nobody can meet all of this together.")))
    return found


@dataclass(frozen=True, slots=True)
class _Words:
    names: Mapping[AchievementId, str]
    levels: Mapping[AchievementId, int | None] | None


def size_problems(expression: Requirement) -> Iterator[Problem]:
    """Yield what makes a tree too large to be looked at: ask this first.

    Everything else about expressions is recursive; this is not.
    """
    tree = list(islice(nodes(expression), MOST_REQUIREMENTS + 1))
    if len(tree) > MOST_REQUIREMENTS:
        yield Problem(
            place=(),
            text=phrase("A pathway has at most %(most)s requirements.", most=MOST_REQUIREMENTS),
        )
        return
    level, depth = [expression], 0
    while level:
        level = [p for node in level if not isinstance(node, Earn) for p in node.parts]
        depth += 1
    if depth > DEEPEST:
        yield Problem(
            place=(),
            text=phrase(
                "Groups lie at most %(most)s deep, not %(depth)s.", most=DEEPEST, depth=depth
            ),
        )


def _problems(node: Requirement, place: tuple[str, ...], words: _Words) -> Iterator[Problem]:
    if isinstance(node, Earn):
        for text in _stone_problems(node, words):
            yield Problem(place=place, text=text, at=node.id)
        return
    for text in _group_problems(node, words.names):
        yield Problem(place=place, text=text, at=node.id)
    for number, part in enumerate(node.parts, 1):
        if isinstance(part, Earn):
            yield from _problems(part, place, words)
        else:
            yield from _problems(
                part, (*place, part.title or phrase("part %(number)s", number=number)), words
            )


def _stone_problems(stone: Earn, words: _Words) -> Iterator[str]:
    name = words.names[stone.achievement_id]
    if stone.grade_at_least is not None and not 0 < stone.grade_at_least <= 1:
        yield phrase("The grade that %(name)s needs must be more than 0 and at most 1.", name=name)
    if stone.within_days is not None and stone.within_days < 1:
        yield phrase("%(name)s must count for at least a day.", name=name)
    if stone.within_days is not None and stone.within_days > MOST_DAYS:
        yield phrase(
            "%(name)s can count for at most %(most)s days; leave it open for longer.",
            name=name,
            most=MOST_DAYS,
        )
    if stone.achievement_id in stone.needs:
        yield phrase("%(name)s cannot need itself.", name=name)
    if len(set(stone.needs)) < len(stone.needs):
        yield phrase("%(name)s names something it needs twice.", name=name)
    if stone.level_at_least is not None and words.levels is not None:
        level = words.levels.get(stone.achievement_id)
        if level is None:
            yield phrase(
                "%(name)s has no level, and level %(needed)s is needed.",
                name=name,
                needed=stone.level_at_least,
            )
        elif level < stone.level_at_least:
            yield phrase(
                "%(name)s has level %(level)s, and level %(needed)s is needed.",
                name=name,
                level=level,
                needed=stone.level_at_least,
            )


def _group_problems(
    node: AllOf | SomeOf | CreditsAtLeast, names: Mapping[AchievementId, str]
) -> Iterator[str]:
    if not node.parts:
        yield phrase("The group is empty.")
        return
    times = Counter(part.achievement_id for part in node.parts if isinstance(part, Earn))
    for known, count in times.items():
        if count > 1:
            yield phrase(
                "%(name)s is in the group %(count)s times.", name=names[known], count=count
            )
    if isinstance(node, SomeOf):
        if not 1 <= node.choose <= len(node.parts):
            yield phrase(
                "%(choose)s of %(parts)s parts cannot be met.",
                choose=node.choose,
                parts=len(node.parts),
            )
    elif isinstance(node, CreditsAtLeast):
        yield from _credit_problems(node, names)
    elif node.exclusive:
        yield from _exclusive_problems(node)


def _exclusive_problems(node: AllOf) -> Iterator[str]:
    for number, part in enumerate(node.parts, 1):
        if isinstance(part, Earn):
            continue
        is_plain = isinstance(part, SomeOf) or (isinstance(part, AllOf) and not part.exclusive)
        if not is_plain or not all(isinstance(inner, Earn) for inner in part.parts):
            yield phrase(
                "Where each stone counts once, %(part)s must be stones "
                "of which all or some are needed.",
                part=part.title or phrase("part %(number)s", number=number),
            )


def _credit_problems(node: CreditsAtLeast, names: Mapping[AchievementId, str]) -> Iterator[str]:
    for part in node.parts:
        if part.credits <= 0:
            yield phrase("%(name)s carries no credits.", name=names[part.achievement_id])
    if node.credits <= 0:
        yield phrase("The credits that are needed must be more than 0.")
    total = credits_of(node.parts, None)
    if total < node.credits:
        yield phrase(
            "%(needed)s credits are needed, and the parts carry %(total)s together.",
            needed=node.credits,
            total=total,
        )
    if len({kind.name for kind in node.of_kind}) < len(node.of_kind):
        yield phrase("Each kind of credits is named once.")
    for kind in node.of_kind:
        of_it = credits_of(node.parts, kind.name)
        if kind.credits <= 0:
            yield phrase("The credits of kind %(kind)s must be more than 0.", kind=kind.name)
        elif of_it < kind.credits:
            yield phrase(
                "%(needed)s credits of kind %(kind)s are needed, and the parts carry "
                "%(total)s of it.",
                needed=kind.credits,
                kind=kind.name,
                total=of_it,
            )


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
