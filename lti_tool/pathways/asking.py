"""What a requirement asks for, as sentences, for whoever composes or reads a pathway. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from lti_tool.core.ids import AchievementId
from lti_tool.core.language import joined, phrase, phrases
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, Requirement, SomeOf


def title_of(node: Requirement, names: Mapping[AchievementId, str]) -> str:
    """Return what a part is called: a stone by its badge, a group by its title or its rule."""
    if isinstance(node, Earn):
        return names.get(node.achievement_id, phrase("A badge that is not published"))
    return node.title or rule_of(node)


def rule_of(node: AllOf | SomeOf | CreditsAtLeast) -> str:
    """Return what a group asks for."""
    size = len(node.parts)
    if size == 0:
        return phrase("Nothing in it yet")
    if isinstance(node, CreditsAtLeast):
        return _credits_rule(node, size)
    if isinstance(node, SomeOf):
        return phrase("%(choose)s of these %(parts)s", choose=node.choose, parts=size)
    if node.exclusive:
        return phrase("All of these %(parts)s, each stone counting once", parts=size)
    return phrases("This one", "All of these %(num)s", size)


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
        found.append(_carried(stone.credits, stone.credit_kind))
    if stone.grade_at_least is not None:
        found.append(phrase("Grade at least %(grade)s %%.", grade=stone.grade_at_least * 100))
    if stone.level_at_least is not None:
        found.append(phrase("Level at least %(level)s.", level=stone.level_at_least))
    if stone.within_days is not None:
        found.append(
            phrases(
                "Counts for one day after it is earned.",
                "Counts for %(num)s days after it is earned.",
                stone.within_days,
            )
        )
    if stone.counts_expired:
        found.append(phrase("Counts on after it has expired."))
    if stone.needs:
        told = joined(
            [names.get(one, phrase("a badge that is not published")) for one in stone.needs], ", "
        )
        found.append(phrase("Counts only beside %(told)s.", told=told))
    return found


def _carried(credits_: Decimal, kind: str) -> str:
    if kind:
        return phrase("Carries %(credits)s credits of kind %(kind)s.", credits=credits_, kind=kind)
    return phrase("Carries %(credits)s credits.", credits=credits_)


def _credits_rule(node: CreditsAtLeast, size: int) -> str:
    if not node.of_kind:
        return phrase(
            "At least %(credits)s credits from these %(parts)s", credits=node.credits, parts=size
        )
    kinds = [
        phrase("%(credits)s of kind %(name)s", credits=one.credits, name=one.name)
        for one in node.of_kind
    ]
    return phrase(
        "At least %(credits)s credits from these %(parts)s, among them %(kinds)s",
        credits=node.credits,
        parts=size,
        kinds=joined(kinds, ", "),
    )
