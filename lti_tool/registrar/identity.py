"""What merging two persons and splitting them again does, as sentences. Pure."""

from collections.abc import Iterable, Sequence

from lti_tool.pathways.foresight import Foreseen
from lti_tool.registrar.consequences import on_pathways

_FOR_GOOD = "Your name, the time and your reason are kept in the audit trail for good."


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
        (
            "One record is left, of whoever is known for longer, with the accounts of both: "
            f"{', '.join(dict.fromkeys(accounts))}."
        ),
        *([_moved(badges)] if badges else ()),
        *([_doubled(in_both)] if in_both else ()),
        *on_pathways(pathways),
        _FOR_GOOD,
        "You can undo this: each then has again what was theirs.",
    ]


def _moved(badges: int) -> str:
    if badges == 1:
        return "One badge of the other record comes along. Links to it stay valid."
    return f"{badges} badges of the other record come along. Links to them stay valid."


def _doubled(in_both: int) -> str:
    if in_both == 1:
        return "One badge both have: it counts once, and both signed copies stay valid."
    return f"{in_both} badges both have: each counts once, and all signed copies stay valid."


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
        f"A record of its own is there again, with the accounts {', '.join(accounts)}."
        if accounts
        else "A record of its own is there again, without an account.",
        *([f"These badges go with it: {', '.join(badges)}."] if badges else ()),
        *([f"It is again where it was on {', '.join(pathways)}."] if pathways else ()),
        (
            "Badges earned since by one of these accounts go with it, too. "
            "Decisions made since stay with this record."
        ),
        "The two are not put forward as one person again.",
        _FOR_GOOD,
    ]
