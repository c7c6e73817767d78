"""How far learners get on a pathway, as stones on top of each other. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LAYERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One stone of the funnel.

    Attributes:
        missing: stones that everybody counted here lacks at most.
        percent: of those in the layer below; None in the lowest.
        x: left edge in percent of the picture, one decimal, as is `width`.
    """

    missing: int
    learners: int
    percent: int | None
    x: str
    width: str


def layers(standing: Sequence[tuple[int, int]]) -> list[Layer]:
    """Return the layers from the top, which is complete, down to everybody.

    Args:
        standing: (stones missing, learners), fewest missing first. Empty without learners.
    """
    if not standing:
        return []
    levels = _levels(standing[-1][0])
    reached = [
        sum(learners for missing, learners in standing if missing <= level) for level in levels
    ]
    everybody = reached[-1]
    below = [*reached[1:], None]
    return [
        Layer(
            missing=level,
            learners=learners,
            percent=None if under is None else round(100 * learners / under) if under else 0,
            x=f"{50 - 50 * learners / everybody:.1f}%",
            width=f"{100 * learners / everybody:.1f}%",
        )
        for level, learners, under in zip(levels, reached, below, strict=True)
    ]


def _levels(most: int) -> list[int]:
    """Return which numbers of missing stones to draw: all, or the ends and some between."""
    if most < MOST_LAYERS:
        return list(range(most + 1))
    between = {round(most * step / (MOST_LAYERS - 1)) for step in range(1, MOST_LAYERS - 1)}
    return sorted({0, 1, most} | between)
