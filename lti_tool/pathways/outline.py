"""Changing the tree of a draft, one step at a time. Pure functions.

Every step names a part by its id and returns a new tree; ids of what stays are kept, so that a
page can come back to the part that was moved. A tree that nobody can complete may be drafted:
what is wrong with it, `soundness` says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal
from uuid import UUID

from lti_tool.core.ids import AchievementId
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    CreditsOfKind,
    Earn,
    Requirement,
    SomeOf,
    nodes,
)

Group = AllOf | SomeOf | CreditsAtLeast
GroupKind = Literal["all_of", "some_of", "credits_at_least"]
Step = Literal["up", "down", "in", "out", "remove"]
STEPS: tuple[Step, ...] = ("up", "down", "in", "out", "remove")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the tree, where it lies and which steps it can take.

    Attributes:
        depth: 0 for the whole.
        number: its place among its siblings, from 1.
        steps: in the order of `STEPS`.
    """

    node: Requirement
    depth: int
    number: int
    steps: tuple[Step, ...]


def as_group(expression: Requirement) -> Group:
    """Return the tree as a group, which a draft always is."""
    return AllOf(parts=(expression,)) if isinstance(expression, Earn) else expression


def find(tree: Requirement, part_id: UUID) -> Requirement | None:
    """Return the part of this id."""
    return next((node for node in nodes(tree) if node.id == part_id), None)


def find_group(tree: Requirement, group_id: UUID) -> Group | None:
    """Return the group of this id."""
    found = find(tree, group_id)
    return None if found is None or isinstance(found, Earn) else found


def places(tree: Group) -> Iterator[Place]:
    """Yield every part, a group before its parts, in display order."""
    yield Place(node=tree, depth=0, number=1, steps=())
    yield from _places(tree, 1, is_top=True)


def _places(group: Group, depth: int, *, is_top: bool) -> Iterator[Place]:
    for index, part in enumerate(group.parts):
        steps: list[Step] = []
        if index > 0:
            steps.append("up")
        if index < len(group.parts) - 1:
            steps.append("down")
        if _host(group, index, part) is not None:
            steps.append("in")
        if not is_top:
            steps.append("out")
        yield Place(node=part, depth=depth, number=index + 1, steps=(*steps, "remove"))
        if not isinstance(part, Earn):
            yield from _places(part, depth + 1, is_top=False)


def _host(group: Group, index: int, part: Requirement) -> int | None:
    """Return which sibling a part would move into: the group above it, else the one below."""
    for beside in (index - 1, index + 1):
        if 0 <= beside < len(group.parts):
            host = group.parts[beside]
            if not isinstance(host, Earn) and (
                isinstance(part, Earn) or not isinstance(host, CreditsAtLeast)
            ):
                return beside
    return None


def take(tree: Group, part_id: UUID, step: Step) -> Group | None:
    """Return the tree after a part took a step; None where it cannot, or is not there."""
    above = _group_of(tree, part_id)
    if above is None:
        return None
    group, index = above
    parts = list(group.parts)
    part = parts.pop(index)
    if step == "remove":
        return _with_parts(tree, group, parts)
    if step in {"up", "down"}:
        to = index + (1 if step == "down" else -1)
        if not 0 <= to <= len(parts):
            return None
        return _with_parts(tree, group, [*parts[:to], part, *parts[to:]])
    return _into(tree, group, index) if step == "in" else _out_of(tree, group, index)


def _into(tree: Group, group: Group, index: int) -> Group | None:
    part = group.parts[index]
    beside = _host(group, index, part)
    if beside is None:
        return None
    host = group.parts[beside]
    if isinstance(host, Earn):
        return None
    # From above it comes to lie last in the group, from below first: where it was to be seen.
    inner = (*host.parts, part) if beside < index else (part, *host.parts)
    parts = list(group.parts)
    parts[beside] = _filled(host, inner)
    del parts[index]
    return _with_parts(tree, group, parts)


def _out_of(tree: Group, group: Group, index: int) -> Group | None:
    above = _group_of(tree, group.id)
    if above is None:
        return None
    outer, place = above
    rest = [part for number, part in enumerate(group.parts) if number != index]
    parts: list[Requirement] = list(outer.parts)
    parts[place : place + 1] = [_filled(group, rest), group.parts[index]]
    return _with_parts(tree, outer, parts)


def add(tree: Group, group_id: UUID, parts: Sequence[Requirement]) -> Group | None:
    """Return the tree with more parts at the end of a group; None if the group is not there.

    Into a group of credits only stones go.
    """
    group = find_group(tree, group_id)
    if group is None:
        return None
    if isinstance(group, CreditsAtLeast) and not all(isinstance(part, Earn) for part in parts):
        return None
    return _with_parts(tree, group, [*group.parts, *parts])


def put(tree: Group, part: Requirement) -> Group | None:
    """Return the tree with a part in place of the one of its id; None if that is not there."""
    if part.id == tree.id:
        return None if isinstance(part, Earn) else part
    above = _group_of(tree, part.id)
    if above is None:
        return None
    group, index = above
    return _with_parts(tree, group, [*group.parts[:index], part, *group.parts[index + 1 :]])


def shaped(  # noqa: PLR0913 - what groups can be told
    group: Group,
    kind: GroupKind,
    *,
    title: str,
    choose: int,
    credits_: Decimal,
    of_kind: tuple[CreditsOfKind, ...],
    exclusive: bool,
) -> Group | None:
    """Return a group of another kind or with other rules, with the same parts and id.

    None if it would be a group of credits and has groups in it.
    """
    if kind == "all_of":
        return AllOf(id=group.id, parts=group.parts, title=title, exclusive=exclusive)
    if kind == "some_of":
        return SomeOf(id=group.id, parts=group.parts, title=title, choose=choose)
    stones = tuple(part for part in group.parts if isinstance(part, Earn))
    if len(stones) < len(group.parts):
        return None
    return CreditsAtLeast(id=group.id, parts=stones, title=title, credits=credits_, of_kind=of_kind)


def with_credits(tree: Group, credits_of: Mapping[AchievementId, Decimal]) -> Group:
    """Return the tree with what its achievements carry now; ids stay."""

    def fill(stone: Earn) -> Earn:
        return replace(stone, credits=credits_of.get(stone.achievement_id, Decimal(0)))

    changed = _each(tree, fill)
    return tree if isinstance(changed, Earn) else changed


def _each(node: Requirement, change: Callable[[Earn], Earn]) -> Requirement:
    if isinstance(node, Earn):
        return change(node)
    return _filled(node, [_each(part, change) for part in node.parts])


def _group_of(tree: Group, part_id: UUID) -> tuple[Group, int] | None:
    for node in nodes(tree):
        if not isinstance(node, Earn):
            for index, part in enumerate(node.parts):
                if part.id == part_id:
                    return node, index
    return None


def _filled(group: Group, parts: Sequence[Requirement]) -> Group:
    """Return a group with these parts; one of credits is given stones only by all who call."""
    if isinstance(group, CreditsAtLeast):
        return replace(group, parts=tuple(part for part in parts if isinstance(part, Earn)))
    return replace(group, parts=tuple(parts))


def _with_parts(tree: Group, group: Group, parts: Sequence[Requirement]) -> Group:
    """Return the tree in which a group has these parts."""
    if tree.id == group.id:
        return _filled(tree, parts)
    return _filled(
        tree,
        [
            part if isinstance(part, Earn) else _with_parts(part, group, parts)
            for part in tree.parts
        ],
    )
