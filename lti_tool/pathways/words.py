"""The reasons of an evaluation as sentences, for people and for the command line. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn
from lti_tool.pathways.rules import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One requirement and how it stands, in words; `parts` in display order."""

    text: str
    done: bool
    parts: "tuple[Explained, ...]" = ()


def explain(
    reason: Reason,
    names: Mapping[AchievementId, str],
    awarded_at: Mapping[AwardId, datetime],
) -> Explained:
    """Return a tree of reasons as sentences.

    Args:
        reason: of an evaluation.
        names: of the achievements its leaves name.
        awarded_at: of the awards that count.
    """
    node = reason.requirement
    if isinstance(node, Earn):
        name = names[node.achievement_id]
        since = min((awarded_at[award] for award in reason.awards), default=None)
        text = f"{name}: held since {_day(since)}." if since else f"{name}: not held yet."
        return Explained(text=text, done=reason.done)
    if isinstance(node, CreditsAtLeast):
        text = f"{_number(reason.counted)} of at least {_number(reason.needed)} credits."
    elif isinstance(node, AllOf):
        text = f"All of these: {_number(reason.counted)} of {_number(reason.needed)}."
    else:
        total = len(reason.parts)
        text = f"{node.choose} of these {total}: {_number(reason.counted)} so far."
    return Explained(
        text=f"{node.title}. {text}" if node.title else text,
        done=reason.done,
        parts=tuple(explain(part, names, awarded_at) for part in reason.parts),
    )


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"


def _number(value: Decimal) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")
