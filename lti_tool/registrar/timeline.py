"""What happened to one person, as sentences in order of time. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from lti_tool.badges.rules import CauseKind
from lti_tool.core.language import OnDay, phrase, recalled
from lti_tool.registrar.awarded import BECAUSE
from lti_tool.registrar.records import AttemptRow, AwardRow, CauseRow, Record
from lti_tool.registrar.sentences import actor_words, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the timeline.

    Attributes:
        kind: how its stone looks: earned, going, ready or locked.
        icon: a name of _macros/icons.html.
        more: a second line, or nothing.
    """

    at: datetime
    kind: str
    icon: str
    text: str
    more: str = ""


def build(record: Record, deciders: Mapping[UUID, str]) -> list[Moment]:
    """Return the moments of a record, the newest first.

    Args:
        record: whose.
        deciders: names of those who decided, at the desk or in a course, by id.
    """
    names: dict[UUID, str] = {award.award_id: award.name for award in record.awards}
    own_name = next((one.name for one in record.accounts if one.name), "")
    moments = [
        *(moment for attempt in record.attempts for moment in _of_attempt(attempt)),
        *(moment for award in record.awards for moment in _of_award(award)),
        *(
            Moment(
                at=entry.recorded_at,
                kind="going",
                icon="pencil",
                text=sentence(
                    entry.act,
                    own_name if entry.object_kind == "person" else names.get(entry.object_id, ""),
                    kind=entry.object_kind,
                ),
                more=_by(actor_words(entry.actor_kind, entry.actor_id, deciders), entry.reason),
            )
            for entry in record.entries
        ),
    ]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _of_attempt(attempt: AttemptRow) -> Iterator[Moment]:
    place = ", ".join(filter(None, (attempt.course, attempt.platform)))
    if attempt.submitted_at is None:
        yield Moment(
            at=attempt.started_at,
            kind="ready",
            icon="half",
            text=phrase(
                "%(title)s: attempt %(attempt)s begun",
                title=attempt.title,
                attempt=attempt.number,
            ),
            more=place,
        )
    elif attempt.earned is not None and attempt.possible is not None:
        points = phrase(
            "%(earned)s of %(possible)s",
            earned=_number(attempt.earned),
            possible=_number(attempt.possible),
        )
        yield Moment(
            at=attempt.submitted_at,
            kind="earned" if attempt.passed else "going",
            icon="check" if attempt.passed else "pencil",
            text=phrase("%(title)s: passed, %(points)s", title=attempt.title, points=points)
            if attempt.passed
            else phrase("%(title)s: not passed, %(points)s", title=attempt.title, points=points),
            more=place,
        )
    score = attempt.score
    if score is not None and score.acknowledged_at is not None:
        yield Moment(
            at=score.acknowledged_at,
            kind="earned",
            icon="check",
            text=phrase(
                "%(title)s: score acknowledged by %(platform)s",
                title=attempt.title,
                platform=attempt.platform,
            ),
            more=attempt.course or "",
        )


def _of_award(award: AwardRow) -> Iterator[Moment]:
    for cause in award.causes:
        # Decisions are told by the audit trail, with who made them.
        if cause.kind != CauseKind.DECISION:
            yield Moment(
                at=cause.caused_at,
                kind="earned",
                icon="badge",
                text=_caused(award.name, cause),
                more=BECAUSE[CauseKind(cause.kind)],
            )
    if award.issued_at is not None:
        yield Moment(
            at=award.issued_at,
            kind="earned",
            icon="shield",
            # Of several times only the last is kept.
            text=phrase("%(name)s: badge signed anew", name=award.name)
            if any(cause.valid_until is not None for cause in award.causes)
            else phrase("%(name)s: badge signed", name=award.name),
        )
    if award.revoked_at is not None:
        yield Moment(
            at=award.revoked_at,
            kind="locked",
            icon="shield-off",
            text=phrase(
                "%(name)s: badge revoked",
                name=award.name,
            ),
        )


def _caused(name: str, cause: CauseRow) -> str:
    if not cause.renews:
        return phrase("%(name)s: awarded", name=name)
    if cause.valid_until is None:
        return phrase("%(name)s: earned again", name=name)
    return phrase("%(name)s: renewed until %(until)s", name=name, until=OnDay(cause.valid_until))


def because(award: AwardRow) -> str:
    """Return why an award was made, in words; the newest cause where there are several."""
    if not award.causes:
        return phrase("not recorded")
    newest = award.causes[-1]
    return recalled(newest.reason) if newest.reason else BECAUSE[CauseKind(newest.kind)]


def _by(actor: str, reason: str | None) -> str:
    return (
        phrase(
            "By %(actor)s: “%(reason)s”",
            actor=actor,
            reason=recalled(reason),
        )
        if reason
        else phrase(
            "By %(actor)s",
            actor=actor,
        )
    )


def _number(value: Decimal) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")
