"""What merging two persons and splitting them again does, as sentences. Pure."""

from collections.abc import Iterable, Sequence

from lti_tool.core.language import phrase, phrases
from lti_tool.pathways.foresight import Foreseen
from lti_tool.registrar.consequences import on_pathways

_FOR_GOOD = phrase("Your name, the time and your reason are kept in the audit trail for good.")


def merging(
    *,
    accounts: Sequence[str],
    badges: int,
    in_both: int,
    pathways: Iterable[Foreseen],
) -> list[str]:
    """Return what a merge does.

    Args:
        accounts: the platforms by which the person is then known.
        badges: how many whoever goes has, of which `in_both` both have.
        in_both: as above.
        pathways: what changes on each.
    """
    return [
        phrase(
            "One record is left, of whoever is known for longer, with the accounts of both: "
            "%(accounts)s.",
            accounts=", ".join(dict.fromkeys(accounts)),
        ),
        *([_moved(badges)] if badges else ()),
        *([_doubled(in_both)] if in_both else ()),
        *on_pathways(pathways),
        _FOR_GOOD,
        phrase("You can undo this: each then has again what was theirs."),
    ]


def _moved(badges: int) -> str:
    return phrases(
        "One badge of the other record comes along. Links to it stay valid.",
        "%(num)s badges of the other record come along. Links to them stay valid.",
        badges,
    )


def _doubled(in_both: int) -> str:
    return phrases(
        "One badge both have: it counts once, and both signed copies stay valid.",
        "%(num)s badges both have: each counts once, and all signed copies stay valid.",
        in_both,
    )


def splitting(
    *, accounts: Sequence[str], badges: Sequence[str], pathways: Sequence[str]
) -> list[str]:
    """Return what undoing a merge does.

    Args:
        accounts: that become a person of their own again.
        badges: names of those that go with them.
        pathways: titles of those the other was on.
    """
    return [
        phrase(
            "A record of its own is there again, with the accounts %(accounts)s.",
            accounts=", ".join(accounts),
        )
        if accounts
        else phrase("A record of its own is there again, without an account."),
        *(
            [phrase("These badges go with it: %(badges)s.", badges=", ".join(badges))]
            if badges
            else ()
        ),
        *(
            [phrase("It is again where it was on %(pathways)s.", pathways=", ".join(pathways))]
            if pathways
            else ()
        ),
        phrase(
            "Badges earned since by one of these accounts go with it, too. "
            "Decisions made since stay with this record."
        ),
        phrase("The two are not put forward as one person again."),
        _FOR_GOOD,
    ]
