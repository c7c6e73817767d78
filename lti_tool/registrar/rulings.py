"""What may be decided about a person on a pathway, and what that will do, as sentences. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lti_tool.core.language import marked, phrase
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
    Ruling.WAIVE: phrase("Waive a requirement"),
    Ruling.REPLACE: phrase("Let another badge count in its place"),
    Ruling.UNDO: phrase("Take a decision back"),
    Ruling.CONFIRM: phrase("Confirm the completion"),
    Ruling.KEEP: phrase("Let the certificate stand"),
    Ruling.WITHDRAW: phrase("Withdraw the certificate"),
    Ruling.MOVE: phrase("Move to another version"),
    Ruling.ALLOCATE: phrase("Say where a badge counts"),
}
BUTTONS = {
    Ruling.WAIVE: phrase("Waive it"),
    Ruling.REPLACE: phrase("Let it count"),
    Ruling.UNDO: phrase("Take it back"),
    Ruling.CONFIRM: phrase("Confirm it"),
    Ruling.KEEP: phrase("Let it stand"),
    Ruling.WITHDRAW: phrase("Withdraw it"),
    Ruling.MOVE: phrase("Move"),
    Ruling.ALLOCATE: phrase("Let it count here"),
}
_FIRST = {
    Ruling.WAIVE: marked("%(person)s need not meet this on %(title)s: %(thing)s."),
    Ruling.REPLACE: marked("Another badge of %(person)s counts here while it is valid: %(thing)s."),
    Ruling.UNDO: marked("What was decided about this counts no more for %(person)s: %(thing)s."),
    Ruling.CONFIRM: marked("%(certificate)s is awarded to %(person)s, and signed."),
    Ruling.KEEP: marked("%(person)s keeps %(certificate)s, though a part of %(title)s fell away."),
    Ruling.WITHDRAW: marked(
        "The badge %(badge)s of %(person)s is revoked: whoever checks it from now on sees "
        "that, and %(person)s reads your reason."
    ),
    Ruling.MOVE: marked("From now on %(person)s is on version %(thing)s of %(title)s."),
    Ruling.ALLOCATE: marked(
        "%(thing)s of %(person)s counts in %(title)s, and no more in %(partners)s."
    ),
}
_UNDO = {
    Ruling.WAIVE: phrase("You can undo this by taking the decision back."),
    Ruling.REPLACE: phrase("You can undo this by taking the decision back."),
    Ruling.UNDO: phrase("You can undo this by deciding once more."),
    Ruling.CONFIRM: phrase("You can undo this by withdrawing the badge."),
    Ruling.KEEP: phrase("You can undo this by withdrawing the badge."),
    Ruling.WITHDRAW: phrase("You can undo this by giving the badge back."),
    Ruling.MOVE: phrase(
        "You can undo this by moving back; what was decided about requirements stays."
    ),
    Ruling.ALLOCATE: phrase("You can undo this by letting it count in the other one."),
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
    first = phrase(
        _FIRST[ruling],
        person=told.person,
        title=told.title,
        certificate=told.certificate,
        badge=told.certificate,
        thing=told.thing,
        partners=told.partners,
    )
    seen = phrase(
        "%(person)s sees what counts for them; your name and reason are for staff.",
        person=told.person,
    )
    return [
        first,
        *_progress(told, needed, changes),
        # Why a badge was revoked, its holder reads.
        *([] if ruling is Ruling.WITHDRAW else [seen]),
        phrase("Your name, the time and your reason are kept in the audit trail for good."),
        _UNDO[ruling],
    ]


def _progress(told: Told, needed: int, changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        values = {
            "title": told.title,
            "achievement_name": told.certificate,
            "laid": needed - change.before,
            "then": needed - change.after,
            "needed": needed,
        }
        if change.gains:
            yield phrase(
                "%(title)s is then complete, and %(achievement_name)s follows by itself.", **values
            )
        elif change.loses:
            yield phrase(
                "%(title)s is then no longer complete: %(then)s of %(needed)s stones. "
                "What becomes of %(achievement_name)s is the pathway's setting.",
                **values,
            )
        elif change.before == change.after:
            yield phrase("%(title)s: nothing changes, %(laid)s of %(needed)s stones.", **values)
        else:
            yield phrase("%(title)s: %(then)s of %(needed)s stones instead of %(laid)s.", **values)
