"""Badges that were awarded, over all learners and achievements."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement, Award, AwardCause
from lti_tool.badges.rules import CauseKind
from lti_tool.core.db import tenant
from lti_tool.core.ids import AwardId, PersonId
from lti_tool.core.language import phrase
from lti_tool.registrar.filters import Period

BECAUSE = {
    CauseKind.PASS: phrase("By passing"),
    CauseKind.PATHWAY: phrase("By completing a pathway"),
    CauseKind.DECISION: phrase("By a decision"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Awarded:
    """An award, whether it stands or not; `because` of its newest cause, in words."""

    award_id: AwardId
    person_id: PersonId
    name: str
    edition: int
    awarded_at: datetime
    because: str
    valid_until: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


def list_awarded(
    session: Session, period: Period, *, after: AwardId | None = None, limit: int
) -> list[Awarded]:
    """Return a page of the awards of a period, in order of id.

    Of two persons who turned out to be one the duplicates are left out.
    """
    page = (
        select(Award, Achievement.name)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .where(
            Award.institution_id == tenant(),
            Award.duplicate_of_id.is_(None),
            *period.conditions(Award.awarded_at),
        )
        .order_by(Award.id)
        .limit(limit)
    )
    if after is not None:
        page = page.where(Award.id > after)
    rows = session.execute(page).all()
    causes = _newest_causes(session, [award.id for award, _ in rows])
    return [
        Awarded(
            award_id=award.id,
            person_id=award.person_id,
            name=name,
            edition=award.edition,
            awarded_at=award.awarded_at,
            because=causes.get(award.id, phrase("not recorded")),
            valid_until=award.valid_until,
            withdrawn_at=award.withdrawn_at,
            withdrawn_reason=award.withdrawn_reason,
        )
        for award, name in rows
    ]


def _newest_causes(session: Session, award_ids: Collection[AwardId]) -> dict[AwardId, str]:
    rows = session.execute(
        select(AwardCause.award_id, AwardCause.kind, AwardCause.reason)
        .where(AwardCause.award_id.in_(award_ids))
        .order_by(AwardCause.caused_at, AwardCause.id)
    )
    return {award_id: reason or BECAUSE[CauseKind(kind)] for award_id, kind, reason in rows}
