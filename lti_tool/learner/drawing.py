"""A pathway as a picture: layers of stones, each where it lies and how it is outlined.

Pure arithmetic: the page decides colours, signs and words. Outlines are seeded by
what the stone is, so that a learner's cairn looks the same each time.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 360
_LEFT, _RIGHT = 72, 352  # stones lie between; the words of a layer stand on the left
_STONE_HEIGHT, _GAP = 60, 5
_TAPER = 0.8  # a layer above is at most this share of the widest below, as in a real cairn
_MOST_IN_A_ROW = 5
_POINTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """What one stone is: `label` is drawn on it, `state` as in `_macros/stones.html`."""

    seed: str
    label: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Stones that lie side by side, and the few words beside them."""

    label: str
    stones: tuple[Stone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnStone:
    """A stone in its place: the middle in drawing units and the outline as an SVG path."""

    stone: Stone
    x: float
    y: float
    outline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLabel:
    """Words beside a layer, at the height of its lowest row."""

    text: str
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A cairn in drawing units; the ground is at `ground`, y grows downward."""

    width: int
    height: float
    ground: float
    stones: tuple[DrawnStone, ...]
    labels: tuple[DrawnLabel, ...]


def draw(layers: Sequence[Layer]) -> Drawing:
    """Return the cairn of these layers.

    Args:
        layers: from the ground up, each with at least one stone. More than five
            stones lie in several rows.
    """
    rows = [
        (layer.label if first == 0 else "", layer.stones[first : first + _MOST_IN_A_ROW])
        for layer in layers
        for first in range(0, len(layer.stones), _MOST_IN_A_ROW)
    ]
    height = len(rows) * (_STONE_HEIGHT + _GAP) + 24.0
    ground = height - 12
    middle = (_LEFT + _RIGHT) / 2
    stones: list[DrawnStone] = []
    labels: list[DrawnLabel] = []
    room = float(_RIGHT - _LEFT)
    for number, (label, row) in enumerate(rows):
        y = ground - _STONE_HEIGHT / 2 - number * (_STONE_HEIGHT + _GAP)
        if number:
            room = max(room * _TAPER, 90.0) if len(row) < len(rows[number - 1][1]) else room
        width = min((room - _GAP * (len(row) - 1)) / len(row), 190.0)
        left = middle - (width * len(row) + _GAP * (len(row) - 1)) / 2
        for place, stone in enumerate(row):
            x = left + width / 2 + place * (width + _GAP)
            outline = _outline(stone.seed, x, y, width / 2, _STONE_HEIGHT / 2)
            stones.append(DrawnStone(stone=stone, x=round(x, 1), y=round(y, 1), outline=outline))
        if label:
            labels.append(DrawnLabel(text=label, y=round(y + 5, 1)))
    return Drawing(
        width=WIDTH, height=height, ground=ground, stones=tuple(stones), labels=tuple(labels)
    )


def _outline(seed: str, x: float, y: float, half_width: float, half_height: float) -> str:
    """Return a closed, smooth, slightly uneven oval as an SVG path (Catmull-Rom as Bézier)."""
    dice = random.Random(seed)  # noqa: S311 - a shape, not a secret
    points: list[tuple[float, float]] = []
    for step in range(_POINTS):
        angle = 2 * math.pi * step / _POINTS
        # A superellipse of exponent 2.6: flatter above and below than an oval, as stones are.
        reach = (abs(math.cos(angle)) ** 2.6 + abs(math.sin(angle)) ** 2.6) ** (-1 / 2.6)
        reach *= 1 - dice.random() * 0.07
        points.append(
            (
                x + half_width * reach * math.cos(angle),
                y + half_height * reach * math.sin(angle),
            )
        )
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for step in range(_POINTS):
        before, start, end, after = (points[(step + offset) % _POINTS] for offset in (-1, 0, 1, 2))
        path.append(
            f"C{start[0] + (end[0] - before[0]) / 6:.1f} {start[1] + (end[1] - before[1]) / 6:.1f} "
            f"{end[0] - (after[0] - start[0]) / 6:.1f} {end[1] - (after[1] - start[1]) / 6:.1f} "
            f"{end[0]:.1f} {end[1]:.1f}"
        )
    return "".join(path) + "Z"
