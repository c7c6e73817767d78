"""Noting how long questions are in view: now and then, beside the saves and never with one."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import attention, queries, rules
from lti_tool.assessments.attention import Report
from lti_tool.assessments.models import Attempt, AttemptTime
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, InstitutionId, UserId


def note_attention(
    institution_id: InstitutionId,
    attempt_id: AttemptId,
    report: Report,
    *,
    user_id: UserId,
    page_made_at: datetime | None = None,
) -> Attempt:
    """Add what a page has shown to what is known of an attempt that runs.

    Args:
        institution_id: whose.
        attempt_id: of the attempt; of one that has ended nothing is noted.
        report: what the page says, bounded by our clock (`attention.credited`).
        user_id: whose attempt it must be.
        page_made_at: when it was made, if the page says so.

    Raises:
        NotFoundError: the learner has no such attempt.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        attempt = queries.get_attempt(session, attempt_id, of_user=user_id)
        if attempt.submitted_at is None and rules.accepts(attempt.closes_at, now):
            _add(session, attempt, report, page_made_at or now, now)
    return attempt


def _add(
    session: Session, attempt: Attempt, report: Report, made_at: datetime, now: datetime
) -> None:
    row = _locked(session, attempt.id)
    if row is None:
        session.execute(
            insert(AttemptTime)
            .values(id=attempt.id, by_item={}, windows=[], told_at=attempt.started_at)
            .on_conflict_do_nothing()
        )
        row = _locked(session, attempt.id)
    if row is None:
        return  # the attempt is being erased
    shown_ms = {
        number: milliseconds
        for number, milliseconds in report.shown_ms.items()
        if 1 <= number <= len(attempt.form)
    }
    windows = [attention.read_window(stored) for stored in row.windows]
    made_at = min(now, max(attempt.started_at, made_at))
    seen = attention.with_window(windows, report.page_id, made_at, now)
    row.by_item = attention.credited(row.by_item, shown_ms, row.told_at, now)
    row.windows = [window.to_json() for window in seen]
    row.told_at = max(row.told_at, now)


def _locked(session: Session, attempt_id: AttemptId) -> AttemptTime | None:
    return session.scalar(
        select(AttemptTime)
        .where(AttemptTime.id == attempt_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
