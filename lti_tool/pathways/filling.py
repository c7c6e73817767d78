"""The parts of a draft as forms: what fields hold, and what was typed, read again. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from uuid import UUID

from lti_tool.core.ids import AchievementId
from lti_tool.core.language import phrase
from lti_tool.pathways import outline
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, CreditsOfKind, Earn, SomeOf
from lti_tool.pathways.outline import Group, GroupKind
from lti_tool.pathways.soundness import MOST_DAYS

LONGEST_TITLE = 120
LONGEST_KIND = 40
MOST_KINDS = 10
MOST_CREDITS = Decimal(100_000)
HIGHEST_LEVEL = 99

Values = dict[str, str]
# What to enter, by field.
Wrong = dict[str, str]

KINDS: tuple[tuple[GroupKind, str, str], ...] = (
    ("all_of", phrase("All of the parts"), phrase("Every part has to be met.")),
    ("some_of", phrase("Some of the parts"), phrase("So many of the parts as you say.")),
    ("credits_at_least", phrase("Credits"), phrase("Badges that carry so many credits together.")),
)


def stone_values(stone: Earn) -> Values:
    """Return what the fields of a stone hold."""
    grade = stone.grade_at_least
    return {
        "credit_kind": stone.credit_kind,
        "grade": "" if grade is None else plain(grade * 100),
        "level": "" if stone.level_at_least is None else str(stone.level_at_least),
        "days": "" if stone.within_days is None else str(stone.within_days),
        "counts_expired": "1" if stone.counts_expired else "",
    }


def read_stone(stone: Earn, values: Mapping[str, str], needs: list[UUID]) -> tuple[Earn, Wrong]:
    """Return the stone with the rules that were typed, and what to enter instead."""
    wrong: Wrong = {}
    kind = values.get("credit_kind", "").strip()
    if len(kind) > LONGEST_KIND:
        wrong["credit_kind"] = phrase(
            "Enter up to %(most)s characters, such as core.", most=LONGEST_KIND
        )
    grade = _number(values.get("grade", ""))
    if grade is not None and not (grade.is_finite() and 0 < grade <= 100):  # noqa: PLR2004 - percent
        wrong["grade"] = phrase("Enter more than 0 and at most 100, such as 70.")
    level = _number(values.get("level", ""))
    if level is not None and not _is_whole(level, HIGHEST_LEVEL):
        wrong["level"] = phrase("Enter a whole number, such as 6.")
    days = _number(values.get("days", ""))
    if days is not None and not (_is_whole(days, MOST_DAYS) and days > 0):
        wrong["days"] = phrase("Enter a whole number of days, such as 730.")
    if wrong:
        return stone, wrong
    changed = replace(
        stone,
        credit_kind=kind,
        grade_at_least=None if grade is None else grade / 100,
        level_at_least=None if level is None else int(level),
        within_days=None if days is None else int(days),
        counts_expired=values.get("counts_expired") == "1",
        needs=tuple(dict.fromkeys(AchievementId(one) for one in needs)),
    )
    return changed, {}


def group_values(group: Group) -> Values:
    """Return what the fields of a group hold, with one more row for a kind of credits."""
    found = {
        "kind": group.kind,
        "title": group.title,
        "choose": str(group.choose) if isinstance(group, SomeOf) else "1",
        "exclusive": "1" if isinstance(group, AllOf) and group.exclusive else "",
        "credits": plain(group.credits) if isinstance(group, CreditsAtLeast) else "",
    }
    kinds = group.of_kind if isinstance(group, CreditsAtLeast) else ()
    for row, one in enumerate((*kinds, None)[:MOST_KINDS]):
        found[f"kind_name_{row}"] = one.name if one else ""
        found[f"kind_credits_{row}"] = plain(one.credits) if one else ""
    return found


def kind_rows(values: Mapping[str, str]) -> range:
    """Return the numbers of the rows for kinds of credits that a form has."""
    rows = [row for row in range(MOST_KINDS) if f"kind_name_{row}" in values]
    return range(max(rows, default=0) + 1)


def read_group(group: Group, values: Mapping[str, str]) -> tuple[Group, Wrong]:
    """Return the group with the rules that were typed, and what to enter instead."""
    wrong: Wrong = {}
    title = values.get("title", "").strip()
    if len(title) > LONGEST_TITLE:
        wrong["title"] = phrase("Enter up to %(most)s characters.", most=LONGEST_TITLE)
    kind = next((known for known, _, _ in KINDS if known == values.get("kind")), None)
    if kind is None:
        wrong["kind"] = phrase("Choose one.")
    choose = _number(values.get("choose", ""))
    if kind == "some_of" and (choose is None or not _is_whole(choose, 1000) or choose < 1):
        wrong["choose"] = phrase("Enter a whole number, 1 or more.")
    wanted = _number(values.get("credits", ""))
    of_kind: list[CreditsOfKind] = []
    if kind == "credits_at_least":
        if wanted is None or not _is_amount(wanted):
            wrong["credits"] = phrase("Enter a number more than 0, such as 30.")
        of_kind = _kinds(values, wrong)
    if wrong or kind is None:
        return group, wrong
    changed = outline.shaped(
        group,
        kind,
        title=title,
        choose=1 if choose is None or not choose.is_finite() else int(choose),
        credits_=wanted or Decimal(0),
        of_kind=tuple(of_kind),
        exclusive=values.get("exclusive") == "1",
    )
    if changed is None:
        return group, {
            "kind": phrase("Only badges carry credits: move the groups out of it first.")
        }
    return changed, {}


def _kinds(values: Mapping[str, str], wrong: Wrong) -> list[CreditsOfKind]:
    found = []
    for row in range(MOST_KINDS):
        name = values.get(f"kind_name_{row}", "").strip()
        amount = _number(values.get(f"kind_credits_{row}", ""))
        if not name and amount is None:
            continue
        if not 0 < len(name) <= LONGEST_KIND:
            wrong[f"kind_name_{row}"] = phrase(
                "Enter a word of up to %(most)s characters.", most=LONGEST_KIND
            )
        elif amount is None or not _is_amount(amount):
            wrong[f"kind_credits_{row}"] = phrase("Enter a number more than 0.")
        else:
            found.append(CreditsOfKind(name=name, credits=amount))
    return found


def _number(text: str) -> Decimal | None:
    """Return what was typed, not a number if it is none; None if nothing was."""
    typed = text.strip().replace(",", ".").removesuffix("%").strip()
    if not typed:
        return None
    if len(typed) > 12:  # noqa: PLR2004 - longer than any of these numbers
        return Decimal("NaN")
    try:
        return Decimal(typed)
    except InvalidOperation:
        return Decimal("NaN")


def _is_whole(value: Decimal, most: int) -> bool:
    return value.is_finite() and 0 <= value <= most and value == value.to_integral_value()


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 < value <= MOST_CREDITS and value == round(value, 4)


def plain(value: Decimal) -> str:
    """Return a number without idle noughts."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
