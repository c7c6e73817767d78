"""The picture of a badge, drawn from data.

The outline says what kind of award it is, the stones its level, the sign its field, or letters
what it is called in short; the contour
lines are drawn from the achievement's id, so that no two badges look alike. Light on dark by
itself, so that it reads without colour.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from random import Random
from typing import Any
from uuid import UUID

from lti_tool.badges import letters
from lti_tool.core.language import phrase, phrases

_SIZE = 512
_CENTRE = _SIZE / 2
_PAPER = "#fbf8f1"
_LEAST_LEVEL, _MOST_LEVEL = 1, 4
_CONTOURS = 8

Point = tuple[float, float]


class Outline(StrEnum):
    """The kind of award."""

    STONE = "stone"  # one assessment
    ARCH = "arch"  # a certificate that stones led to
    SHIELD = "shield"  # a diploma or degree


class Field(StrEnum):
    """What it is about; each has its sign and its colour."""

    STATISTICS = "statistics"
    DATA = "data"
    COMMUNICATION = "communication"
    ETHICS = "ethics"
    METHOD = "method"
    PATH = "path"


WORDS: Mapping[Outline | Field, str] = {
    Outline.STONE: phrase("Stone"),
    Outline.ARCH: phrase("Arch"),
    Outline.SHIELD: phrase("Shield"),
    Field.STATISTICS: phrase("Statistics"),
    Field.DATA: phrase("Data"),
    Field.COMMUNICATION: phrase("Communication"),
    Field.ETHICS: phrase("Ethics"),
    Field.METHOD: phrase("Method"),
    Field.PATH: phrase("Path"),
}

_SIGNS = {
    Field.STATISTICS: '<path d="M104 262C196 262 200 118 256 118S316 262 408 262M256 186v76"/>',
    Field.DATA: '<path d="M140 122h232v148H140zM140 180h232M228 180v90"/>',
    Field.COMMUNICATION: (
        '<path d="M120 118h190v104H204l-50 44v-44h-34z"/>'
        '<path d="M352 168h46v92h-26v36l-46-36h-58"/>'
    ),
    Field.ETHICS: (
        '<path d="M256 116v150M148 150h216M148 150l-44 76M148 150l44 76M364 150l-44 76M364 150'
        'l44 76"/>'
        f'<path d="M100 228c6 44 90 44 96 0zM316 228c6 44 90 44 96 0z" fill="{_PAPER}"/>'
    ),
    Field.METHOD: '<path d="M346 158a104 76 0 1 0 14 60"/><path d="M360 104v60h-62"/>',
    Field.PATH: '<path d="M96 282 206 136l62 84 40-48 108 110z"/>',
}
# Ground and contour lines: dark enough for paper-coloured signs, 7 : 1 and more.
_COLOURS = {
    Field.STATISTICS: ("#00475a", "#296d82"),
    Field.DATA: ("#2f4a1f", "#55743f"),
    Field.COMMUNICATION: ("#6b2f3f", "#935060"),
    Field.ETHICS: ("#4a3a6b", "#6f5c96"),
    Field.METHOD: ("#5a3c12", "#83602d"),
    Field.PATH: ("#164461", "#38698a"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """What a badge's picture is drawn from.

    Attributes:
        level: stones in the stack, 1 to 4.
        colour: of the field whose colour it has; None for that of its own.
        letters: up to 4 in place of the field's sign, such as SQL; see `letters.can_be_drawn`.
    """

    outline: Outline
    field: Field
    level: int
    colour: Field | None = None
    letters: str | None = None

    def __post_init__(self) -> None:
        """Refuse a level and letters that cannot be drawn."""
        if self.letters is not None and not letters.can_be_drawn(self.letters):
            raise ValueError(
                phrase(
                    "%(letters)s cannot be drawn, only up to four of the letters A to Z, digits,"
                    " plus, hyphen and full stop",
                    letters=self.letters,
                )
            )
        if not _LEAST_LEVEL <= self.level <= _MOST_LEVEL:
            raise ValueError(f"level {self.level} is not {_LEAST_LEVEL} to {_MOST_LEVEL}")

    def to_json(self) -> dict[str, Any]:
        """Return it for storage."""
        colour = {} if self.colour is None else {"colour": self.colour.value}
        written = {} if self.letters is None else {"letters": self.letters}
        return {
            "outline": self.outline.value,
            "field": self.field.value,
            "level": self.level,
            **colour,
            **written,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Artwork":
        """Return what `to_json` wrote."""
        return cls(
            outline=Outline(stored["outline"]),
            field=Field(stored["field"]),
            level=stored["level"],
            colour=Field(stored["colour"]) if "colour" in stored else None,
            letters=stored.get("letters"),
        )


def describe(artwork: Artwork) -> str:
    """Return the picture in words, for those who do not see it."""
    if artwork.letters is not None:
        return phrases(
            "Badge artwork: %(letters)s above one stone",
            "Badge artwork: %(letters)s above %(num)s stones",
            artwork.level,
            letters=artwork.letters,
        )
    return phrases(
        "Badge artwork: the sign for %(field)s above one stone",
        "Badge artwork: the sign for %(field)s above %(num)s stones",
        artwork.level,
        field=artwork.field,
    )


def draw(artwork: Artwork, *, seed: UUID, label: str) -> str:
    """Return the picture as SVG, 512 units square; the same each time for the same arguments.

    Args:
        artwork: what it shows.
        seed: the achievement's id.
        label: what a screen reader says, such as the achievement's name.
    """
    random = Random(seed.int)  # noqa: S311 - a picture, not a secret
    ground, line = _COLOURS[artwork.colour or artwork.field]
    rim, body = _outline(artwork.outline, random)
    contours = "".join(f'<path d="{path}"/>' for path in _contours(random))
    stones = "".join(f'<path d="{path}"/>' for path in _stones(artwork, random))
    sign = (
        f'<g transform="translate(38 {56 - 14 * artwork.level}) scale(0.85)" fill="none"'
        f' stroke="{_PAPER}" stroke-width="30" stroke-linecap="round" stroke-linejoin="round">'
        f"{_SIGNS[artwork.field] if artwork.letters is None else letters.drawn(artwork.letters)}"
        "</g>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" role="img"'
        f' aria-label="{escape(label)}">'
        "<style>@media (max-width: 95px) { .fine { display: none } }</style>"
        f'<clipPath id="c"><path d="{body}"/></clipPath>'
        f'<path d="{rim}" fill="{_PAPER}" stroke="{ground}" stroke-width="4"/>'
        f'<path d="{body}" fill="{ground}"/>'
        f'<g class="fine" clip-path="url(#c)" fill="none" stroke="{line}" stroke-width="5">'
        f"{contours}</g>{sign}"
        f'<g fill="{_PAPER}">{stones}</g></svg>\n'
    )


def _outline(outline: Outline, random: Random) -> tuple[str, str]:
    """Return the rim's path and, 22 units inside it, the body's."""
    if outline is Outline.ARCH:
        return (
            (
                "M44 452V160C44 50 134 10 256 10S468 50 468 160V452C468 486 452 502 418 502H94"
                "C60 502 44 486 44 452Z"
            ),
            (
                "M66 430V169C66 72 156 32 256 32S446 72 446 169V430C446 464 430 480 396 480H116"
                "C82 480 66 464 66 430Z"
            ),
        )
    if outline is Outline.SHIELD:
        return (
            "M256 8 480 60V250C480 380 384 466 256 506C128 466 32 380 32 250V60Z",
            "M256 31 458 78V250C458 368 371 445 256 483C141 445 54 368 54 250V78Z",
        )
    shape = _wobble(random, rough=0.035)
    return (
        _closed(_ring((_CENTRE, _CENTRE), 246, 244, shape)),
        _closed(_ring((_CENTRE, _CENTRE), 224, 222, shape)),
    )


def _contours(random: Random) -> list[str]:
    """Return rings like a hill's on a map, each outside the one before."""
    centre = (random.uniform(110, 400), random.uniform(110, 400))
    shape = _wobble(random, rough=0.16)
    paths = []
    for number in range(1, _CONTOURS + 1):
        shape = [(a + 2 * b) / 3 for a, b in zip(_wobble(random, rough=0.16), shape, strict=True)]
        paths.append(_closed(_ring(centre, 54 * number, 44 * number, shape)))
    return paths


def _stones(artwork: Artwork, random: Random) -> list[str]:
    """Return a stack of stones, the widest at the bottom."""
    paths = []
    bottom = 430.0 if artwork.outline is Outline.SHIELD else 452.0  # a shield narrows
    for number in range(artwork.level):
        width, height = 106 - 17 * number, 21 - 1.5 * number
        centre = (_CENTRE + random.uniform(-9, 9), bottom - height)
        paths.append(_closed(_ring(centre, width, height, _wobble(random, rough=0.07))))
        bottom -= 2 * height + 6
    return paths


def _wobble(random: Random, *, rough: float) -> list[float]:
    """Return factors around 1, one for each of the points of a ring."""
    return [1 + random.uniform(-rough, rough) for _ in range(14)]


def _ring(centre: Point, wide: float, high: float, shape: list[float]) -> list[Point]:
    # Between an ellipse and a rectangle, as worn stones are.
    points = []
    for number, factor in enumerate(shape):
        angle = 2 * math.pi * number / len(shape)
        x, y = math.cos(angle), math.sin(angle)
        points.append(
            (
                centre[0] + wide * factor * math.copysign(abs(x) ** 0.85, x),
                centre[1] + high * factor * math.copysign(abs(y) ** 0.85, y),
            )
        )
    return points


def _closed(points: list[Point]) -> str:
    """Return a smooth closed path through the points (Catmull-Rom as cubic Béziers)."""
    count = len(points)
    path = [f"M{_at(points[0])}"]
    for number in range(count):
        before, start, end, after = (points[(number + step) % count] for step in (-1, 0, 1, 2))
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        path.append(f"C{_at(first)} {_at(second)} {_at(end)}")
    return "".join([*path, "Z"])


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
