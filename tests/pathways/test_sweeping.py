"""What time takes away, what is told before, and what becomes of the certificate."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.pool import NullPool

from lti_tool.badges.events import AwardGranted
from lti_tool.badges.models import Award, AwardCause
from lti_tool.badges.rules import CauseKind
from lti_tool.core import audit as trail
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.core.settings import Settings
from lti_tool.pathways import jobs, services, sweeping
from lti_tool.pathways.audit import audit
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.stand import LapsePolicy
from tests.conftest import Worker
from tests.helpers import wait_for_a_lock
from tests.pathways.records import University, university
from tests.pathways.trees import NOON

DAY = timedelta(days=1)


@pytest.fixture
def northgate(database: Connection) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def _expiring(northgate: University, policy: LapsePolicy) -> tuple[PathwayId, PersonId]:
    """Complete a certificate at noon, of which one stone expires 100 days later."""
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    sweeping.set_lapse_policy(northgate.id, pathway_id, policy, notice_days=30, decision=because())
    ada = northgate.person()
    for name in ("Ethics", "Data"):
        granted = northgate.grant(ada, name)
        if name == "Data":
            _expire(northgate, granted)
        jobs.count_award(granted)
    return pathway_id, ada


def _expire(northgate: University, granted: AwardGranted) -> None:
    with transaction(northgate.id) as session:
        award = session.scalars(select(Award).where(Award.id == granted.award_id)).one()
        award.valid_until = NOON + 100 * DAY


def because() -> Decision:
    return Decision(id=uuid4(), reason="The board decided so.", actor=trail.CLI)


def _certificate_stands(northgate: University, person: PersonId) -> bool:
    with transaction(northgate.id) as session:
        return (
            session.scalar(
                select(Award.id).where(
                    Award.person_id == person,
                    Award.achievement_id == northgate.achievements["Certificate"],
                    Award.withdrawn_at.is_(None),
                )
            )
            is not None
        )


def _agrees(northgate: University, pathway_id: PathwayId) -> bool:
    with transaction(northgate.id) as session:
        return audit(session, pathway_id).disagreements == ()


def test_time_takes_nothing_from_a_certificate_that_is_kept(
    northgate: University, worker: Worker
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.KEEP)
        worker.run()

    with clock.at(NOON + 200 * DAY):
        assert sweeping.sweep() == 1
        assert sweeping.sweep() == 0

        assert northgate.progress(pathway_id, ada).missing == 0
        assert _certificate_stands(northgate, ada)
        assert _agrees(northgate, pathway_id)


@pytest.mark.parametrize(
    ("kind", "counts", "stands"),
    [
        (CauseKind.DECISION, True, True),
        (CauseKind.DECISION, False, False),
        (CauseKind.PATHWAY, True, False),
        (CauseKind.PATHWAY, False, True),
    ],
)
def test_only_causes_that_count_say_what_a_certificate_rests_on(
    northgate: University,
    worker: Worker,
    kind: CauseKind,
    counts: bool,  # noqa: FBT001
    stands: bool,  # noqa: FBT001
) -> None:
    with clock.at(NOON + DAY):
        _, ada = _expiring(northgate, LapsePolicy.SUSPEND)
        worker.run()
    with transaction(northgate.id) as session:
        [cause] = session.scalars(
            select(AwardCause).where(AwardCause.kind == CauseKind.PATHWAY.value)
        )
        if kind is CauseKind.PATHWAY:
            cause.counts = counts
        else:
            session.add(
                AwardCause(
                    award_id=cause.award_id,
                    kind=kind.value,
                    cause_id=uuid4(),
                    caused_at=NOON,
                    counts=counts,
                )
            )

    for days in (80, 101, 140):
        with clock.at(NOON + days * DAY):
            sweeping.sweep()
            worker.run()

    assert _certificate_stands(northgate, ada) == stands


def test_a_certificate_is_suspended_after_notice_and_stands_again_when_all_is_there(
    northgate: University, worker: Worker
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.SUSPEND)
        worker.run()
        sweeping.sweep()
        assert northgate.completions(pathway_id, ada)[0].noticed_at is None
    with clock.at(NOON + 80 * DAY):
        sweeping.sweep()
        assert northgate.completions(pathway_id, ada)[0].noticed_at is not None
    with clock.at(NOON + 101 * DAY):
        sweeping.sweep()
        worker.run()
        assert northgate.progress(pathway_id, ada).missing == 1
        assert _certificate_stands(northgate, ada)
    with clock.at(NOON + 140 * DAY):
        sweeping.sweep()
        worker.run()
        assert not _certificate_stands(northgate, ada)
        assert _agrees(northgate, pathway_id)

        with transaction(northgate.id) as session:
            award = session.scalars(
                select(Award).where(Award.achievement_id == northgate.achievements["Data"])
            ).one()
            award.valid_until = None
        jobs.count_award(
            AwardGranted(
                institution_id=northgate.id,
                award_id=award.id,
                person_id=ada,
                achievement_id=award.achievement_id,
                awarded_at=award.awarded_at,
            )
        )
        worker.run()
        assert _certificate_stands(northgate, ada)


@pytest.mark.parametrize("withdraws", [True, False])
def test_a_lapse_that_is_reviewed_waits_for_a_registrar(
    northgate: University, worker: Worker, *, withdraws: bool
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.REVIEW)
        worker.run()
    with clock.at(NOON + 200 * DAY):
        sweeping.sweep()
        with transaction(northgate.id) as session:
            [lapsed] = sweeping.list_to_review(session, pathway_id)
        assert _certificate_stands(northgate, ada)
        elsewhere = university("elsewhere")
        with pytest.raises(NotFoundError):
            sweeping.settle_lapse(elsewhere.id, lapsed.id, withdraws=withdraws, decision=because())

        for _ in range(2):
            sweeping.settle_lapse(northgate.id, lapsed.id, withdraws=withdraws, decision=because())

        assert _certificate_stands(northgate, ada) is not withdraws
        with transaction(northgate.id) as session:
            assert sweeping.list_to_review(session, pathway_id) == []


def test_a_certificate_is_not_withdrawn_by_a_page_that_was_opened_before_all_was_there_again(
    northgate: University, worker: Worker
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.REVIEW)
        worker.run()
    with clock.at(NOON + 200 * DAY):
        sweeping.sweep()
        with transaction(northgate.id) as session:
            [lapsed] = sweeping.list_to_review(session, pathway_id)
            for award in session.scalars(select(Award)):
                award.valid_until = None
        services.recount(northgate.id, pathway_id, ada)
        worker.run()

        with pytest.raises(NotFoundError):
            sweeping.settle_lapse(northgate.id, lapsed.id, withdraws=True, decision=because())

        assert northgate.progress(pathway_id, ada).missing == 0
        assert _certificate_stands(northgate, ada)


def test_of_two_who_decide_about_a_lapse_at_once_only_the_first_does(
    live_app: Flask,  # noqa: ARG001 - a database of its own
    live_settings: Settings,
) -> None:
    northgate = university()
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.REVIEW)
        Worker().run()
    with clock.at(NOON + 200 * DAY):
        sweeping.sweep()
    with transaction(northgate.id) as session:
        [lapsed] = sweeping.list_to_review(session, pathway_id)
    engine = create_engine(live_settings.database.url, poolclass=NullPool)

    def settle(withdraws: bool) -> None:  # noqa: FBT001 - for a thread
        sweeping.settle_lapse(northgate.id, lapsed.id, withdraws=withdraws, decision=because())

    with engine.connect() as other, ThreadPoolExecutor(max_workers=2) as pool:
        other.execute(_AS_TENANT, {"id": str(northgate.id)})
        other.execute(text("SELECT 1 FROM pathway_completions FOR UPDATE"))
        keeps = pool.submit(settle, False)  # noqa: FBT003
        wait_for_a_lock(other)
        withdraws = pool.submit(settle, True)  # noqa: FBT003
        wait_for_a_lock(other, 2)
        other.rollback()
        keeps.result()
        withdraws.result()

    assert _certificate_stands(northgate, ada)
    with transaction(northgate.id) as session:
        noted = {one.act for one in trail.list_entries(session, object_kind="person")}
    assert noted & {"keep_lapsed", "withdraw_lapsed"} == {"keep_lapsed"}


def test_a_lapse_that_is_gone_meanwhile_is_not_found(
    live_app: Flask,  # noqa: ARG001 - a database of its own
    live_settings: Settings,
) -> None:
    northgate = university()
    with clock.at(NOON + DAY):
        pathway_id, _ = _expiring(northgate, LapsePolicy.REVIEW)
        Worker().run()
    with clock.at(NOON + 200 * DAY):
        sweeping.sweep()
    with transaction(northgate.id) as session:
        [lapsed] = sweeping.list_to_review(session, pathway_id)
    engine = create_engine(live_settings.database.url, poolclass=NullPool)

    with engine.connect() as other, ThreadPoolExecutor(max_workers=1) as pool:
        other.execute(_AS_TENANT, {"id": str(northgate.id)})
        other.execute(text("SELECT 1 FROM persons FOR UPDATE"))
        settles = pool.submit(
            sweeping.settle_lapse, northgate.id, lapsed.id, withdraws=True, decision=because()
        )
        wait_for_a_lock(other)
        other.execute(text("DELETE FROM pathway_completions"))
        other.commit()
        with pytest.raises(NotFoundError):
            settles.result()


_AS_TENANT = text("SELECT set_config('app.institution_id', :id, true)")


def test_a_policy_that_is_set_twice_is_noted_once(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics"])

    for _ in range(2):
        sweeping.set_lapse_policy(
            northgate.id, pathway_id, LapsePolicy.REVIEW, notice_days=0, decision=because()
        )

    with transaction(northgate.id) as session:
        noted = trail.list_entries(session, object_kind="pathway", object_id=pathway_id)
    assert [one.act for one in noted].count("set_lapse_policy") == 1


def test_a_change_of_policy_reaches_everybody_without_waiting_for_the_next_sweep(
    northgate: University, worker: Worker
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.KEEP)
        worker.run()
    with clock.at(NOON + 200 * DAY):
        sweeping.set_lapse_policy(
            northgate.id, pathway_id, LapsePolicy.REVIEW, notice_days=0, decision=because()
        )
        worker.run()

        with transaction(northgate.id) as session:
            assert sweeping.count_due(session, pathway_id) == 0
        assert northgate.progress(pathway_id, ada).missing == 1


def test_a_change_of_policy_reaches_everybody_and_says_how_many_are_left(
    northgate: University, worker: Worker
) -> None:
    with clock.at(NOON + DAY):
        pathway_id, ada = _expiring(northgate, LapsePolicy.KEEP)
        worker.run()
    with clock.at(NOON + 200 * DAY):
        sweeping.sweep()
        sweeping.set_lapse_policy(
            northgate.id, pathway_id, LapsePolicy.REVIEW, notice_days=0, decision=because()
        )
        with transaction(northgate.id) as session:
            assert sweeping.count_due(session, pathway_id) == 1
        assert sweeping.sweep() == 1

        with transaction(northgate.id) as session:
            assert sweeping.count_due(session, pathway_id) == 0
        assert northgate.progress(pathway_id, ada).missing == 1
        assert _agrees(northgate, pathway_id)
