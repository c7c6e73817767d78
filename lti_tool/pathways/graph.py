"""A pathway's tree as a graph: where each part lies, and the lines between. Pure arithmetic.

The whole is on the left, what it asks for to its right; stones that count only beside another are
joined to it by a line of their own. The page decides colours; the outline says the same in words.
"""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from lti_tool.core.ids import AchievementId
from lti_tool.core.language import phrase
from lti_tool.pathways import asking
from lti_tool.pathways.expression import Earn, Requirement, nodes

WIDTH, HEIGHT = 200, 58
_ACROSS, _DOWN, _EDGE = 44, 12, 4
# A box has room for so many letters in a line, and for two lines of the name.
_LETTERS = 24
_BULGE = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One part of the tree.

    Attributes:
        kind: "group", "stone" or "pathway": a stone that completing a pathway awards.
        lines: of its name, one or two.
        role: its rule, or what the stone carries; short.
        full: all of that, for those who cannot see it.
    """

    id: UUID
    kind: str
    x: float
    y: float
    lines: tuple[str, ...]
    role: str
    full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line between two boxes, as an SVG path; `beside` tells what needs another from parts."""

    path: str
    beside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """All of it, in drawing units; one is a pixel."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    box_width: int = WIDTH
    box_height: int = HEIGHT


@dataclass(slots=True)
class _Pen:
    names: Mapping[AchievementId, str]
    by_pathway: Mapping[AchievementId, str]
    say: Callable[[str], str]
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    bottom: float = _EDGE

    def draw(self, node: Requirement, depth: int) -> float:
        """Draw a part and all under it; return the height of its middle."""
        if isinstance(node, Earn) or not node.parts:
            middle = self.bottom + HEIGHT / 2
            self.bottom += HEIGHT + _DOWN
            ends = []
        else:
            ends = [self.draw(part, depth + 1) for part in node.parts]
            middle = (ends[0] + ends[-1]) / 2
        x = _EDGE + depth * (WIDTH + _ACROSS)
        self.boxes.append(self._box(node, x, middle - HEIGHT / 2))
        start, end = x + WIDTH, x + WIDTH + _ACROSS
        turn = (start + end) / 2
        self.lines += [
            Line(
                path=f"M{start} {middle:.1f}C{turn} {middle:.1f} {turn} {to:.1f} {end} {to:.1f}",
                beside=False,
            )
            for to in ends
        ]
        return middle

    def _box(self, node: Requirement, x: float, y: float) -> Box:
        title = self.say(asking.title_of(node, self.names))
        if isinstance(node, Earn):
            told = [self.say(one) for one in asking.conditions_of(node, self.names)]
            leads = self.by_pathway.get(node.achievement_id)
            kind = "pathway" if leads else "stone"
            alone = self.say(phrase("A pathway of its own")) if leads else ""
            role = told[0].rstrip(".") if told else alone
            if len(told) > 1:
                role = self.say(phrase("%(role)s and more", role=role))
            if leads:
                told = [self.say(phrase("Earned by the pathway %(leads)s.", leads=leads)), *told]
            whole = told
        else:
            kind, role, whole = "group", self.say(asking.rule_of(node)), []
            if not node.title:
                role = ""
        return Box(
            id=node.id,
            kind=kind,
            x=x,
            y=round(y, 1),
            lines=tuple(_lines(title)),
            role=_short(role, _LETTERS + 4),
            full=" ".join([f"{title}.", *([f"{role}."] if kind == "group" and role else whole)]),
        )


def draw(
    tree: Requirement,
    names: Mapping[AchievementId, str],
    by_pathway: Mapping[AchievementId, str],
    say: Callable[[str], str] = str,
) -> Graph:
    """Return the graph of a tree of bounded size.

    Args:
        tree: with at most as many parts as may be published.
        names: of the achievements.
        by_pathway: titles of the pathways that award some of them.
        say: what turns a phrase into words; what is cut to fit cannot be translated later.
    """
    pen = _Pen(names=names, by_pathway=by_pathway, say=say)
    pen.draw(tree, 0)
    order = {node.id: place for place, node in enumerate(nodes(tree))}
    boxes = sorted(pen.boxes, key=lambda box: order[box.id])
    besides = _besides(tree, {box.id: box for box in boxes})
    width = max(box.x for box in boxes) + WIDTH + _EDGE
    return Graph(
        width=width + (_BULGE if besides else 0),
        height=pen.bottom - _DOWN + _EDGE,
        boxes=tuple(boxes),
        lines=(*pen.lines, *besides),
    )


def _besides(tree: Requirement, boxes: Mapping[UUID, Box]) -> list[Line]:
    stones = [node for node in nodes(tree) if isinstance(node, Earn)]
    first = {stone.achievement_id: boxes[stone.id] for stone in reversed(stones)}
    found = []
    for stone in stones:
        for need in stone.needs:
            if need not in first:
                continue  # it is told of in the words only
            start, end = first[need], boxes[stone.id]
            from_x, to_x = start.x + WIDTH, end.x + WIDTH
            from_y, to_y = start.y + HEIGHT / 2, end.y + HEIGHT / 2
            out = max(from_x, to_x) + _BULGE
            found.append(
                Line(
                    path=(
                        f"M{from_x} {from_y:.1f}C{out} {from_y:.1f} {out} {to_y:.1f} "
                        f"{to_x} {to_y:.1f}"
                    ),
                    beside=True,
                )
            )
    return found


def _lines(title: str) -> list[str]:
    lines = textwrap.wrap(title, _LETTERS) or [""]
    if len(lines) > 2:  # noqa: PLR2004 - a box has two
        return [_short(lines[0], _LETTERS), _short(f"{lines[1]} {lines[2]}", _LETTERS)]
    return [_short(line, _LETTERS) for line in lines]


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
