"""Decisions about people on a pathway, each looked at first, noted and undone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, select, update

from lti_tool.administration.personal_data import collect
from lti_tool.badges.models import Award
from lti_tool.core import audit as trail
from lti_tool.core import clock, outbox
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.pathways import deciding, jobs, services
from lti_tool.pathways.audit import audit
from lti_tool.pathways.deciding import Change, Decision
from lti_tool.pathways.deciding.batch import Asked, BatchAct, preview_batch
from lti_tool.pathways.errors import RuledAlreadyError, UnknownRequirementError
from lti_tool.pathways.expression import AllOf, Requirement, from_json, nodes
from lti_tool.pathways.foresight import foresee
from lti_tool.pathways.models import Contribution, Pathway, PathwayVersion
from lti_tool.pathways.queries import list_learners, list_progress
from lti_tool.pathways.which import Which
from tests.pathways.records import University, university
from tests.pathways.trees import NOON


@pytest.fixture
def northgate(database: Connection) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def because(reason: str = "It was shown in a portfolio.") -> Decision:
    return Decision(id=uuid4(), reason=reason, actor=trail.CLI)


def _tree(northgate: University, pathway_id: object) -> Requirement:
    with transaction(northgate.id) as session:
        version = session.scalars(
            select(PathwayVersion)
            .where(PathwayVersion.pathway_id == pathway_id)
            .order_by(PathwayVersion.number.desc())
        ).first()
        assert version is not None
        return from_json(version.expression)


def test_a_waiver_completes_is_noted_and_can_be_undone(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Ethics"))
    data = list(nodes(_tree(northgate, pathway_id)))[2]
    decision = because()

    with transaction(northgate.id) as session:
        preview = deciding.preview_waiver(session, pathway_id, [ada], data.id)
    first = deciding.waive(northgate.id, pathway_id, ada, data.id, decision=decision)
    again = deciding.waive(northgate.id, pathway_id, ada, data.id, decision=decision)

    assert preview == [Change(person_id=ada, before=1, after=0)]
    assert preview[0].gains
    assert first == again
    assert northgate.progress(pathway_id, ada).missing == 0
    assert len(northgate.completions(pathway_id, ada)) == 1
    with transaction(northgate.id) as session:
        assert audit(session, pathway_id).disagreements == ()
        [standing] = list_progress(session, ada)
        [row] = list_learners(session, pathway_id)
        entry = trail.list_entries(session, object_kind="person", object_id=ada)[0]
        told = collect(session, ada)["pathways"]
    assert [one["decided_because"] for one in told if "decided_because" in one] == [
        "It was shown in a portfolio."
    ]
    assert standing.evaluation.reasons.parts[1].waived
    assert row.missing == 0
    assert (entry.act, entry.reason) == ("waive_requirement", "It was shown in a portfolio.")
    with pytest.raises(RuledAlreadyError):
        deciding.waive(northgate.id, pathway_id, ada, data.id, decision=because())

    deciding.undo_ruling(northgate.id, first, decision=because("A mistake."))
    deciding.undo_ruling(northgate.id, first, decision=because("A mistake."))

    assert northgate.progress(pathway_id, ada).missing == 1
    assert northgate.completions(pathway_id, ada)[0].lapsed_at is not None


def test_a_decision_holds_where_another_machines_clock_is_behind(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Ethics"))
    data = list(nodes(_tree(northgate, pathway_id)))[2]
    with clock.at(NOON + timedelta(days=1)):
        deciding.waive(northgate.id, pathway_id, ada, data.id, decision=because())

    with clock.at(NOON + timedelta(hours=23)):
        services.recount(northgate.id, pathway_id, ada)

    assert northgate.progress(pathway_id, ada).missing == 0
    assert [one.lapsed_at for one in northgate.completions(pathway_id, ada)] == [None]


def test_an_award_in_anothers_place_counts_while_it_stands(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    northgate.achievement("Law")
    ada, grace = northgate.person(), northgate.person()
    law = northgate.grant(ada, "Law")
    jobs.count_award(northgate.grant(ada, "Data"))
    tree = _tree(northgate, pathway_id)
    _, ethics, _ = nodes(tree)

    deciding.waive(
        northgate.id, pathway_id, ada, ethics.id, decision=because(), award_id=law.award_id
    )

    assert northgate.progress(pathway_id, ada).missing == 0
    with transaction(northgate.id) as session:
        assert audit(session, pathway_id).disagreements == ()
    jobs.uncount_award(northgate.withdraw(law))
    assert northgate.progress(pathway_id, ada).missing == 1
    with pytest.raises(NotFoundError):
        deciding.waive(northgate.id, pathway_id, grace, ethics.id, decision=because())
    with pytest.raises(UnknownRequirementError):
        deciding.waive(northgate.id, pathway_id, ada, uuid4(), decision=because())
    with pytest.raises(UnknownRequirementError):
        deciding.waive(
            northgate.id, pathway_id, ada, tree.id, decision=because(), award_id=law.award_id
        )


def test_another_institution_finds_nothing_to_decide(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics"])
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Ethics"))
    elsewhere = university("elsewhere")

    with pytest.raises(NotFoundError):
        deciding.waive(
            elsewhere.id, pathway_id, ada, _tree(northgate, pathway_id).id, decision=because()
        )
    with pytest.raises(NotFoundError):
        deciding.grant_credit(
            elsewhere.id, northgate.achievements["Ethics"], [ada], decision=because()
        )


def test_a_completion_that_must_be_confirmed_is_not_awarded_before(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics"])
    deciding.set_confirmation(northgate.id, pathway_id, confirms=True, decision=because())
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Ethics"))
    _hear(northgate)

    assert not _holds_certificate(northgate, ada)
    with transaction(northgate.id) as session:
        [waiting] = deciding.list_unconfirmed(session, pathway_id)
    deciding.confirm_completion(northgate.id, waiting.id, decision=because("Checked."))
    deciding.confirm_completion(northgate.id, waiting.id, decision=because("Checked."))
    _hear(northgate)

    assert _holds_certificate(northgate, ada)
    with transaction(northgate.id) as session:
        assert deciding.list_unconfirmed(session, pathway_id) == []
        confirmed = select(func.count()).where(AuditEntry.act == "confirm_completion")
        assert session.scalar(confirmed) == 1


def test_people_are_moved_to_a_version_after_a_preview(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    ada, grace = northgate.person(), northgate.person()
    for person, name in ((ada, "Ethics"), (ada, "Data"), (grace, "Ethics")):
        jobs.count_award(northgate.grant(person, name))
    law = northgate.stone("Law")
    harder = AllOf(parts=(northgate.stone("Ethics"), law))
    version_id = services.publish_version(northgate.id, pathway_id, harder)

    with transaction(northgate.id) as session:
        preview = deciding.preview_move(session, pathway_id, version_id, [ada, grace])
        [former] = {row.version_number for row in list_learners(session, pathway_id)}
    moved = deciding.move(northgate.id, pathway_id, version_id, [ada], decision=because())

    assert [(change.before, change.after) for change in preview] == [(0, 1), (1, 1)]
    assert preview[0].loses
    assert (former, moved) == (1, 1)
    assert northgate.progress(pathway_id, ada).version_id == version_id
    assert northgate.progress(pathway_id, ada).missing == 1
    assert northgate.progress(pathway_id, grace).version_id != version_id
    assert deciding.move(northgate.id, pathway_id, version_id, [ada], decision=because()) == 0
    with transaction(northgate.id) as session:
        assert audit(session, pathway_id).disagreements == ()


def test_who_is_moved_has_not_earned_anything_by_it(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Ethics"))
    counted_at = clock.now() - timedelta(days=200)
    with transaction(northgate.id) as session:
        session.execute(update(Contribution).values(counted_at=counted_at))
    same = AllOf(parts=(northgate.stone("Ethics"), northgate.stone("Data")))
    version_id = services.publish_version(northgate.id, pathway_id, same)

    deciding.move(northgate.id, pathway_id, version_id, [ada], decision=because())

    assert northgate.progress(pathway_id, ada).quiet_since == counted_at
    with transaction(northgate.id) as session:
        [row] = list_learners(session, pathway_id, Which(state="stalled"))
    assert (row.version_number, row.quiet_since) == (2, counted_at)


def test_a_shared_award_counts_in_one_pathway_as_allocated(northgate: University) -> None:
    first = northgate.pathway("First", ["Ethics", "Data"])
    second = northgate.pathway("Second", ["Ethics", "Law"])
    with transaction(northgate.id) as session:
        for pathway in session.scalars(select(Pathway)):
            pathway.sharing = "certificates"
    ada = northgate.person()
    for name in ("Ethics", "Law"):
        jobs.count_award(northgate.grant(ada, name))

    assert northgate.progress(first, ada).missing == 1
    assert northgate.progress(second, ada).missing == 1
    ethics = northgate.achievements["Ethics"]
    for _ in range(2):  # as a batch does whose worker was killed
        deciding.allocate(northgate.id, second, ada, ethics, decision=because())

    assert northgate.progress(first, ada).missing == 2
    assert northgate.progress(second, ada).missing == 0
    with transaction(northgate.id) as session:
        assert audit(session, first).disagreements == ()
        assert audit(session, second).disagreements == ()
        told = session.scalars(select(AuditEntry.act).where(AuditEntry.act == "allocate_award"))
        assert len(told.all()) == 1
        kept = collect(session, ada)["pathways"]
    assert {"pathway": "Second", "is_where_this_counts": "Ethics"} in kept


def test_a_preview_of_credit_counts_it_only_in_the_pathway_where_it_would_count(
    northgate: University,
) -> None:
    first = northgate.pathway("First", ["Ethics", "Data"])
    second = northgate.pathway("Second", ["Ethics", "Law"])
    with transaction(northgate.id) as session:
        for pathway in session.scalars(select(Pathway)):
            pathway.sharing = "certificates"
    ada = northgate.person()
    for name in ("Data", "Law"):
        jobs.count_award(northgate.grant(ada, name))
    ethics = northgate.achievements["Ethics"]

    with transaction(northgate.id) as session:
        foreseen = foresee(session, ada, ethics, gained=True)
        many = [
            preview_batch(session, Asked(pathway_id=one, act=BatchAct.CREDIT, target=ethics), [ada])
            for one in (first, second)
        ]

    assert [(one.title, one.before, one.after) for one in foreseen] == [
        ("First", 1, 0),
        ("Second", 1, 1),
    ]
    assert many == [
        [Change(person_id=ada, before=1, after=0)],
        [Change(person_id=ada, before=1, after=1)],
    ]


def test_credit_is_granted_to_many_once(northgate: University) -> None:
    northgate.pathway("Certificate", ["Ethics"])
    people = [northgate.person(), northgate.person()]
    decision = because("Prior learning.")
    ethics = northgate.achievements["Ethics"]

    first = deciding.grant_credit(northgate.id, ethics, people, decision=decision)
    again = deciding.grant_credit(northgate.id, ethics, people, decision=decision)

    assert first == again
    assert len(set(first)) == 2


def _hear(northgate: University) -> None:
    """Deliver what pathways announced; the worker would."""

    with transaction(northgate.id) as session:
        ids = session.scalars(
            select(OutboxDelivery.id).where(
                OutboxDelivery.subscriber == "award_completion",
                OutboxDelivery.finished_at.is_(None),
            )
        ).all()
    for delivery in ids:
        outbox.deliver(str(delivery))


def _holds_certificate(northgate: University, person_id: object) -> bool:

    with transaction(northgate.id) as session:
        certificate = northgate.achievements["Certificate"]
        return (
            session.scalar(
                select(Award.id).where(
                    Award.person_id == person_id, Award.achievement_id == certificate
                )
            )
            is not None
        )
