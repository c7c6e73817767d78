"""Which table somebody asks to take along, and as what. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from lti_tool.core.cells import Cell
from lti_tool.core.ids import InstitutionId, PathwayId
from lti_tool.core.language import Language, OnDay, phrase
from lti_tool.registrar import tables
from lti_tool.registrar.filters import Entries, Filters
from lti_tool.registrar.tables import Row


class Kind(StrEnum):
    """A table that is of no one pathway; the value is a part of its address."""

    PEOPLE = "people"
    PATHWAYS = "pathways"
    AWARDS = "awards"
    DECISIONS = "decisions"
    WAITING = "waiting"
    MATCHES = "matches"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One table to take along.

    Attributes:
        act: how the audit trail calls it.
        title: what it is of, in words.
        file: how its file's name begins.
        filters: what its rows were filtered by: the query of the page that shows them.
        in_period: somebody may say of which days.
        rows: yields them, of an institution.
    """

    act: str
    title: str
    file: str
    header: Sequence[str]
    filters: Mapping[str, Any]
    in_period: bool = False
    rows: Callable[[InstitutionId], Iterator[Row]]


TITLES = {
    Kind.PEOPLE: phrase("Learners"),
    Kind.PATHWAYS: phrase("Pathways and how many learners are where"),
    Kind.AWARDS: phrase("Badges that were awarded"),
    Kind.DECISIONS: phrase("What was decided about learners"),
    Kind.WAITING: phrase("What waits for a decision"),
    Kind.MATCHES: phrase("People who may be one person"),
    Kind.AUDIT: phrase("Audit trail"),
}
HINTS = {
    Kind.PEOPLE: phrase("Everybody, with number, e-mail and accounts."),
    Kind.PATHWAYS: phrase("One line for each; open a pathway to download its learners."),
    Kind.AWARDS: phrase("To whom, when, why, and whether they stand."),
    Kind.DECISIONS: phrase("Waivers, credits, confirmations, moves, withdrawals: who, when, why."),
    Kind.WAITING: phrase("Completions to confirm, certificates to review."),
    Kind.MATCHES: phrase("Pairs that nobody has decided about yet."),
    Kind.AUDIT: phrase("Every act, as sentences and as data."),
}
_IN_PERIOD = {Kind.AWARDS, Kind.DECISIONS, Kind.AUDIT}


def export(kind: Kind, *, words: str, wanted: Entries) -> Export:
    """Return a table of an institution.

    Args:
        kind: which.
        words: what learners are searched by, where it is theirs.
        wanted: which entries, where it is the audit trail's; of others the days alone.
    """
    period = wanted.period
    rows, header = {
        Kind.PEOPLE: (tables.everybody(words), tables.PEOPLE),
        Kind.PATHWAYS: (tables.overview, tables.PATHWAYS),
        Kind.AWARDS: (tables.awards(period), tables.AWARDS),
        Kind.DECISIONS: (tables.decisions(period), tables.DECISIONS),
        Kind.WAITING: (tables.waits, tables.WAITING),
        Kind.MATCHES: (tables.alike, tables.MATCHES),
        Kind.AUDIT: (tables.entries(wanted), tables.ENTRIES),
    }[kind]
    filters = {
        **({"q": words} if words and kind is Kind.PEOPLE else {}),
        **(wanted.words() if kind is Kind.AUDIT else {}),
        **(period.words() if kind in _IN_PERIOD else {}),
    }
    return Export(
        act=f"export_{kind.value}",
        title=TITLES[kind],
        file=kind.value,
        header=header,
        filters=filters,
        in_period=kind in _IN_PERIOD,
        rows=rows,
    )


def of_pathway(pathway_id: PathwayId, title: str, wanted: Filters) -> Export:
    """Return the table of the learners on a pathway who fit."""
    return Export(
        act="export_learners",
        title=phrase("Learners on %(title)s", title=title),
        file=title,
        header=tables.LEARNERS,
        filters=wanted.words(),
        rows=tables.learners(pathway_id, wanted),
    )


def told(value: Cell | OnDay, reader: Language) -> Cell:
    """Return a value of a row as somebody reads it: in their language and time zone."""
    if isinstance(value, OnDay):
        return value.instant.astimezone(reader.zone).date()
    if isinstance(value, datetime):
        return value.astimezone(reader.zone)
    return reader.say(value) if isinstance(value, str) else value
