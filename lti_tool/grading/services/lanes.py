"""The lanes in which scores are sent: one for each registration and institution.

Whoever holds a lane's lease sends its due rows; an acknowledgement, a delay or a refusal
is written to the row itself, so any process may be killed at any moment. Trouble with the
platform as a whole pauses the lane, not its rows: an outage costs a few tries an hour,
however much waits, and ends for all at once.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement
from lti_tool.core import clock, queue
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import DesiredScoreId, InstitutionId, RegistrationId, new_id
from lti_tool.grading import ags, rules
from lti_tool.grading.models import ERASED_SUBJECT, DesiredScore, SenderLane
from lti_tool.grading.rules import Answer, Outcome, grants
from lti_tool.grading.sender import Delivered, Parcel
from lti_tool.grading.services.replaced import drop_replaced
from lti_tool.platforms.models import Context
from lti_tool.platforms.quirks import Quirks

LEASE = timedelta(seconds=60)
# How long a measure of the platform's clock is good for.
CLOCK_HOLDS = timedelta(minutes=5)
# How many scores show whether a platform that failed is back.
PROBE = 4
SEND_DUE = "lti_tool.grading.jobs.send_due"
# Whose learner was not erased: nothing more is sent for who was.
_IS_KNOWN = DesiredScore.subject != ERASED_SUBJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane held by one worker; `holder` proves it.

    `knows_clock`: how far our clock is from the platform's was measured lately. `is_failing`: the
    platform took nothing the last time.
    """

    registration_id: RegistrationId
    institution_id: InstitutionId
    holder: UUID
    knows_clock: bool
    is_failing: bool


def wake(
    session: Session,
    registration_id: RegistrationId,
    institution_id: InstitutionId,
    at: datetime,
    *,
    at_once: bool = False,
) -> None:
    """Have the lane looked at, now by RQ and, if that is missed, by the clock.

    Args:
        session: of the institution; the lane is woken when it commits.
        registration_id: whose lane it is.
        institution_id: the same.
        at: now.
        at_once: end a pause, since somebody asks for it.
    """
    new = insert(SenderLane).values(
        registration_id=registration_id,
        institution_id=institution_id,
        due_at=at,
        failures=0,
        acknowledged=0,
        refused=0,
    )
    paused_until = None if at_once else SenderLane.paused_until
    session.execute(
        new.on_conflict_do_update(
            index_elements=["registration_id", "institution_id"],
            set_={
                "due_at": func.least(SenderLane.due_at, new.excluded.due_at),
                "paused_until": paused_until,
            },
        )
    )
    queue.enqueue_after_commit(session, SEND_DUE, str(registration_id), str(institution_id))


def due_lanes() -> list[tuple[RegistrationId, InstitutionId]]:
    """Return the lanes that have something due and nobody at work."""
    now = clock.now()
    with system_transaction() as session:
        rows = session.execute(
            select(SenderLane.registration_id, SenderLane.institution_id)
            .where(SenderLane.due_at <= now, _is_free(now))
            .order_by(SenderLane.due_at)
        )
        return [(row.registration_id, row.institution_id) for row in rows]


def lease(registration_id: RegistrationId, institution_id: InstitutionId) -> Lane | None:
    """Take the lane for a minute, or None: another worker has it, or it is paused."""
    now, holder = clock.now(), new_id()
    with system_transaction() as session:
        taken = session.execute(
            update(SenderLane)
            .where(
                SenderLane.registration_id == registration_id,
                SenderLane.institution_id == institution_id,
                _is_free(now),
            )
            .values(leased_by=holder, leased_until=now + LEASE)
            .returning(SenderLane.clock_measured_at, SenderLane.failures)
        ).one_or_none()
    if taken is None:
        return None
    measured_at = taken.clock_measured_at
    return Lane(
        registration_id=registration_id,
        institution_id=institution_id,
        holder=holder,
        is_failing=taken.failures > 0,
        knows_clock=measured_at is not None and measured_at > now - CLOCK_HOLDS,
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return and_(
        or_(SenderLane.leased_until.is_(None), SenderLane.leased_until <= now),
        or_(SenderLane.paused_until.is_(None), SenderLane.paused_until <= now),
    )


def release(lane: Lane) -> None:
    """Give the lane back and say when there is something to do next, if ever."""
    with transaction(lane.institution_id) as session:
        # Before the look, so that a score desired meanwhile waits for this row or is seen.
        session.execute(
            update(SenderLane)
            .where(_own(lane))
            .values(leased_by=None, leased_until=None, due_at=None)
        )
        next_at = session.scalar(
            select(func.min(DesiredScore.due_at)).where(
                DesiredScore.registration_id == lane.registration_id, _IS_KNOWN
            )
        )
        if next_at is not None:
            due_at = func.greatest(next_at, SenderLane.paused_until)
            session.execute(update(SenderLane).where(_same(lane)).values(due_at=due_at))


def pause(lane: Lane, answer: Answer) -> None:
    """Send nothing for a while: 15 s, doubling to a quarter of an hour, or as long as asked."""
    now = clock.now()
    with system_transaction() as session:
        row = session.scalars(select(SenderLane).where(_same(lane)).with_for_update()).one()
        row.failures += 1
        row.failing_since = row.failing_since or now
        row.last_status, row.last_error = answer.status, answer.reason
        spread = random.random()  # noqa: S311 - spreads load, guards nothing
        wait = rules.delay(row.failures, spread=spread, longest=rules.LONGEST_PAUSE)
        row.paused_until = now + max(wait, answer.retry_after or wait)


def note_clock(lane: Lane, lead: timedelta | None) -> None:
    """Remember how far our clock is ahead of the platform's; None: it did not say."""
    now = clock.now()
    seconds = None if lead is None else lead.total_seconds()
    with system_transaction() as session:
        session.execute(
            update(SenderLane)
            .where(_same(lane))
            .values(
                clock_measured_at=now,
                clock_lead=SenderLane.clock_lead if seconds is None else seconds,
            )
        )


def _own(lane: Lane) -> ColumnElement[bool]:
    return and_(_same(lane), SenderLane.leased_by == lane.holder)


def _same(lane: Lane) -> ColumnElement[bool]:
    return and_(
        SenderLane.registration_id == lane.registration_id,
        SenderLane.institution_id == lane.institution_id,
    )


def first_address(lane: Lane) -> str | None:
    """Return the column of the score that is due first; None when none is."""
    with transaction(lane.institution_id) as session:
        return session.scalar(
            select(DesiredScore.line_item_url)
            .where(*due_in(lane, clock.now()))
            .order_by(DesiredScore.due_at)
            .limit(1)
        )


def take_batch(lane: Lane, quirks: Quirks, *, limit: int = 500) -> list[Parcel]:
    """Renew the lease and return due scores, the longest due first, each with its timestamp.

    After a failure of the platform only a few, to see whether it is back. Timestamps are
    stored before anything is sent, so that a resend reuses them. A score whose timestamp
    would lie ahead of our clock, or the platform's, is put off until it does not.

    Returns:
        Nothing when none is due or the lease was lost.
    """
    now = clock.now()
    with transaction(lane.institution_id) as session:
        held = session.execute(
            update(SenderLane)
            .where(_own(lane))
            .values(leased_until=now + LEASE)
            .returning(SenderLane.failures, SenderLane.clock_lead)
        ).one_or_none()
        if held is None:
            return []
        lead = timedelta(seconds=max(held.clock_lead or 0.0, 0.0))
        due = due_in(lane, now)
        drop_replaced(session, due, now)
        query = (
            select(DesiredScore, Context.service_scopes)
            .join(Placement, Placement.id == DesiredScore.placement_id)
            .outerjoin(Context, Context.id == Placement.context_id)
            .where(*due)
            .order_by(DesiredScore.due_at)
            .limit(limit)
            .with_for_update(of=DesiredScore)
        )
        if held.failures:
            query = query.where(DesiredScore.id.in_(_probes(*due)))
        rows = session.execute(query).all()
        return [
            _parcel(row, quirks, may_read=grants(scopes, ags.RESULT_SCOPE))
            for row, scopes in rows
            if _stamp(row, now, lead)
        ]


def _probes(*due: ColumnElement[bool]) -> Select[tuple[DesiredScoreId]]:
    """Return which scores show whether a platform is back: of as many columns as there are."""
    ranked = (
        select(
            DesiredScore.id,
            DesiredScore.due_at,
            func.row_number()
            .over(partition_by=DesiredScore.line_item_url, order_by=DesiredScore.due_at)
            .label("rank"),
        )
        .where(*due)
        .subquery()
    )
    return select(ranked.c.id).order_by(ranked.c.rank, ranked.c.due_at).limit(PROBE)


def _stamp(row: DesiredScore, now: datetime, lead: timedelta) -> bool:
    """Allot the row's timestamp if this version has none; False if it is too early for it."""
    if row.timestamp is None or row.timestamp_version != row.version:
        allotted = rules.allot(now - lead, row.timestamp)
        if allotted.not_before > now - lead:
            row.due_at = allotted.not_before + lead
            return False
        row.timestamp, row.timestamp_version = allotted.value, row.version
    return True


def _parcel(row: DesiredScore, quirks: Quirks, *, may_read: bool) -> Parcel:
    if row.timestamp is None:
        raise RuntimeError("a score without a timestamp")
    extension = (
        ags.canvas_submission(over_teacher=row.over_teacher) if quirks.canvas_submission else {}
    )
    return Parcel(
        id=row.id,
        version=row.version,
        tries=row.tries,
        conflicts=row.tries if row.last_outcome == Outcome.CONFLICT.value else 0,
        line_item_url=row.line_item_url,
        may_read=may_read,
        score=ags.Score(
            user_id=row.subject,
            given=row.given,
            maximum=row.maximum,
            timestamp=row.timestamp,
            comment=row.comment if quirks.takes_comments else None,
            extension=extension,
        ),
    )


def due_in(lane: Lane, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Say which scores are due in a lane."""
    of_lane = DesiredScore.registration_id == lane.registration_id
    return of_lane, DesiredScore.due_at <= now, _IS_KNOWN


def record_answers(lane: Lane, delivered: Sequence[Delivered]) -> None:
    """Write each score's answer to its own row, and renew the lease.

    Of a score that changed while it was under way only the sent version is acknowledged;
    the newer one stays due, or refused. Answers come even from a worker that lost its lease: what a
    platform acknowledged is a fact.
    """
    now = clock.now()
    acknowledged = [item for item in delivered if item.answer.outcome is Outcome.ACKNOWLEDGED]
    with transaction(lane.institution_id) as session:
        session.execute(update(SenderLane).where(_own(lane)).values(leased_until=now + LEASE))
        _count(session, lane, delivered, now)
        _acknowledge(session, acknowledged, now)
        for item in delivered:
            if item.answer.outcome is not Outcome.ACKNOWLEDGED:
                _put_off(session, item, now)


def _count(session: Session, lane: Lane, delivered: Sequence[Delivered], now: datetime) -> None:
    """Remember of the platform as a whole: that it works, what it took, what time it is there."""
    outcomes = [item.answer.outcome for item in delivered]
    acknowledged = outcomes.count(Outcome.ACKNOWLEDGED)
    values: dict[str, object] = {
        "acknowledged": SenderLane.acknowledged + acknowledged,
        "refused": SenderLane.refused + sum(outcome.is_final for outcome in outcomes),
    }
    if acknowledged:
        values |= {"failures": 0, "failing_since": None, "last_status": None, "last_error": None}
    leads = [item.answer.lead for item in delivered if item.answer.lead is not None]
    if leads:
        seconds = min(leads).total_seconds()
        is_fresh = SenderLane.clock_measured_at > now - CLOCK_HOLDS
        values |= {
            "clock_lead": case(
                (is_fresh, func.least(SenderLane.clock_lead, seconds)), else_=seconds
            ),
            "clock_measured_at": case((is_fresh, SenderLane.clock_measured_at), else_=now),
        }
    session.execute(update(SenderLane).where(_same(lane)).values(**values))


_ACKNOWLEDGE = text("""
    UPDATE desired_scores AS score
    SET acknowledged_version = greatest(score.acknowledged_version, sent.version),
        acknowledged_at = :now, held_at = NULL,
        tries = CASE WHEN score.version > sent.version THEN score.tries ELSE 0 END,
        due_at = CASE WHEN score.version > sent.version THEN score.due_at END,
        refused_at = CASE WHEN score.version > sent.version THEN score.refused_at END,
        last_outcome = CASE WHEN score.version > sent.version THEN score.last_outcome END,
        last_status = CASE WHEN score.version > sent.version THEN score.last_status END,
        last_error = CASE WHEN score.version > sent.version THEN score.last_error END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS integer[])) AS sent (id, version)
    WHERE score.id = sent.id
""")


def _acknowledge(session: Session, delivered: Sequence[Delivered], now: datetime) -> None:
    if not delivered:
        return
    parameters = {
        "ids": [item.parcel.id for item in delivered],
        "versions": [item.parcel.version for item in delivered],
        "now": now,
    }
    session.execute(_ACKNOWLEDGE, parameters)


def _put_off(session: Session, item: Delivered, now: datetime) -> None:
    answer = item.answer
    values: dict[str, object] = {
        "last_outcome": answer.outcome.value,
        "last_status": answer.status,
        "last_error": answer.reason,
    }
    if answer.outcome.is_final:
        values |= {"refused_at": now, "due_at": None}
    elif answer.retry_after is not None:
        # The platform is busy: the lane pauses, and it is not this score's failure.
        values["due_at"] = now + answer.retry_after
    else:
        spread = random.random()  # noqa: S311 - spreads load, guards nothing
        wait = rules.delay(item.parcel.tries + 1, spread=spread)
        values |= {"tries": DesiredScore.tries + 1, "due_at": now + wait}
    if answer.outcome is Outcome.CONFLICT:
        values["timestamp_version"] = 0  # allot again: the platform holds a newer one
        values["tries"] = item.parcel.conflicts + 1
    session.execute(
        update(DesiredScore)
        .where(
            DesiredScore.id == item.parcel.id,
            DesiredScore.version == item.parcel.version,
            _IS_KNOWN,  # else erased while it was under way
        )
        .values(**values)
    )
