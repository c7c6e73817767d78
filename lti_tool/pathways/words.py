"""The reasons of an evaluation as sentences, for people and for the command line. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways.counting import Held, Why
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, SomeOf
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
    awards: Mapping[AwardId, Held],
) -> Explained:
    """Return a tree of reasons as sentences.

    Args:
        reason: of an evaluation.
        names: of the achievements its leaves name, and of those these need.
        awards: what counts, and where it does not, what else is held.
    """
    node = reason.requirement
    if isinstance(node, Earn):
        return Explained(text=_stone(node, reason, names, awards), done=reason.done)
    return Explained(
        text=f"{node.title}. {_group(reason)}" if node.title else _group(reason),
        done=reason.done,
        parts=tuple(explain(part, names, awards) for part in reason.parts),
    )


def _group(reason: Reason) -> str:
    node = reason.requirement
    counted, needed = _number(reason.counted), _number(reason.needed)
    if reason.waived:
        return "Waived by a decision."
    if isinstance(node, CreditsAtLeast):
        kinds = ", ".join(f"{_number(kind.credits)} of kind {kind.name}" for kind in node.of_kind)
        return f"{counted} of at least {needed} credits{f', with {kinds}' if kinds else ''}."
    if isinstance(node, SomeOf):
        return f"{node.choose} of these {len(reason.parts)}: {counted} so far."
    if isinstance(node, AllOf) and node.exclusive:
        return f"All of these, each stone counting once: {counted} of {needed}."
    return f"All of these: {counted} of {needed}."


def _stone(
    node: Earn,
    reason: Reason,
    names: Mapping[AchievementId, str],
    awards: Mapping[AwardId, Held],
) -> str:
    name = names[node.achievement_id]
    if reason.awards:
        since = min(awards[award].awarded_at for award in reason.awards)
        until = f", counts until {_day(reason.until)}" if reason.until else ""
        if all(awards[award].achievement_id != node.achievement_id for award in reason.awards):
            other = names.get(awards[reason.awards[0]].achievement_id, "another award")
            return f"{name}: {other} counts in its place by a decision{until}."
        return f"{name}: held since {_day(since)}{until}."
    if reason.waived:
        return f"{name}: waived by a decision."
    return f"{name}: {_why(node, reason.why, names, awards)}"


def _why(
    node: Earn,
    why: Why | None,
    names: Mapping[AchievementId, str],
    awards: Mapping[AwardId, Held],
) -> str:
    needs = ", ".join(names[known] for known in node.needs)
    if why is None or why == "absent":
        return f"not held yet; it needs {needs} too." if needs else "not held yet."
    own = [award for award in awards.values() if award.achievement_id == node.achievement_id]
    return {
        "expired": f"held, but it expired on {_last_end(own)}.",
        "too_old": f"held, but it counts only for {node.within_days} days after it is earned.",
        "grade": _grade(node, own),
        "level": f"held, but at least level {node.level_at_least} is needed.",
        "needs": f"held, but it counts only together with {needs}.",
        "elsewhere": "held, but it counts toward another part here.",
    }[why]


def _last_end(own: Sequence[Held]) -> str:
    ends = [award.valid_until for award in own if award.valid_until is not None]
    return _day(max(ends)) if ends else "an unknown day"


def _grade(node: Earn, own: Sequence[Held]) -> str:
    wanted = _number((node.grade_at_least or Decimal(0)) * 100)
    best = max((award.grade for award in own if award.grade is not None), default=None)
    if best is None:
        return f"held without a grade; at least {wanted} % is needed."
    return f"held with {_number(best * 100)} %; at least {wanted} % is needed."


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"


def _number(value: Decimal) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")
