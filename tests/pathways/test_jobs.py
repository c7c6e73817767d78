from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from lti_tool.badges.events import AwardGranted, AwardWithdrawn
from lti_tool.badges.models import Award, AwardCause
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award, withdraw_award
from lti_tool.core import clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PathwayId, PersonId, new_id
from lti_tool.pathways import jobs, queries, services
from lti_tool.pathways.audit import Audit, audit
from lti_tool.pathways.events import PathwayCompleted
from lti_tool.pathways.expression import AllOf, SomeOf
from lti_tool.pathways.which import Which
from tests.conftest import Worker
from tests.pathways.records import University, later, university


@pytest.fixture
def northgate(database: Connection) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def _pass(northgate: University, person_id: PersonId, name: str, *, minutes: int = 0) -> AwardId:
    """Award as a passed attempt does."""
    cause = Cause(kind=CauseKind.PASS, id=uuid4(), caused_at=later(minutes))
    return grant_award(northgate.id, person_id, northgate.achievements[name], cause=cause)


def _withdraw(northgate: University, award_id: AwardId) -> None:
    actor = Actor(kind="system", id=None)
    withdraw_award(northgate.id, award_id, reason="A mistake of ours", actor=actor)


def _standing_awards(northgate: University, person_id: PersonId) -> list[str]:
    names = {known: name for name, known in northgate.achievements.items()}
    with transaction(northgate.id) as session:
        held = session.scalars(
            select(Award.achievement_id).where(
                Award.person_id == person_id, Award.withdrawn_at.is_(None)
            )
        )
        return sorted(names[known] for known in held)


def _completed(
    northgate: University, pathway_id: PathwayId, person_id: PersonId
) -> PathwayCompleted:
    progress = northgate.progress(pathway_id, person_id)
    completion = northgate.completions(pathway_id, person_id)[-1]
    return PathwayCompleted(
        institution_id=northgate.id,
        pathway_id=pathway_id,
        version_id=progress.version_id,
        person_id=person_id,
        completed_at=completion.completed_at,
        completion_id=completion.id,
    )


def test_completion_awards_the_pathways_own_achievement_and_stacks_upwards(
    northgate: University, worker: Worker
) -> None:
    certificate = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    diploma = northgate.pathway("Diploma", ["Certificate", "Data"])
    degree = northgate.pathway(
        "Degree",
        AllOf(
            parts=(
                northgate.stone("Diploma"),
                SomeOf(choose=1, parts=(northgate.stone("Thesis"), northgate.stone("Ethics"))),
            )
        ),
    )
    ada = northgate.person()
    _pass(northgate, ada, "Data", minutes=1)
    _pass(northgate, ada, "Statistics", minutes=2)
    worker.run()
    assert _standing_awards(northgate, ada) == ["Data", "Statistics"]

    _pass(northgate, ada, "Ethics", minutes=3)
    worker.run()

    assert _standing_awards(northgate, ada) == [
        "Certificate",
        "Data",
        "Degree",
        "Diploma",
        "Ethics",
        "Statistics",
    ]
    for pathway_id in (certificate, diploma, degree):
        assert northgate.progress(pathway_id, ada).completed_at == later(3)
        with transaction(northgate.id) as session:
            assert audit(session, pathway_id) == Audit(learners=1, disagreements=())


def test_the_award_of_a_certificate_names_the_completion_as_its_cause(
    northgate: University, worker: Worker
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    ada = northgate.person()
    _pass(northgate, ada, "Statistics")
    worker.run()

    (completion,) = northgate.completions(pathway_id, ada)
    with transaction(northgate.id) as session:
        causes = session.execute(
            select(AwardCause.kind, AwardCause.cause_id)
            .join(Award, Award.id == AwardCause.award_id)
            .where(Award.achievement_id == northgate.achievements["Certificate"])
        ).all()
    assert [tuple(cause) for cause in causes] == [("pathway", completion.id)]


def test_a_certificate_that_was_withdrawn_stays_so_when_its_completion_is_heard_again(
    northgate: University, worker: Worker
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    ada = northgate.person()
    _pass(northgate, ada, "Statistics")
    worker.run()
    event = _completed(northgate, pathway_id, ada)
    with transaction(northgate.id) as session:
        certificate = session.scalars(
            select(Award.id).where(Award.achievement_id == northgate.achievements["Certificate"])
        ).one()
    _withdraw(northgate, certificate)

    jobs.award_completion(event)
    worker.run()

    assert _standing_awards(northgate, ada) == ["Statistics"]


def test_a_completion_that_lapsed_before_it_was_heard_awards_nothing(
    northgate: University,
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    ada = northgate.person()
    award_id = _pass(northgate, ada, "Statistics")
    services.recount(northgate.id, pathway_id, ada)
    event = _completed(northgate, pathway_id, ada)
    _withdraw(northgate, award_id)
    services.recount(northgate.id, pathway_id, ada)

    jobs.award_completion(event)

    assert _standing_awards(northgate, ada) == []


def test_a_part_that_falls_away_leaves_the_certificate_for_people_to_decide(
    northgate: University, worker: Worker
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    ada = northgate.person()
    _pass(northgate, ada, "Statistics", minutes=1)
    ethics = _pass(northgate, ada, "Ethics", minutes=2)
    worker.run()

    _withdraw(northgate, ethics)
    worker.run()

    assert _standing_awards(northgate, ada) == ["Certificate", "Statistics"]
    standing = northgate.progress(pathway_id, ada)
    assert (standing.missing, standing.completed_at) == (1, later(2))

    _pass(northgate, ada, "Ethics", minutes=5)
    worker.run()

    assert _standing_awards(northgate, ada) == ["Certificate", "Ethics", "Statistics"]
    assert northgate.progress(pathway_id, ada).missing == 0


def test_who_held_awards_before_completes_a_new_pathway_at_once(
    northgate: University, worker: Worker
) -> None:
    for name in ("Statistics", "Ethics"):
        northgate.achievement(name)
    ada = northgate.person()
    _pass(northgate, ada, "Statistics", minutes=1)
    _pass(northgate, ada, "Ethics", minutes=2)
    worker.run()

    northgate.pathway("Certificate", ["Statistics", "Ethics"])
    worker.run()

    assert "Certificate" in _standing_awards(northgate, ada)


def test_more_newcomers_than_one_job_takes_are_welcomed_by_the_next(
    northgate: University, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    northgate.achievement("Statistics")
    people = [northgate.person() for _ in range(5)]
    for person in people:
        northgate.grant(person, "Statistics")
    monkeypatch.setattr(services, "NEWCOMERS_PER_JOB", 2)

    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    worker.run()

    with transaction(northgate.id) as session:
        assert len(queries.list_learners(session, pathway_id, Which(state="completed"))) == 5


@given(data=st.data())
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_events_in_any_order_and_twice_end_in_the_same_rows(
    northgate: University, data: st.DataObject
) -> None:
    """Of two learners with the same awards one's events come in order, the other's shuffled."""
    for name in ("Statistics", "Ethics", "Data"):
        northgate.achievements.pop(name, None)
    title = f"Certificate {new_id()}"
    stones = tuple(map(northgate.stone, ("Statistics", "Ethics", "Data")))
    pathway_id = northgate.pathway(title, SomeOf(choose=2, parts=stones))
    ada, grace = northgate.person(), northgate.person()
    history = data.draw(
        st.permutations(["Statistics", "Ethics", "Data"]).flatmap(
            lambda names: st.lists(st.booleans(), min_size=3, max_size=3).map(
                lambda gone: list(zip(names, gone, strict=True))
            )
        )
    )
    events: dict[PersonId, list[AwardGranted | AwardWithdrawn]] = {}
    for person in (ada, grace):
        events[person] = []
        for minute, (name, is_withdrawn) in enumerate(history):
            granted = northgate.grant(person, name, minutes=minute)
            events[person].append(granted)
            if is_withdrawn:
                events[person].append(northgate.withdraw(granted))

    for event in events[ada]:
        _hear(event)
    for event in data.draw(st.permutations(events[grace] * 2)):
        _hear(event)

    rows = northgate.rows()
    mine, hers = (
        [row[3:] for row in rows["progress"] if row[0] == pathway_id and row[1] == person]
        for person in (ada, grace)
    )
    assert mine == hers
    counted = {
        person: {row[1] for row in rows["contributions"] if row[0] == person}
        for person in (ada, grace)
    }
    assert counted[ada] == counted[grace]
    with transaction(northgate.id) as session:
        assert audit(session, pathway_id) == Audit(learners=2, disagreements=())


def _hear(event: AwardGranted | AwardWithdrawn) -> None:
    if isinstance(event, AwardGranted):
        jobs.count_award(event)
    else:
        jobs.uncount_award(event)


def test_a_withdrawal_in_another_institution_changes_nothing_here(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    ada = northgate.person()
    granted = northgate.grant(ada, "Statistics")
    jobs.count_award(granted)
    foreign = university("southgate")

    jobs.uncount_award(
        AwardWithdrawn(
            institution_id=foreign.id,
            award_id=granted.award_id,
            person_id=ada,
            achievement_id=granted.achievement_id,
        )
    )

    assert northgate.progress(pathway_id, ada).missing == 0
    assert foreign.rows() == {"contributions": [], "progress": []}
    assert clock.now() > later(0)
