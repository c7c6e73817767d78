"""What an evaluation comes to: how far each requirement is met, and by what. Pure values."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways.counting import Held, Why
from lti_tool.pathways.expression import Earn, Requirement

NONE, ONE = Decimal(0), Decimal(1)


@dataclass(slots=True, kw_only=True)
class Reason:
    """How far one requirement is met, and by what.

    Attributes:
        counted: parts met, or credits held; of a leaf 1 or 0. May exceed `needed`.
        needed: parts or credits.
        share: 0 to 1, rounded down to four places; exactly 1 means met.
        awards: of a leaf, what counts toward it.
        parts: of a group, the reasons of its parts in display order.
        why: of a leaf that is not met, why not; `nearly` is the award that comes nearest to it,
            `beside` what it needs besides and is not there.
        waived: it need not be met, by a decision.
        since: of a leaf, since when what counts toward it has been held.
        until: of a leaf, when it ceases to be met by itself; None: never, or it is not met.
    """

    requirement: Requirement
    counted: Decimal
    needed: Decimal
    share: Decimal
    awards: tuple[AwardId, ...] = ()
    parts: "tuple[Reason, ...]" = ()
    why: Why | None = None
    nearly: Held | None = None
    beside: tuple[AchievementId, ...] = ()
    waived: bool = False
    since: datetime | None = None
    until: datetime | None = None

    @property
    def done(self) -> bool:
        """Tell whether the requirement is met."""
        return self.share == ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """A stone that counts until an instant, and then no more unless it is earned again."""

    requirement_id: UUID
    achievement_id: AchievementId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Where somebody stands on a pathway at an instant.

    Attributes:
        nearest: the fewest further achievements that would complete it, in display
            order; of several such sets always the same.
        reasons: the same tree as the expression.
    """

    nearest: tuple[AchievementId, ...]
    reasons: Reason

    @property
    def done(self) -> bool:
        """Tell whether the pathway is complete."""
        return self.reasons.done

    @property
    def share(self) -> Decimal:
        """Return how far it is, 0 to 1; exactly 1 means complete."""
        return self.reasons.share

    @property
    def missing(self) -> int:
        """Return how many achievements are needed at least."""
        return len(self.nearest)

    @property
    def credits(self) -> Decimal:
        """Return the credits of all stones that count, each achievement once."""
        found = {
            leaf.requirement.achievement_id: leaf.requirement.credits
            for leaf in leaves(self.reasons)
            if leaf.done and isinstance(leaf.requirement, Earn)
        }
        return sum(found.values(), NONE)

    @property
    def expiries(self) -> list[Expiry]:
        """Return what counts and will cease to by itself, the next first."""
        found = [
            Expiry(
                requirement_id=leaf.requirement.id,
                achievement_id=leaf.requirement.achievement_id,
                at=leaf.until,
            )
            for leaf in leaves(self.reasons)
            if leaf.until is not None and isinstance(leaf.requirement, Earn)
        ]
        return sorted(found, key=lambda one: (one.at, one.requirement_id))


def contributions(evaluation: Evaluation) -> set[tuple[UUID, AwardId]]:
    """Return what counts toward what: pairs of a leaf's id and an award's."""
    return {
        (leaf.requirement.id, award) for leaf in leaves(evaluation.reasons) for award in leaf.awards
    }


def leaves(reason: Reason) -> Iterator[Reason]:
    """Yield the reasons of the stones in display order."""
    if isinstance(reason.requirement, Earn):
        yield reason
    for part in reason.parts:
        yield from leaves(part)
