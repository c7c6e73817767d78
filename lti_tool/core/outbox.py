"""Events that survive a crash.

A service records an event in the same transaction as the change it announces:
one row per subscriber. After the commit the rows are handed to RQ at once; the
relay hands over what was missed. PostgreSQL remembers what is left to do, so
losing Redis, a worker or the relay loses nothing. Handlers run at least once, in
any order, and must tolerate running twice. Nothing gives up silently: an outage
is retried for as long as it takes, a refusal is a dead letter that operators see.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Index, UniqueConstraint, delete, or_, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from lti_tool.core import clock, db, ids, logs, purging, queue, settings
from lti_tool.core.db import Base, system_transaction
from lti_tool.core.errors import TemporaryError, ToolError
from lti_tool.core.ids import InstitutionId, new_id
from lti_tool.core.quoting import quoted

log = logs.get(__name__)

Handler = Callable[[Any], None]

_event_types: dict[str, TypeAdapter[Any]] = {}
_handlers: dict[str, dict[str, Handler]] = {}

# The relay leaves a fresh row to the hand-over after commit for this long.
HAND_OVER = timedelta(seconds=5)
# A delivery that has not reported back by then has lost its worker.
LEASE = timedelta(seconds=queue.JOB_SECONDS + 10)
# With so many jobs waiting nothing was missed: workers are behind, and the same deliveries again
# and again would fill Redis.
MOST_WAITING = 2000
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
_MOST_TOLD = 500


class OutboxDelivery(Base):
    """One event on its way to one subscriber.

    Open while `due_at` is set; finished or dead otherwise. The table holds ids only
    and belongs to no tenant: the relay serves all.
    """

    __tablename__ = "outbox_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "subscriber"),
        Index("ix_outbox_deliveries_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    institution_id: Mapped[InstitutionId | None]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    subscriber: Mapped[str]
    payload: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    died_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


def subscribe(event_type: type, handlers: Sequence[Handler]) -> None:
    """Have each handler called, in a worker, for every event of this type."""
    _event_types[event_type.__name__] = TypeAdapter(event_type)
    _handlers[event_type.__name__] = {handler.__name__: handler for handler in handlers}


def record(session: Session, event: object) -> None:
    """Announce `event`, atomically with everything else in this session.

    Raises:
        KeyError: nobody was ever asked to hear this type; see `subscriptions.py`.
    """
    name, event_id, now = type(event).__name__, new_id(), clock.now()
    payload = _event_types[name].dump_python(event, mode="json")
    delivery_ids = []
    for subscriber in _handlers[name]:
        delivery = OutboxDelivery(
            id=new_id(),
            institution_id=db.tenant_or_none(),
            event_id=event_id,
            event_type=name,
            subscriber=subscriber,
            payload=payload,
            recorded_at=now,
            due_at=now + HAND_OVER,
        )
        session.add(delivery)
        delivery_ids.append(str(delivery.id))
    db.after_commit(session, lambda: hand_over(delivery_ids))


def announcing(event_type: type, source: str) -> str:
    """Return the words by which a statement announces events along with what it changes.

    For those few statements that go past the ORM. It has to have `:subscribers`, which
    `subscribers` gives; whoever ran it hands over the ids that these words return.

    Args:
        event_type: of the events.
        source: has a row for each: `institution_id`, `payload` (the event as JSON), `recorded_at`.
    """
    return f"""
        INSERT INTO outbox_deliveries (id, institution_id, event_id, event_type, subscriber,
            payload, recorded_at, due_at, tries)
        SELECT uuidv7(), institution_id, event_id, '{event_type.__name__}', subscriber, payload,
            recorded_at, recorded_at + make_interval(secs => {HAND_OVER.total_seconds()}), 0
        FROM (SELECT *, uuidv7() AS event_id FROM {source}) AS said,
            unnest(CAST(:subscribers AS text[])) AS heard (subscriber)
        RETURNING id
    """  # noqa: S608 - put together once, from words of ours


def subscribers(event_type: type) -> list[str]:
    """Return who is to hear events of this type, for `announcing`.

    Raises:
        KeyError: nobody was ever asked to; see `subscriptions.py`.
    """
    return list(_handlers[event_type.__name__])


def go_on(
    institution_id: InstitutionId, event: object, piece: Callable[[], bool], *, seconds: float
) -> None:
    """Do a job's pieces until none is left; after so long, have whoever is free go on.

    Args:
        institution_id: whose work it is.
        event: what the job heard; it is announced again for whoever goes on.
        piece: does the next one in a transaction of its own; False when none is left.
        seconds: a job that begins no piece after so long ends before it is taken for lost.
    """
    began = time.monotonic()
    while piece():
        if time.monotonic() - began > seconds:
            with db.transaction(institution_id) as session:
                record(session, event)
            return


def hand_over(delivery_ids: Sequence[str]) -> None:
    """Give deliveries to whichever worker is free."""
    if delivery_ids:
        queue.enqueue("lti_tool.core.outbox.deliver", *([word] for word in delivery_ids))


def relay(*, batch: int = 200) -> int:
    """Hand over what is due and was missed; safe to run many at once.

    Returns:
        How many deliveries were handed over; none while the queue is long or away.
    """
    waiting = queue.count_waiting()
    if waiting is None or waiting >= MOST_WAITING:
        return 0
    now = clock.now()
    with system_transaction() as session:
        due = session.scalars(
            select(OutboxDelivery)
            .where(OutboxDelivery.due_at <= now)
            .order_by(OutboxDelivery.due_at)
            .limit(batch)
            .with_for_update(skip_locked=True)
        ).all()
        for delivery in due:
            delivery.due_at = now + FIRST_DELAY
    hand_over([str(delivery.id) for delivery in due])
    return len(due)


def forget_finished() -> int:
    """Delete events that were heard long ago; returns how many. Those given up stay."""
    cutoff = clock.now() - timedelta(days=settings.current().keep.finished_deliveries_days)

    def some(limit: int) -> int:
        # Ids are in order of time: the oldest rows are found by the primary key.
        old = (
            select(OutboxDelivery.id)
            .where(OutboxDelivery.id < ids.first_of(cutoff), OutboxDelivery.finished_at < cutoff)
            .order_by(OutboxDelivery.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        gone = delete(OutboxDelivery).where(OutboxDelivery.id.in_(old))
        with system_transaction() as session:
            return len(session.scalars(gone.returning(OutboxDelivery.id)).all())

    return purging.in_batches(some)


def deliver(delivery_id: str) -> None:
    """Run one delivery's handler: the function RQ runs for events.

    A second hand-over of a delivery that is running or done does nothing.
    """
    logs.bind_request_id(delivery_id)
    delivery = _lease(UUID(delivery_id))
    if delivery is None:
        return
    try:
        event = _event_types[delivery.event_type].validate_python(delivery.payload)
        _handlers[delivery.event_type][delivery.subscriber](event)
    except TemporaryError as error:
        _postpone(delivery, _told(error))
    except ToolError as error:
        _bury(delivery, _told(error))
    except OperationalError as error:
        # The database was away, or gave way to someone else: a deadlock, a time-out.
        _postpone(delivery, f"database: {type(error.orig).__name__}")
    except BaseException as error:
        # A bug, or the worker is being stopped: the row stays due, the traceback is RQ's.
        _postpone(delivery, type(error).__name__)
        raise
    else:
        _finish(delivery)


def _lease(delivery_id: UUID) -> OutboxDelivery | None:
    now = clock.now()
    with system_transaction() as session:
        return session.scalar(
            update(OutboxDelivery)
            .where(
                OutboxDelivery.id == delivery_id,
                OutboxDelivery.due_at.is_not(None),
                or_(OutboxDelivery.leased_until.is_(None), OutboxDelivery.leased_until <= now),
            )
            .values(
                tries=OutboxDelivery.tries + 1,
                leased_until=now + LEASE,
                due_at=now + LEASE,
            )
            .returning(OutboxDelivery)
        )


def _finish(delivery: OutboxDelivery) -> None:
    _write(delivery, finished_at=clock.now(), due_at=None, leased_until=None)


def _postpone(delivery: OutboxDelivery, reason: str) -> None:
    log.warning("delivery_postponed", delivery=str(delivery.id), reason=reason)
    due_at = clock.now() + _delay(delivery.tries)
    _write(delivery, due_at=due_at, leased_until=None, last_error=reason)


def _bury(delivery: OutboxDelivery, reason: str) -> None:
    log.error("delivery_dead", delivery=str(delivery.id), reason=reason)
    _write(delivery, died_at=clock.now(), due_at=None, leased_until=None, last_error=reason)


def _told(error: ToolError) -> str:
    """Return what is noted of a failure, as far as it can be stored: it may quote strangers."""
    return f"{error.code}: {quoted(str(error), _MOST_TOLD)}"


def _write(delivery: OutboxDelivery, **values: datetime | str | None) -> None:
    """Note how a try ended, unless its lease ran out and another try has begun since."""
    with system_transaction() as session:
        noted = session.scalar(
            update(OutboxDelivery)
            .where(OutboxDelivery.id == delivery.id, OutboxDelivery.tries == delivery.tries)
            .values(**values)
            .returning(OutboxDelivery.id)
        )
    if noted is None:
        log.warning("delivery_overtaken", delivery=str(delivery.id), tries=delivery.tries)


def _delay(tries: int) -> timedelta:
    """Double from 30 s to an hour, for as long as it takes."""
    return min(FIRST_DELAY * (1 << min(tries - 1, 10)), LONGEST_DELAY)
