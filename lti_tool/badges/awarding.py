"""Awards that a person decides: one by one with evidence, or many from a table."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from lti_tool.badges.details import Evidence
from lti_tool.badges.errors import (
    AmbiguousPersonError,
    UnknownPersonError,
    UnreadableTableError,
)
from lti_tool.badges.models import Achievement, Award
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award
from lti_tool.badges.services.awards import has_ended
from lti_tool.core import clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import AchievementId, AwardId, InstitutionId, PersonId
from lti_tool.core.language import phrase
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User

MOST_ROWS = 1000
COLUMNS = ("person", "reason", "evidence", "evidence url")
_MOST_LETTERS = 2000


class Outcome(StrEnum):
    """What became of one row."""

    AWARDED = "awarded"
    HELD = "held"
    RENEWED = "renewed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the report says of one row.

    Attributes:
        line: of the table, the first after its heading being 2.
        who: as the table names them.
        detail: why a row was refused; empty otherwise.
    """

    line: int
    who: str
    outcome: Outcome
    detail: str = ""


def award_by_hand(  # noqa: PLR0913 - what a decision consists of
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    *,
    who: str,
    reason: str,
    evidence: tuple[Evidence, ...] = (),
    decision_id: UUID,
    actor: Actor,
) -> tuple[AwardId, Outcome]:
    """Award an achievement because somebody decided so, once per decision.

    Args:
        institution_id: whose.
        achievement_id: what.
        who: a student number or an e-mail address, exactly as a platform told it.
        reason: in words; kept with the award and in the audit trail.
        evidence: what the decision rests on.
        decision_id: the same for the same decision sent twice.
        actor: who decided.

    Returns:
        The award, and what became of it: whoever holds it keeps it as it is, unless it had ended.

    Raises:
        NotFoundError: there is no such achievement here.
        UnknownPersonError: nobody is known by this.
        AmbiguousPersonError: several are.
    """
    with transaction(institution_id) as session:
        person_id = find_one(session, who)
        held = session.scalar(
            select(Award)
            .join(Achievement, Achievement.id == Award.achievement_id)
            .where(
                Award.person_id == person_id,
                Award.achievement_id == achievement_id,
                Award.edition == Achievement.edition,
                Award.withdrawn_at.is_(None),
                Award.duplicate_of_id.is_(None),
            )
        )
    cause = Cause(
        kind=CauseKind.DECISION,
        id=decision_id,
        caused_at=clock.now(),
        reason=reason,
        evidence=evidence,
    )
    award_id = grant_award(institution_id, person_id, achievement_id, cause=cause, actor=actor)
    if held is None:
        return award_id, Outcome.AWARDED
    return award_id, Outcome.RENEWED if has_ended(held, cause.caused_at) else Outcome.HELD


def award_table(  # noqa: PLR0913 - as for one award
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    data: bytes,
    *,
    reason: str,
    batch_id: UUID,
    actor: Actor,
) -> list[Told]:
    """Award an achievement to everybody in a CSV table, row by row; a bad row stops no other.

    Args:
        institution_id: whose.
        achievement_id: what.
        data: CSV in UTF-8 with a heading: `person` (student number or e-mail address), and as far
            as wanted `reason`, `evidence`, `evidence url`.
        reason: for rows without one of their own.
        batch_id: the same for the same table sent twice: then nothing is awarded twice.
        actor: who decided.

    Raises:
        UnreadableTableError: not such a table, or too long.
    """
    told = []
    for line, row in _rows(data):
        who = row.get("person", "")
        try:
            _award_id, outcome = award_by_hand(
                institution_id,
                achievement_id,
                who=who,
                reason=row.get("reason") or reason,
                evidence=_evidence(row),
                decision_id=uuid5(batch_id, str(line)),
                actor=actor,
            )
        except (ToolError, ValueError) as error:
            told.append(
                Told(
                    line=line,
                    who=who,
                    outcome=Outcome.REFUSED,
                    detail=error.sentence if isinstance(error, ToolError) else str(error),
                )
            )
        else:
            told.append(Told(line=line, who=who, outcome=outcome))
    return told


def find_one(session: Session, who: str) -> PersonId:
    """Return the one person known by a student number or an e-mail address.

    Raises:
        UnknownPersonError: nobody is known by this.
        AmbiguousPersonError: several persons are.
    """
    who = who.strip()
    if not who:
        raise UnknownPersonError(phrase("Enter a student number or an e-mail address."))
    users = session.scalars(
        select(User.id)
        .where(or_(User.sis_id == who, func.lower(User.email) == who.lower()))
        .order_by(User.id)
        .limit(20)
    ).all()
    persons = {person_of(session, user_id) for user_id in users}
    if not persons:
        raise UnknownPersonError(
            phrase(
                "Nobody here is known as %(who)s. They have to open an activity in a course once "
                "before.",
                who=who,
            )
        )
    if len(persons) > 1:
        raise AmbiguousPersonError(
            phrase(
                "Several people are known as %(who)s.",
                who=who,
            )
        )
    return persons.pop()


def _evidence(row: Mapping[str, str]) -> tuple[Evidence, ...]:
    text, url = row.get("evidence", ""), row.get("evidence url", "")
    if not text and not url:
        return ()
    return (Evidence(name="Evidence", narrative=text or None, url=url or None),)


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableTableError(phrase("It is not text in UTF-8.")) from error
    if "\0" in text:  # which no text in PostgreSQL can hold: half the table would be awarded
        raise UnreadableTableError(
            phrase("It is not a CSV table: there are null characters in it.")
        )
    # Spreadsheets of many countries write semicolons.
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        table = [[cell.strip()[:_MOST_LETTERS] for cell in row] for row in reader]
    except csv.Error as error:
        raise UnreadableTableError(
            phrase(
                "It is not a CSV table: %(value)s.",
                value=error,
            )
        ) from error
    names = [name.lower() for name in table[0]] if table else []
    if "person" not in names or not set(names) <= set(COLUMNS):
        raise UnreadableTableError(
            phrase(
                "Its first line has to name its columns: person, and of %(COLUMNS)s those you "
                "want.",
                COLUMNS=", ".join(COLUMNS[1:]),
            )
        )
    if len(table) - 1 > MOST_ROWS:
        raise UnreadableTableError(
            phrase(
                "It has more than %(MOST_ROWS)s rows; divide it.",
                MOST_ROWS=MOST_ROWS,
            )
        )
    for line, row in enumerate(table[1:], 2):
        if any(row):
            yield line, dict(zip(names, row, strict=False))
