"""What the groups of a pathway ask for, and what lies on top, in a learner's words. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from lti_tool.badges.rules import KIND_WORDS, AchievementType
from lti_tool.core.language import phrase
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, SomeOf
from lti_tool.pathways.rules import Reason

_NUMBERS = (
    *(phrase("none"), phrase("one"), phrase("two"), phrase("three"), phrase("four")),
    *(phrase("five"), phrase("six"), phrase("seven"), phrase("eight"), phrase("nine")),
)
_CAPITALS = (
    *(phrase("None"), phrase("One"), phrase("Two"), phrase("Three"), phrase("Four")),
    *(phrase("Five"), phrase("Six"), phrase("Seven"), phrase("Eight"), phrase("Nine")),
)
_BOTH = 2
# A label beside the picture has room for about so many letters.
_LABEL_LETTERS = 11


def title_of(reason: Reason | None, parts: Sequence[Reason]) -> str:
    """Return what a group asks for, as its heading."""
    match reason.requirement if reason is not None else None:
        case AllOf(title=title) | SomeOf(title=title) | CreditsAtLeast(title=title) if title:
            return title
        case SomeOf(choose=choose):
            return phrase(
                "%(choose)s of these %(parts)s",
                choose=_word(choose, _CAPITALS),
                parts=_word(len(parts)),
            )
        case CreditsAtLeast(credits=wanted):
            return phrase(
                "%(wanted)s credits from these",
                wanted=_plain(wanted),
            )
    if len(parts) == 1:
        return phrase("This one")
    return (
        phrase("Both of these")
        if len(parts) == _BOTH
        else phrase(
            "All of these %(parts)s",
            parts=_word(len(parts)),
        )
    )


def label_of(reason: Reason | None, parts: Sequence[Reason]) -> str:
    """Return the same in a few letters, for beside the picture."""
    match reason.requirement if reason is not None else None:
        case SomeOf(choose=choose):
            return phrase(
                "%(choose)s of %(parts)s",
                choose=choose,
                parts=len(parts),
            )
        case CreditsAtLeast(credits=wanted):
            return phrase(
                "%(wanted)s credits",
                wanted=_plain(wanted),
            )
    long = title_of(reason, parts)
    if len(long) <= _LABEL_LETTERS:
        return long
    return (
        phrase("Both")
        if len(parts) == _BOTH
        else phrase(
            "All %(parts)s",
            parts=_word(len(parts)),
        )
    )


def note_of(root: Reason) -> str:
    """Say how many of the groups are needed, where not all are."""
    if isinstance(root.requirement, SomeOf) and any(part.parts for part in root.parts):
        wanted, parts = _word(root.requirement.choose), _word(len(root.parts))
        return phrase(
            "It takes %(wanted)s of the %(parts)s parts.",
            wanted=wanted,
            parts=parts,
        )
    return ""


def kind_in_words(achievement_type: str) -> str:
    """Write a type of Open Badges as words: "MasterDegree" becomes "Master degree"."""
    if achievement_type in KIND_WORDS:
        return KIND_WORDS[AchievementType(achievement_type)]
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in achievement_type)
    return words.strip().capitalize()


def _word(count: int, words: Sequence[str] = _NUMBERS) -> str:
    return words[count] if count < len(words) else str(count)


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
