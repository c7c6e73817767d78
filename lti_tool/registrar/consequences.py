"""What a decision will do, as sentences for the page that asks for it. Pure."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from lti_tool.core.language import marked, phrase
from lti_tool.pathways.foresight import Foreseen


class Decision(StrEnum):
    """What the desk decides about an award."""

    GIVE = "give"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


_FIRST = {
    Decision.GIVE: marked(
        "%(person)s gets the badge %(badge)s, signed as if it had been earned by passing."
    ),
    Decision.WITHDRAW: (
        marked(
            "The badge %(badge)s of %(person)s is revoked: whoever checks it from now on sees "
            "that, and %(person)s reads your reason."
        )
    ),
    Decision.RESTORE: (
        marked(
            "%(person)s holds %(badge)s again. A new badge is signed; "
            "copies of the old one stay revoked."
        )
    ),
}
_UNDO = {
    Decision.GIVE: phrase("You can undo this by withdrawing the badge."),
    Decision.WITHDRAW: phrase("You can undo this by giving the badge back."),
    Decision.RESTORE: phrase("You can undo this by withdrawing the badge again."),
}


def consequences(
    decision: Decision, *, person: str, badge: str, pathways: Iterable[Foreseen]
) -> list[str]:
    """Return what will happen, the most important first."""
    return [
        phrase(_FIRST[decision], person=person, badge=badge),
        *on_pathways(pathways),
        phrase("Your name, the time and your reason are kept in the audit trail for good."),
        _UNDO[decision],
    ]


def on_pathways(pathways: Iterable[Foreseen]) -> Iterator[str]:
    """Yield what changes on each pathway, as sentences."""
    for one in pathways:
        laid, then = one.needed - one.before, one.needed - one.after
        if one.before == one.after:
            yield phrase(
                "%(title)s: nothing changes, %(laid)s of %(needed)s stones.",
                title=one.title,
                laid=laid,
                needed=one.needed,
            )
        elif one.after == 0:
            yield phrase(
                "%(title)s is then complete, and %(achievement_name)s is awarded by itself.",
                title=one.title,
                achievement_name=one.achievement_name,
            )
        elif one.before == 0:
            yield (
                phrase(
                    "%(title)s is then no longer complete: %(then)s of %(needed)s stones. "
                    "%(achievement_name)s itself stays, unless you withdraw it too.",
                    title=one.title,
                    then=then,
                    needed=one.needed,
                    achievement_name=one.achievement_name,
                )
            )
        else:
            yield phrase(
                "%(title)s: %(then)s of %(needed)s stones instead of %(laid)s.",
                title=one.title,
                then=then,
                needed=one.needed,
                laid=laid,
            )
