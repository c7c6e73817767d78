"""A pathway as a learner sees it: layers of stones, their states in words, and the picture.

Pure: made from what the queries found. What counts and what is nearest has been
decided by `pathways`; here it is only told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from lti_tool.core.ids import AchievementId
from lti_tool.core.language import OnDay, joined, phrase
from lti_tool.learner import drawing
from lti_tool.learner.asking import kind_in_words, label_of, note_of, title_of
from lti_tool.pathways.expression import Earn
from lti_tool.pathways.rules import Evaluation, Reason

_STATE_WORDS = {
    "earned": phrase("earned"),
    "going": phrase("begun"),
    "ready": phrase("open now"),
    "locked": phrase("not open yet"),
    "elsewhere": phrase("not in this course"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an achievement and of this learner with it.

    Attributes:
        placed_as: what this course calls the activity that leads to it, if one does.
        opened: somebody has opened that activity, so that it is known to be there.
        begun: an attempt at that activity was made.
        by_itself: it comes from a pathway of its own, not from an assessment.
        is_here: that activity is what the learner has just opened.
        other_course: another course of theirs where it can be had, and `other_title`: as what.
        own_pathway: the pathway that it comes from.
    """

    name: str
    placed_as: str | None
    opened: bool
    begun: bool
    by_itself: bool
    is_here: bool = False
    other_course: str | None = None
    other_title: str | None = None
    own_pathway: UUID | None = None


# Which of the stones that are missing is the best next step: what is begun, then what is open.
_ORDER = {"going": 0, "ready": 1, "elsewhere": 2, "locked": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """One stone in the list and in the picture; `state` as in `_macros/stones.html`.

    Attributes:
        awarded_at: since when what counts here has been held; None: it does not count.
        is_next: it belongs to the shortest way from here.
        where: "here", what was just opened; "course", in this course; or "" for elsewhere.
        own_pathway: the pathway that it comes from, to look at.
    """

    achievement_id: AchievementId
    number: int
    name: str
    state: str
    words: str
    awarded_at: datetime | None
    is_next: bool = False
    where: str = ""
    own_pathway: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Stones that belong together: `needed` of them, or so many credits, are wanted."""

    title: str
    label: str
    earned: Decimal
    needed: Decimal
    stones: tuple[Stone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cairn:
    """A pathway for one learner. `layers` from the ground up.

    Attributes:
        earned: of the stones that the shortest way needs in all.
        next_stones: what the shortest way from here still needs, in order.
        crown: the name of what is placed on top.
    """

    id: UUID
    title: str
    crown: str
    completed_at: datetime | None
    earned: int
    needed: int
    note: str
    layers: tuple[Layer, ...]
    next_stones: tuple[Stone, ...]
    map_words: str
    drawing: drawing.Drawing

    @property
    def state(self) -> str:
        """Return how far it is, in a word: "complete", "under_way" or "open"."""
        if self.completed_at:
            return "complete"
        return "under_way" if self.earned else "open"

    @property
    def next_step(self) -> Stone | None:
        """Return the stone to take up next: of the shortest way the one that is nearest at hand."""
        return min(
            self.next_stones, key=lambda stone: (_ORDER[stone.state], stone.number), default=None
        )

    def has(self, achievement_id: AchievementId) -> bool:
        """Tell whether an achievement is a stone of this pathway."""
        return any(
            stone.achievement_id == achievement_id
            for layer in self.layers
            for stone in layer.stones
        )


def build(  # noqa: PLR0913 - what is known of one pathway
    *,
    pathway_id: UUID,
    title: str,
    crown: str,
    crown_type: str,
    completed_at: datetime | None,
    fewest: int,
    evaluation: Evaluation,
    known: Mapping[AchievementId, Known],
) -> Cairn:
    """Lay the stones of a pathway.

    Args:
        pathway_id: also seeds the outline of the top.
        title: the pathway's.
        crown: the name of its own achievement.
        crown_type: that achievement's type as in Open Badges 3.0 §B.1.2, such as "Certificate".
        completed_at: when the pathway was completed; later changes do not undo it.
        fewest: achievements from nothing to completion, at least.
        evaluation: of this learner's awards.
        known: every achievement of the pathway.
    """
    numbers = iter(range(1, 1000))
    next_ones = frozenset() if completed_at else frozenset(evaluation.nearest)
    layers = tuple(
        Layer(
            title=title_of(reason, parts),
            label=label_of(reason, parts),
            earned=_counted(reason, parts),
            needed=reason.needed if reason is not None else Decimal(len(parts)),
            stones=tuple(_stone(part, known, next(numbers), next_ones) for part in parts),
        )
        for reason, parts in _layers(evaluation.reasons)
    )
    stones = {stone.achievement_id: stone for layer in layers for stone in layer.stones}
    top = drawing.Layer(
        label="",
        stones=(
            drawing.Stone(
                seed=str(pathway_id),
                label=kind_in_words(crown_type),
                state="earned" if completed_at else "locked",
            ),
        ),
    )
    return Cairn(
        id=pathway_id,
        title=title,
        crown=crown,
        completed_at=completed_at,
        earned=fewest if completed_at else max(0, fewest - evaluation.missing),
        needed=fewest,
        note=note_of(evaluation.reasons),
        layers=layers,
        next_stones=tuple(
            stones[one] if one in stones else _beside(one, known[one])
            for one in (() if completed_at else evaluation.nearest)
        ),
        map_words=_map_words(layers, crown, complete=completed_at is not None),
        drawing=drawing.draw([*map(_drawn, layers), top]),
    )


def _layers(root: Reason) -> Iterator[tuple[Reason | None, list[Reason]]]:
    """Yield groups from the ground up with their stones; loose stones together, without group."""
    if not root.parts:
        yield None, [root]
        return
    if all(not part.parts for part in root.parts):
        yield root, list(root.parts)
        return
    loose: list[Reason] = []
    for part in root.parts:
        if part.parts:
            if loose:
                yield None, loose
                loose = []
            yield part, list(_leaves(part))
        else:
            loose.append(part)
    if loose:
        yield None, loose


def _leaves(reason: Reason) -> Iterator[Reason]:
    if not reason.parts:
        yield reason
    for part in reason.parts:
        yield from _leaves(part)


def _counted(reason: Reason | None, parts: Sequence[Reason]) -> Decimal:
    return reason.counted if reason is not None else Decimal(sum(part.done for part in parts))


def _stone(
    reason: Reason,
    known: Mapping[AchievementId, Known],
    number: int,
    next_ones: frozenset[AchievementId],
) -> Stone:
    leaf = reason.requirement
    if not isinstance(leaf, Earn):
        raise TypeError("a stone is a leaf of the expression")
    what = known[leaf.achievement_id]
    state, words = _state(what, reason)
    if state != "earned" and (lacking := _lacking(reason, known)):
        told = ", ".join(f"“{name}”" for name in lacking)
        words = phrase("You hold it.") if reason.why == "needs" else words
        state, words = (
            "locked",
            phrase(
                "%(words)s It counts only beside %(told)s, which you do not have yet.",
                words=words,
                told=told,
            ),
        )
    where = ""
    if not reason.done and what.placed_as is not None:
        where = "here" if what.is_here else "course"
    return Stone(
        achievement_id=leaf.achievement_id,
        number=number,
        name=what.name,
        state=state,
        words=words,
        awarded_at=reason.since,
        is_next=not reason.done and leaf.achievement_id in next_ones,
        where=where,
        own_pathway=what.own_pathway,
    )


def _beside(achievement_id: AchievementId, what: Known) -> Stone:
    """Return what a stone needs beside it, which is no stone of the pathway: it has no number."""
    state, words = _way_there(what)
    where = "" if what.placed_as is None else "here" if what.is_here else "course"
    return Stone(
        achievement_id=achievement_id,
        number=0,
        name=what.name,
        state=state,
        words=words,
        awarded_at=None,
        is_next=True,
        where=where,
        own_pathway=what.own_pathway,
    )


def _lacking(reason: Reason, known: Mapping[AchievementId, Known]) -> list[str]:
    """Return the names of what a stone needs beside it and is not there."""
    return [known[need].name for need in reason.beside]


def _words_of_earned(reason: Reason) -> str:
    if reason.waived:
        return phrase("You do not need it, by a decision.")
    until = reason.until
    return phrase("It counts until %(until)s.", until=OnDay(until)) if until else ""


_HELD_BUT = {
    "expired": phrase("Yours has expired; earn it again."),
    "too_old": phrase("Yours is too old to count here; earn it again."),
    "grade": phrase("You hold it, but a better grade is needed here."),
    "level": phrase("You hold it, but a higher level is needed here."),
    "needs": phrase("You hold it; it counts once you also hold what it needs."),
    "elsewhere": phrase("You hold it, and it counts toward another part here."),
}


def _state(what: Known, reason: Reason) -> tuple[str, str]:
    if reason.done:
        return "earned", _words_of_earned(reason)
    return ("locked", _HELD_BUT[reason.why]) if reason.why in _HELD_BUT else _way_there(what)


def _way_there(what: Known) -> tuple[str, str]:
    if what.by_itself:
        return "locked", phrase("It is placed by itself when its own pathway is complete.")
    if what.placed_as is None:
        if what.other_course is not None:
            return "elsewhere", phrase(
                "In your course “%(other_course)s”, as “%(other_title)s”.",
                other_course=what.other_course,
                other_title=what.other_title,
            )
        return "elsewhere", phrase("It is not part of this course.")
    if not what.opened:
        # An instructor chose it here; whether the LMS kept it, only its first launch tells.
        return "ready", phrase(
            "Look for “%(placed_as)s” in this course.",
            placed_as=what.placed_as,
        )
    where = (
        phrase("In this course.")
        if what.placed_as == what.name
        else phrase("In this course, as “%(placed_as)s”.", placed_as=what.placed_as)
    )
    if what.begun:
        return "going", phrase(
            "%(where)s You have begun it.",
            where=where,
        )
    return "ready", phrase(
        "%(where)s You can start now.",
        where=where,
    )


def _map_words(layers: Sequence[Layer], crown: str, *, complete: bool) -> str:
    told = joined(
        [
            phrase(
                "%(title)s: %(stones)s.",
                title=layer.title,
                stones=joined(
                    [
                        joined([str(stone.number), _STATE_WORDS[stone.state]])
                        for stone in layer.stones
                    ],
                    ", ",
                ),
            )
            for layer in layers
        ]
    )
    top = (
        phrase("On top: %(crown)s, earned.", crown=crown)
        if complete
        else phrase("On top: %(crown)s, not there yet.", crown=crown)
    )
    return phrase(
        "Your cairn, from the ground up. %(told)s %(top)s The list beside it says the same.",
        told=told,
        top=top,
    )


def _drawn(layer: Layer) -> drawing.Layer:
    return drawing.Layer(
        label=layer.label,
        stones=tuple(
            drawing.Stone(
                seed=f"{stone.achievement_id} {stone.number}",
                label=str(stone.number),
                state=stone.state,
            )
            for stone in layer.stones
        ),
    )
