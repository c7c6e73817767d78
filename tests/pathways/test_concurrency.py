"""Many at once, on a real database: what one person's lock must bear."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import uuid4

import pytest
from flask import Flask
from pydantic import TypeAdapter
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import NullPool

from lti_tool.badges.events import AwardGranted, AwardWithdrawn
from lti_tool.badges.models import Award, AwardCause
from lti_tool.core import audit as trail
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import PersonId
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.core.settings import Settings
from lti_tool.pathways import deciding, jobs, recounting, services, sweeping
from lti_tool.pathways.audit import Audit, audit
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.errors import CyclicPathwayError, PathwayExistsError
from lti_tool.pathways.events import PathwayCompleted
from lti_tool.pathways.expression import AllOf
from lti_tool.pathways.models import Pathway
from lti_tool.pathways.services import PathwayDraft
from lti_tool.people import merging
from lti_tool.people.queries import current_people
from tests.helpers import wait_for_a_lock
from tests.pathways.records import University, university

NAMES = ("Statistics", "Ethics", "Data", "Cleaning")


@pytest.fixture
def northgate(live_app: Flask) -> University:  # noqa: ARG001 - a database of its own
    return university()


Result = TypeVar("Result")


def _at_once(calls: Sequence[Callable[[], Result]]) -> list[Result | BaseException]:
    """Run the calls in four threads; what one raised stands in place of its result."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.exception() or future.result() for future in futures]


def test_awards_heard_at_once_complete_a_pathway_once(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", NAMES)
    people = [northgate.person() for _ in range(6)]
    events = [northgate.grant(person, name) for person in people for name in NAMES]

    failed = _at_once([partial(jobs.count_award, event) for event in events])

    assert failed == [None] * len(events)
    with transaction(northgate.id) as session:
        assert audit(session, pathway_id) == Audit(learners=6, disagreements=())
    for person in people:
        assert northgate.progress(pathway_id, person).missing == 0
        assert len(northgate.completions(pathway_id, person)) == 1
    with system_transaction() as session:
        announced = session.scalars(
            select(OutboxDelivery.payload["person_id"].astext).where(
                OutboxDelivery.event_type == "PathwayCompleted"
            )
        ).all()
    assert sorted(announced) == sorted(map(str, people))


def test_an_award_made_while_we_wait_for_the_lock_is_seen(
    northgate: University, live_settings: Settings
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Statistics"))
    engine = create_engine(live_settings.database.url, poolclass=NullPool)

    with engine.connect() as other, ThreadPoolExecutor(max_workers=1) as pool:
        other.execute(_AS_TENANT, {"id": str(northgate.id)})
        other.execute(text("SELECT 1 FROM pathway_progress FOR UPDATE"))
        recount = pool.submit(services.recount, northgate.id, pathway_id, ada)
        wait_for_a_lock(other)
        northgate.grant(ada, "Ethics")
        other.rollback()
        recount.result()

    assert northgate.progress(pathway_id, ada).missing == 0


@pytest.mark.parametrize("table", ["pathway_progress", "persons"])
def test_whom_another_has_in_hand_a_recount_leaves_to_them(
    northgate: University, live_settings: Settings, table: str
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    ada, grace = northgate.person(), northgate.person()
    for person in (ada, grace):
        jobs.count_award(northgate.grant(person, "Statistics"))
    with transaction(northgate.id) as session:
        recounting.make_all_due(session, pathway_id)
    key = "person_id" if table == "pathway_progress" else "id"
    lock = text(f"SELECT 1 FROM {table} WHERE {key} = :ada FOR UPDATE")  # noqa: S608 - ours
    engine = create_engine(live_settings.database.url, poolclass=NullPool)

    with engine.connect() as other:
        other.execute(_AS_TENANT, {"id": str(northgate.id)})
        other.execute(lock, {"ada": ada})
        meanwhile = sweeping.sweep()
        other.rollback()

    assert meanwhile == 1
    assert sweeping.sweep() == 1
    assert sweeping.sweep() == 0


_AS_TENANT = text("SELECT set_config('app.institution_id', :id, true)")
# Whom nobody holds.
_FREE = text("SELECT id FROM persons ORDER BY id FOR UPDATE SKIP LOCKED")


def _merge(place: University, kept_id: PersonId, gone_id: PersonId) -> None:
    merging.merge(place.id, kept_id, gone_id, merge_id=uuid4(), actor=trail.CLI, reason="The same.")


def test_whoever_counts_many_locks_as_splits_do_and_holds_nobody_that_a_split_asks_for(
    northgate: University, live_settings: Settings
) -> None:
    ada, grace, linh = sorted(northgate.person() for _ in range(3))
    _merge(northgate, ada, grace)
    engine = create_engine(live_settings.database.url, poolclass=NullPool)
    lock = text("SELECT 1 FROM persons WHERE id = :who FOR UPDATE NOWAIT")

    def who_are(*person_ids: PersonId) -> list[PersonId]:
        with transaction(northgate.id) as session:
            return current_people(session, person_ids)

    with ThreadPoolExecutor(1) as pool, engine.connect() as split:
        split.execute(_AS_TENANT, {"id": str(northgate.id)})
        split.execute(lock, {"who": ada})  # as a split does, whoever stayed comes first
        found = pool.submit(who_are, grace, linh)
        wait_for_a_lock(split)
        split.execute(lock, {"who": grace})
        split.rollback()

        assert found.result(timeout=60) == [ada, linh]


@pytest.mark.parametrize("with_others", [False, True], ids=["alone", "with others"])
def test_who_is_merged_while_they_are_locked_is_locked_in_order_all_the_same(
    northgate: University, live_settings: Settings, *, with_others: bool
) -> None:
    ada, grace, linh = sorted(northgate.person() for _ in range(3))
    engine = create_engine(live_settings.database.url, poolclass=NullPool)
    lock = text("SELECT 1 FROM persons WHERE id = :who FOR UPDATE NOWAIT")
    free: list[PersonId] = []

    def count(person_ids: list[PersonId]) -> list[PersonId]:
        with transaction(northgate.id) as session:
            now = current_people(session, person_ids)
            with engine.connect() as other:
                other.execute(_AS_TENANT, {"id": str(northgate.id)})
                free.extend(other.scalars(_FREE))
            return now

    with ThreadPoolExecutor(1) as pool, engine.connect() as merge:
        merge.execute(_AS_TENANT, {"id": str(northgate.id)})
        for person in (ada, linh):
            merge.execute(lock, {"who": person})
        found = pool.submit(count, [grace, linh] if with_others else [linh])
        wait_for_a_lock(merge)
        merge.execute(
            text("UPDATE persons SET merged_into_id = :into WHERE id = :who"),
            {"into": ada, "who": linh},
        )
        merge.commit()

        assert found.result(timeout=60) == ([ada, grace] if with_others else [ada])
    # Of linh nothing is held any more.
    assert set(free) == ({linh} if with_others else {grace, linh})


def test_who_decides_where_a_badge_counts_waits_with_nothing_in_hand(
    northgate: University, live_settings: Settings
) -> None:
    first = northgate.pathway("First", ["Ethics", "Data"])
    second = northgate.pathway("Second", ["Ethics", "Statistics"])
    with transaction(northgate.id) as session:
        for pathway in session.scalars(select(Pathway)):
            pathway.sharing = "certificates"
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Ethics"))
    jobs.count_award(northgate.grant(ada, "Statistics"))
    engine = create_engine(live_settings.database.url, poolclass=NullPool)
    lock = text("SELECT 1 FROM pathway_progress WHERE pathway_id = :id FOR UPDATE SKIP LOCKED")

    with engine.connect() as other, ThreadPoolExecutor(max_workers=1) as pool:
        other.execute(_AS_TENANT, {"id": str(northgate.id)})
        other.execute(lock, {"id": first})
        decided = pool.submit(
            deciding.allocate,
            northgate.id,
            second,
            ada,
            northgate.achievements["Ethics"],
            decision=Decision(id=uuid4(), reason="Asked for.", actor=trail.CLI),
        )
        wait_for_a_lock(other)
        free = other.execute(lock, {"id": second}).all()
        other.rollback()
        decided.result()

    assert len(free) == 1
    assert northgate.progress(second, ada).missing == 0


def test_awards_and_withdrawals_by_four_workers_end_where_the_audit_says(
    northgate: University,
) -> None:
    pathway_id = northgate.pathway("Certificate", NAMES)
    people = [northgate.person() for _ in range(8)]
    chance = random.Random(7)  # noqa: S311 - a shuffle that is the same every time

    def live_through(person_number: int) -> None:
        """Grant, withdraw and restore while others' events for the same person are heard."""
        person = people[person_number]
        for name in NAMES:
            granted = northgate.grant(person, name)
            heard: list[AwardGranted | AwardWithdrawn] = [granted]
            if (person_number + len(name)) % 3 == 0:
                heard.append(northgate.withdraw(granted))
                if person_number % 2:
                    heard.append(northgate.restore(granted))
            for event in heard + heard[::-1]:
                if isinstance(event, AwardGranted):
                    jobs.count_award(event)
                else:
                    jobs.uncount_award(event)

    numbers = [*range(8)]
    chance.shuffle(numbers)
    recounts = [
        partial(services.recount, northgate.id, pathway_id, people[number]) for number in numbers
    ]
    failed = _at_once([*(partial(live_through, number) for number in numbers), *recounts])

    assert failed == [None] * 16
    with transaction(northgate.id) as session:
        assert audit(session, pathway_id) == Audit(learners=8, disagreements=())


def test_one_completion_heard_at_once_awards_once(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Statistics"))
    with system_transaction() as session:
        payload = session.scalars(
            select(OutboxDelivery.payload).where(OutboxDelivery.event_type == "PathwayCompleted")
        ).one()
    event = TypeAdapter(PathwayCompleted).validate_python(payload)

    failed = _at_once([partial(jobs.award_completion, event)] * 8)

    assert failed == [None] * 8
    with transaction(northgate.id) as session:
        certificate = northgate.achievements["Certificate"]
        award_id = session.scalars(
            select(Award.id).where(Award.achievement_id == certificate)
        ).one()
        causes = session.scalars(
            select(AwardCause.cause_id).where(AwardCause.award_id == award_id)
        ).all()
    assert causes == [northgate.completions(pathway_id, ada)[0].id]


def test_two_that_publish_at_once_cannot_make_a_cycle_together(northgate: University) -> None:
    for name in ("Certificate", "Diploma"):
        northgate.achievement(name)
    drafts = [
        PathwayDraft(
            title=own,
            achievement_id=northgate.achievements[own],
            expression=AllOf(parts=(northgate.stone(other),)),
        )
        for own, other in (("Certificate", "Diploma"), ("Diploma", "Certificate"))
    ]

    ended = _at_once([partial(services.publish_pathway, northgate.id, draft) for draft in drafts])

    assert [isinstance(end, CyclicPathwayError) for end in ended].count(True) == 1


def test_one_achievement_gets_one_pathway_however_many_publish_it(northgate: University) -> None:
    draft = PathwayDraft(
        title="Certificate",
        achievement_id=northgate.achievement("Certificate"),
        expression=northgate.stone("Statistics"),
    )

    ended = _at_once([partial(services.publish_pathway, northgate.id, draft)] * 4)

    assert [isinstance(end, PathwayExistsError) for end in ended].count(True) == 3
