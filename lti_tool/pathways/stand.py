"""Where somebody stands once time and the pathway's policy have had their say. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from lti_tool.core.ids import AwardId
from lti_tool.pathways.counting import NO_RULINGS, Held, Rulings, changes_after, instants
from lti_tool.pathways.expression import Requirement
from lti_tool.pathways.rules import Evaluation, completed_at, contributions, evaluate

# What counts toward what: ids of a stone and an award.
Pair = tuple[UUID, AwardId]

_JUST_BEFORE = timedelta(microseconds=1)


class LapsePolicy(StrEnum):
    """What becomes of a certificate when a part falls away after completion.

    Time alone takes nothing from one that is kept. Of the others a part that has expired is
    missing as one that was withdrawn is: then a registrar decides, or it is suspended until all
    is there again.
    """

    KEEP = "keep"
    REVIEW = "review"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where somebody stands.

    Attributes:
        evaluation: what screens show: as of now, or of the completion that is kept.
        completed_at: since when the completion that stands has stood, None: none does.
        contributions: pairs of a stone's id and an award's.
        changes_at: when time alone may next change any of this.
    """

    evaluation: Evaluation
    completed_at: datetime | None
    contributions: frozenset[Pair]
    changes_at: datetime | None


def stand(
    expression: Requirement,
    held: Collection[Held],
    at: datetime,
    policy: LapsePolicy,
    rulings: Rulings = NO_RULINGS,
) -> Stand:
    """Return where somebody stands at an instant; it depends on nothing but the arguments."""
    now = evaluate(expression, held, at, rulings)
    counted = contributions(now)
    shown = now
    if policy is LapsePolicy.KEEP:
        completed = completed_at(expression, held, rulings)
        if completed is not None and completed > at:
            completed = None
        if completed is not None and not now.done:
            shown = evaluate(expression, held, completed, rulings)
            counted |= contributions(shown)
    else:
        completed = complete_since(expression, held, at, rulings) if now.done else None
    return Stand(
        evaluation=shown,
        completed_at=completed,
        contributions=frozenset(counted),
        changes_at=changes_after(expression, held, at, rulings),
    )


def complete_since(
    expression: Requirement,
    held: Collection[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
) -> datetime:
    """Return since when a pathway that is complete `at` an instant has been so without a gap."""
    since = at
    for instant in sorted({one for one in instants(held, rulings) if one <= at}, reverse=True):
        since = instant
        if not evaluate(expression, held, instant - _JUST_BEFORE, rulings).done:
            break
    return since


def ends_then(
    expression: Requirement,
    held: Collection[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
) -> datetime | None:
    """Return when a pathway that is complete `at` an instant ends by itself, None: never."""
    instant = changes_after(expression, held, at, rulings)
    while instant is not None:
        if not evaluate(expression, held, instant, rulings).done:
            return instant
        instant = changes_after(expression, held, instant, rulings)
    return None
