"""What may be decided about a person on a pathway, and what that will do, as sentences. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lti_tool.pathways.deciding import Change


class Ruling(StrEnum):
    """What the desk decides about somebody on a pathway."""

    WAIVE = "waive"
    REPLACE = "replace"
    UNDO = "undo"
    CONFIRM = "confirm"
    KEEP = "keep"
    WITHDRAW = "withdraw"
    MOVE = "move"
    ALLOCATE = "allocate"


HEADINGS = {
    Ruling.WAIVE: "Waive a requirement",
    Ruling.REPLACE: "Let another badge count in its place",
    Ruling.UNDO: "Take a decision back",
    Ruling.CONFIRM: "Confirm the completion",
    Ruling.KEEP: "Let the certificate stand",
    Ruling.WITHDRAW: "Withdraw the certificate",
    Ruling.MOVE: "Move to another version",
    Ruling.ALLOCATE: "Say where a badge counts",
}
BUTTONS = {
    Ruling.WAIVE: "Waive it",
    Ruling.REPLACE: "Let it count",
    Ruling.UNDO: "Take it back",
    Ruling.CONFIRM: "Confirm it",
    Ruling.KEEP: "Let it stand",
    Ruling.WITHDRAW: "Withdraw it",
    Ruling.MOVE: "Move",
    Ruling.ALLOCATE: "Let it count here",
}
_FIRST = {
    Ruling.WAIVE: "{person} need not meet this on {title}: {thing}.",
    Ruling.REPLACE: "Another badge of {person} counts here while it is valid: {thing}.",
    Ruling.UNDO: "What was decided about this counts no more for {person}: {thing}.",
    Ruling.CONFIRM: "{certificate} is awarded to {person}, and signed.",
    Ruling.KEEP: "{person} keeps {certificate}, though a part of {title} fell away.",
    Ruling.WITHDRAW: "{certificate} of {person} is revoked: whoever checks it sees that.",
    Ruling.MOVE: "From now on {person} is on version {thing} of {title}.",
    Ruling.ALLOCATE: "{thing} of {person} counts in {title}, and no more in {partners}.",
}
_UNDO = {
    Ruling.WAIVE: "You can undo this by taking the decision back.",
    Ruling.REPLACE: "You can undo this by taking the decision back.",
    Ruling.UNDO: "You can undo this by deciding once more.",
    Ruling.CONFIRM: "You can undo this by withdrawing the badge.",
    Ruling.KEEP: "You can undo this by withdrawing the badge.",
    Ruling.WITHDRAW: "You can undo this by giving the badge back.",
    Ruling.MOVE: "You can undo this by moving back; what was decided about requirements stays.",
    Ruling.ALLOCATE: "You can undo this by letting it count in the other one.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What sentences speak of; `thing`: what the decision is about."""

    person: str
    title: str
    certificate: str
    thing: str = ""
    partners: str = ""


def consequences(ruling: Ruling, told: Told, needed: int, changes: Sequence[Change]) -> list[str]:
    """Return what will happen, the most important first.

    Args:
        ruling: what is to be decided.
        told: about whom and what.
        needed: stones that the pathway takes.
        changes: of this one person on this pathway, none where nothing can be foreseen.
    """
    first = _FIRST[ruling].format(
        person=told.person,
        title=told.title,
        certificate=told.certificate,
        thing=told.thing,
        partners=told.partners,
    )
    return [
        first,
        *_progress(told, needed, changes),
        f"{told.person} sees what counts for them; your name and reason are for staff.",
        "Your name, the time and your reason are kept in the audit trail for good.",
        _UNDO[ruling],
    ]


def _progress(told: Told, needed: int, changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        if change.gains:
            yield f"{told.title} is then complete, and {told.certificate} follows by itself."
        elif change.loses:
            yield (
                f"{told.title} is then no longer complete: {needed - change.after} of {needed} "
                f"stones. What becomes of {told.certificate} is the pathway's setting."
            )
        elif change.before == change.after:
            yield f"{told.title}: nothing changes, {needed - change.after} of {needed} stones."
        else:
            yield (
                f"{told.title}: {needed - change.after} of {needed} stones instead of "
                f"{needed - change.before}."
            )
