"""What a decision will do, as sentences for the page that asks for it. Pure."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from lti_tool.pathways.foresight import Foreseen


class Decision(StrEnum):
    """What the desk decides about an award."""

    GIVE = "give"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


_FIRST = {
    Decision.GIVE: "{person} gets the badge {badge}, signed as if it had been earned by passing.",
    Decision.WITHDRAW: (
        "The badge {badge} of {person} is revoked: whoever checks it from now on sees that."
    ),
    Decision.RESTORE: (
        "{person} holds {badge} again. A new badge is signed; copies of the old one stay revoked."
    ),
}
_UNDO = {
    Decision.GIVE: "You can undo this by withdrawing the badge.",
    Decision.WITHDRAW: "You can undo this by giving the badge back.",
    Decision.RESTORE: "You can undo this by withdrawing the badge again.",
}


def consequences(
    decision: Decision, *, person: str, badge: str, pathways: Iterable[Foreseen]
) -> list[str]:
    """Return what will happen, the most important first."""
    return [
        _FIRST[decision].format(person=person, badge=badge),
        *on_pathways(pathways),
        "Your name, the time and your reason are kept in the audit trail for good.",
        _UNDO[decision],
    ]


def on_pathways(pathways: Iterable[Foreseen]) -> Iterator[str]:
    """Yield what changes on each pathway, as sentences."""
    for one in pathways:
        laid, then = one.needed - one.before, one.needed - one.after
        if one.before == one.after:
            yield f"{one.title}: nothing changes, {laid} of {one.needed} stones."
        elif one.after == 0:
            yield f"{one.title} is then complete, and {one.achievement_name} is awarded by itself."
        elif one.before == 0:
            yield (
                f"{one.title} is then no longer complete: {then} of {one.needed} stones. "
                f"{one.achievement_name} itself stays, unless you withdraw it too."
            )
        else:
            yield f"{one.title}: {then} of {one.needed} stones instead of {laid}."
