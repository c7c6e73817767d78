"""What a requirement asks for, as sentences, for whoever composes or reads a pathway. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from lti_tool.core.ids import AchievementId
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, Requirement, SomeOf


def title_of(node: Requirement, names: Mapping[AchievementId, str]) -> str:
    """Return what a part is called: a stone by its badge, a group by its title or its rule."""
    if isinstance(node, Earn):
        return names.get(node.achievement_id, "A badge that is not published")
    return node.title or rule_of(node)


def rule_of(node: AllOf | SomeOf | CreditsAtLeast) -> str:
    """Return what a group asks for."""
    size = len(node.parts)
    if size == 0:
        return "Nothing in it yet"
    if isinstance(node, CreditsAtLeast):
        wanted = f"At least {_number(node.credits)} credits from these {size}"
        kinds = " and ".join(f"{_number(one.credits)} of kind {one.name}" for one in node.of_kind)
        return f"{wanted}, among them {kinds}" if kinds else wanted
    if isinstance(node, SomeOf):
        return f"{node.choose} of these {size}"
    if node.exclusive:
        return f"All of these {size}, each stone counting once"
    return "This one" if size == 1 else f"All of these {size}"


def conditions_of(
    stone: Earn, names: Mapping[AchievementId, str], *, carries: bool = True
) -> list[str]:
    """Return what a stone asks for beyond being held, one sentence each.

    Args:
        stone: any.
        names: of what it needs.
        carries: tell its credits too.
    """
    found = []
    if carries and stone.credits:
        kind = f" of kind {stone.credit_kind}" if stone.credit_kind else ""
        found.append(f"Carries {_number(stone.credits)} credits{kind}.")
    if stone.grade_at_least is not None:
        found.append(f"Grade at least {_number(stone.grade_at_least * 100)} %.")
    if stone.level_at_least is not None:
        found.append(f"Level at least {stone.level_at_least}.")
    if stone.within_days is not None:
        found.append(f"Counts for {stone.within_days} days after it is earned.")
    if stone.counts_expired:
        found.append("Counts on after it has expired.")
    if stone.needs:
        told = ", ".join(names.get(one, "a badge that is not published") for one in stone.needs)
        found.append(f"Counts only beside {told}.")
    return found


def _number(value: Decimal) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")
