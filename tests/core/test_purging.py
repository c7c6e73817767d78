from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from lti_tool.core import clock, ids, outbox, purging
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import new_id
from lti_tool.core.outbox import OutboxDelivery


def test_batches_go_on_until_one_is_not_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH", 10)
    rows = [10, 10, 3]

    assert purging.in_batches(lambda _limit: rows.pop(0)) == 23
    assert rows == []


def test_a_run_ends_in_time_and_leaves_the_rest_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(purging, "BATCH", 10)
    asked: list[int] = []

    def some(limit: int) -> int:
        asked.append(limit)
        return limit

    assert purging.in_batches(some, seconds=0) == 10
    assert asked == [10]


def test_ids_are_smaller_than_the_first_of_a_later_instant() -> None:
    made = new_id()
    assert ids.first_of(clock.now() - timedelta(seconds=1)) < made
    assert made < ids.first_of(clock.now() + timedelta(seconds=1))


def delivery(days_ago: int, **state: object) -> OutboxDelivery:
    at = clock.now() - timedelta(days=days_ago)
    return OutboxDelivery(
        id=ids.first_of(at),
        event_id=new_id(),
        event_type="Nothing",
        subscriber="nobody",
        payload={},
        recorded_at=at,
        **{name: at if value is True else value for name, value in state.items()},
    )


def test_events_that_were_heard_long_ago_go_and_no_others(
    database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.in_transaction()
    monkeypatch.setattr(purging, "BATCH", 2)
    now = clock.now()
    with system_transaction() as session:
        session.add_all(
            [
                *(delivery(days, finished_at=True) for days in (15, 20, 30, 40, 50)),
                delivery(13, finished_at=True),
                delivery(99, finished_at=now),  # heard at last, after a long outage
                delivery(98, died_at=True),
                delivery(97, due_at=now),
            ]
        )

    assert outbox.forget_finished() == 5
    assert outbox.forget_finished() == 0
    with system_transaction() as session:
        assert session.scalar(select(func.count()).select_from(OutboxDelivery)) == 4
