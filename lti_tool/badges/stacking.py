"""What an achievement counts toward, for the pages that show it.

Pathways know that, and lie above: they bring the function that tells it, `subscriptions.py` names
it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lti_tool.core.ids import AchievementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Larger:
    """A published achievement that others stack into.

    Attributes:
        is_beyond: it counts what counts this one, not this one itself.
    """

    achievement_id: AchievementId
    name: str
    is_beyond: bool


Stacks = Mapping[AchievementId, tuple[Larger, ...]]
Tell = Callable[[Session, Collection[AchievementId]], Stacks]

_tell: list[Tell] = []


def told_by(tell: Tell) -> None:
    """Have this function tell what achievements count toward now, for whoever begins."""
    _tell[:] = [tell]


def list_larger(session: Session, achievement_id: AchievementId) -> tuple[Larger, ...]:
    """Return what an achievement counts toward now; nothing of anybody who holds it."""
    (tell,) = _tell
    return tell(session, [achievement_id]).get(achievement_id, ())
