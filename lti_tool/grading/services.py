"""The desired state of the gradebook, and the lanes in which it is sent.

A row says what a line item should hold. Whoever holds a lane's lease sends its due
rows; an acknowledgement, a delay or a refusal is written to the row itself, so any
process may be killed at any moment.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments.queries import find_result
from lti_tool.core import audit, clock, queue
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import (
    DesiredScoreId,
    InstitutionId,
    PlacementId,
    RegistrationId,
    UserId,
    new_id,
)
from lti_tool.grading import ags, rules
from lti_tool.grading.models import DesiredScore, SenderLane
from lti_tool.grading.queries import find_column
from lti_tool.grading.rules import Outcome
from lti_tool.grading.sender import Delivered, Parcel

LEASE = timedelta(seconds=60)
SEND_DUE = "lti_tool.grading.jobs.send_due"


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane held by one worker; `holder` proves it."""

    registration_id: RegistrationId
    institution_id: InstitutionId
    holder: UUID


def desire_score(
    institution_id: InstitutionId, placement_id: PlacementId, user_id: UserId
) -> DesiredScoreId | None:
    """Write down what the gradebook should hold for a user, from their current result.

    Runs at least once and in any order: it reads the present, and an older result never
    replaces a newer one.

    Returns:
        The row; None when there is no result or the link has no gradebook column.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        result = find_result(session, placement_id, user_id)
        column = find_column(session, placement_id, user_id)
        if result is None or column is None:
            return None
        new = insert(DesiredScore).values(
            institution_id=institution_id,
            id=new_id(),
            registration_id=column.registration_id,
            placement_id=placement_id,
            user_id=user_id,
            subject=column.subject,
            line_item_url=column.line_item_url,
            given=result.points_earned,
            maximum=result.points_possible,
            result_version=result.version,
            version=1,
            timestamp_version=0,
            acknowledged_version=0,
            tries=0,
            changed_at=now,
            due_at=now,
        )
        row_id = session.scalar(
            new.on_conflict_do_update(
                index_elements=["institution_id", "line_item_url", "user_id"],
                set_={
                    "given": new.excluded.given,
                    "maximum": new.excluded.maximum,
                    "result_version": new.excluded.result_version,
                    "version": DesiredScore.version + 1,
                    "changed_at": now,
                    "due_at": now,
                    "tries": 0,
                    "refused_at": None,
                },
                where=DesiredScore.result_version < new.excluded.result_version,
            ).returning(DesiredScore.id)
        )
        if row_id is not None:
            _wake(session, column.registration_id, institution_id, now)
    return row_id


def send_again(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    user_id: UserId | None = None,
    *,
    actor: audit.Actor,
) -> int:
    """Make a placement's scores due now, refused ones included; one user's or all.

    A score that was acknowledged is sent anew under a new timestamp.

    Returns:
        How many will be sent.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        query = (
            update(DesiredScore)
            .where(DesiredScore.placement_id == placement_id)
            .values(
                due_at=now,
                tries=0,
                refused_at=None,
                version=case(
                    (
                        DesiredScore.acknowledged_version == DesiredScore.version,
                        DesiredScore.version + 1,
                    ),
                    else_=DesiredScore.version,
                ),
            )
            .returning(DesiredScore.registration_id)
        )
        if user_id is not None:
            query = query.where(DesiredScore.user_id == user_id)
        registrations = session.scalars(query).all()
        for registration_id in set(registrations):
            _wake(session, registration_id, institution_id, now)
        audit.record(
            session,
            actor=actor,
            act="resend_scores",
            object_kind="placement",
            object_id=placement_id,
            facts={"scores": len(registrations)},
        )
    return len(registrations)


def _wake(
    session: Session, registration_id: RegistrationId, institution_id: InstitutionId, at: datetime
) -> None:
    """Have the lane looked at, now by RQ and, if that is missed, by the clock."""
    new = insert(SenderLane).values(
        registration_id=registration_id, institution_id=institution_id, due_at=at
    )
    session.execute(
        new.on_conflict_do_update(
            index_elements=["registration_id", "institution_id"],
            set_={"due_at": func.least(SenderLane.due_at, new.excluded.due_at)},
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
    """Take the lane for a minute, or None: another worker has it."""
    now, holder = clock.now(), new_id()
    with system_transaction() as session:
        taken = session.scalar(
            update(SenderLane)
            .where(
                SenderLane.registration_id == registration_id,
                SenderLane.institution_id == institution_id,
                _is_free(now),
            )
            .values(leased_by=holder, leased_until=now + LEASE)
            .returning(SenderLane.leased_by)
        )
    return Lane(registration_id, institution_id, holder) if taken else None


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(SenderLane.leased_until.is_(None), SenderLane.leased_until <= now)


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
                DesiredScore.registration_id == lane.registration_id
            )
        )
        if next_at is not None:
            session.execute(update(SenderLane).where(_same(lane)).values(due_at=next_at))


def _own(lane: Lane) -> ColumnElement[bool]:
    return and_(_same(lane), SenderLane.leased_by == lane.holder)


def _same(lane: Lane) -> ColumnElement[bool]:
    return and_(
        SenderLane.registration_id == lane.registration_id,
        SenderLane.institution_id == lane.institution_id,
    )


def take_batch(lane: Lane, *, limit: int = 500) -> list[Parcel]:
    """Renew the lease and return due scores, the longest due first, each with its timestamp.

    Timestamps are stored before anything is sent, so that a resend reuses them. A score
    whose timestamp would lie ahead of our clock is put off until it does not.

    Returns:
        Nothing when none is due or the lease was lost.
    """
    now = clock.now()
    with transaction(lane.institution_id) as session:
        held = session.scalar(
            update(SenderLane)
            .where(_own(lane))
            .values(leased_until=now + LEASE)
            .returning(SenderLane.leased_by)
        )
        if held is None:
            return []
        rows = session.scalars(
            select(DesiredScore)
            .where(DesiredScore.registration_id == lane.registration_id, DesiredScore.due_at <= now)
            .order_by(DesiredScore.due_at)
            .limit(limit)
            .with_for_update()
        ).all()
        return [parcel for row in rows if (parcel := _parcel(row, now)) is not None]


def _parcel(row: DesiredScore, now: datetime) -> Parcel | None:
    if row.timestamp is None or row.timestamp_version != row.version:
        allotted = rules.allot(now, row.timestamp)
        if allotted.not_before > now:
            row.due_at = allotted.not_before
            return None
        row.timestamp, row.timestamp_version = allotted.value, row.version
    return Parcel(
        id=row.id,
        version=row.version,
        tries=row.tries,
        line_item_url=row.line_item_url,
        score=ags.Score(
            user_id=row.subject, given=row.given, maximum=row.maximum, timestamp=row.timestamp
        ),
    )


def record_answers(lane: Lane, delivered: Sequence[Delivered]) -> None:
    """Write each score's answer to its own row, and renew the lease.

    Of a score that changed while it was under way only the sent version is acknowledged;
    the newer one stays due. Answers come even from a worker that lost its lease: what a
    platform acknowledged is a fact.
    """
    now = clock.now()
    acknowledged = [item for item in delivered if item.answer.outcome is Outcome.ACKNOWLEDGED]
    with transaction(lane.institution_id) as session:
        session.execute(update(SenderLane).where(_own(lane)).values(leased_until=now + LEASE))
        _acknowledge(session, acknowledged, now)
        for item in delivered:
            if item.answer.outcome is not Outcome.ACKNOWLEDGED:
                _put_off(session, item, now)


_ACKNOWLEDGE = text("""
    UPDATE desired_scores AS score
    SET acknowledged_version = greatest(score.acknowledged_version, sent.version),
        acknowledged_at = :now,
        due_at = CASE WHEN score.version = sent.version THEN NULL ELSE score.due_at END,
        tries = 0, last_status = NULL, last_error = NULL
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
    answer, same = item.answer, DesiredScore.version == item.parcel.version
    values: dict[str, object] = {"last_status": answer.status, "last_error": answer.reason}
    if answer.outcome in {Outcome.REFUSED, Outcome.COLUMN_GONE}:
        values |= {"refused_at": now, "due_at": None}
    else:
        spread = random.random()  # noqa: S311 - spreads load, guards nothing
        wait = rules.delay(item.parcel.tries + 1, spread=spread)
        if answer.outcome is Outcome.UNAUTHORIZED and item.parcel.tries == 0:
            wait = rules.STEP  # with a fresh token
        due_at = now + max(wait, answer.retry_after or wait)
        values |= {"tries": DesiredScore.tries + 1, "due_at": due_at}
    if answer.outcome is Outcome.CONFLICT:
        values["timestamp_version"] = 0  # allot again: the platform holds a newer one
    session.execute(
        update(DesiredScore).where(DesiredScore.id == item.parcel.id, same).values(**values)
    )
