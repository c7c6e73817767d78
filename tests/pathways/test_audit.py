from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import services
from lti_tool.pathways.audit import Audit, Disagreement, audit
from lti_tool.pathways.expression import Requirement, renewed, stones
from lti_tool.pathways.models import Completion, Contribution, Progress
from tests.pathways.records import University, university
from tests.pathways.trees import ACHIEVEMENTS, NAMES, expressions


@pytest.fixture
def northgate(database: Connection) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def _audit(northgate: University, pathway_id: PathwayId) -> Audit:
    with transaction(northgate.id) as session:
        return audit(session, pathway_id)


def _ada(northgate: University) -> tuple[PathwayId, PersonId]:
    """Publish a certificate of two stones and let somebody earn both, another one."""
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    ada, grace = northgate.person(), northgate.person()
    for person, name in ((ada, "Ethics"), (ada, "Data"), (grace, "Data")):
        northgate.grant(person, name)
    services.recount(northgate.id, pathway_id, ada)
    services.recount(northgate.id, pathway_id, grace)
    return pathway_id, ada


def test_rows_that_were_kept_agree(northgate: University) -> None:
    pathway_id, _ = _ada(northgate)

    assert _audit(northgate, pathway_id) == Audit(learners=2, disagreements=())


def test_an_award_nobody_heard_of_shows(northgate: University) -> None:
    pathway_id, ada = _ada(northgate)
    newcomer = northgate.person()
    northgate.grant(newcomer, "Data")

    assert _audit(northgate, pathway_id).disagreements == (
        Disagreement(person_id=newcomer, what="contributions"),
    )
    assert ada != newcomer


def test_a_withdrawal_nobody_heard_of_shows(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics", "Data"])
    ada = northgate.person()
    granted = northgate.grant(ada, "Ethics")
    services.recount(northgate.id, pathway_id, ada)
    northgate.withdraw(granted)

    assert _audit(northgate, pathway_id).disagreements == (
        Disagreement(person_id=ada, what="contributions"),
        Disagreement(person_id=ada, what="progress"),
    )


@pytest.mark.parametrize(
    "harm",
    [
        update(Progress).values(share=Decimal("0.5"), missing=1),
        update(Progress).where(Progress.missing == 0).values(completed_at=None),
        delete(Completion),
    ],
)
def test_a_standing_that_was_not_earned_shows(northgate: University, harm: object) -> None:
    pathway_id, ada = _ada(northgate)

    with transaction(northgate.id) as session:
        session.execute(harm)  # type: ignore[call-overload]  # the three are statements

    assert _audit(northgate, pathway_id).disagreements == (
        Disagreement(person_id=ada, what="progress"),
    )


def test_a_lost_contribution_shows(northgate: University) -> None:
    pathway_id, ada = _ada(northgate)

    with transaction(northgate.id) as session:
        one = select(Contribution.id).where(Contribution.person_id == ada).limit(1)
        session.execute(delete(Contribution).where(Contribution.id.in_(one)))

    assert _audit(northgate, pathway_id).disagreements == (
        Disagreement(person_id=ada, what="contributions"),
    )


@given(data=st.data(), tree=expressions())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_awarded_and_withdrawn_the_audit_agrees(
    northgate: University, data: st.DataObject, tree: Requirement
) -> None:
    pathway_id = _publish(northgate, tree)
    named = sorted({NAMES[stone.achievement_id] for stone in stones(tree)})
    for _ in range(3):
        person = northgate.person()
        granted = [
            northgate.grant(person, name)
            for name in data.draw(st.lists(st.sampled_from(named), unique=True))
        ]
        services.recount(northgate.id, pathway_id, person)
        for event in granted:
            if data.draw(st.booleans()):
                northgate.withdraw(event)
        services.recount(northgate.id, pathway_id, person)

    assert _audit(northgate, pathway_id) == Audit(learners=3, disagreements=())


def _publish(northgate: University, tree: Requirement) -> PathwayId:
    """Publish a tree of `trees.ACHIEVEMENTS` with achievements of the institution."""
    credits_of = {stone.achievement_id: stone.credits for stone in stones(tree)}
    for known in ACHIEVEMENTS:
        northgate.achievement(NAMES[known], credits_=str(credits_of.get(known, 1)))
    own = renewed(tree, lambda stone: northgate.stone(NAMES[stone.achievement_id]))
    title = f"Certificate {own.id}"
    return northgate.pathway(title, own)
