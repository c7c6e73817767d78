from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import func, select

from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, PathwayId, PersonId, new_id
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.pathways import queries, services
from lti_tool.pathways.errors import (
    CyclicPathwayError,
    ImpossiblePathwayError,
    PathwayExistsError,
    UnknownAchievementError,
)
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, Requirement, SomeOf
from lti_tool.pathways.models import PathwayStone, Progress
from tests.pathways.records import University, later, university

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def northgate(database: object) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def test_a_pathway_keeps_its_tree_with_the_credits_of_its_stones(northgate: University) -> None:
    northgate.achievement("Statistics", credits_="2.5")
    northgate.achievement("Ethics", credits_="5")
    expression = CreditsAtLeast(
        credits=Decimal(5), parts=(northgate.stone("Statistics"), northgate.stone("Ethics"))
    )

    pathway_id = northgate.pathway("Certificate", AllOf(parts=(expression,)))

    with transaction(northgate.id) as session:
        version = queries.get_newest_version(session, pathway_id)
        stones = session.scalars(select(PathwayStone.achievement_id)).all()
    assert version.stones == 1
    parts = version.expression["parts"][0]["parts"]
    assert [part["credits"] for part in parts] == ["2.5000", "5.0000"]
    assert set(stones) == {northgate.achievements["Statistics"], northgate.achievements["Ethics"]}


def test_an_impossible_pathway_is_refused_and_nothing_is_kept(northgate: University) -> None:
    stone = northgate.stone("Statistics")

    with pytest.raises(ImpossiblePathwayError, match=r"3 of 1 parts cannot be met\."):
        northgate.pathway("Certificate", AllOf(parts=(SomeOf(choose=3, parts=(stone,)),)))

    with transaction(northgate.id) as session:
        assert queries.pathway_overview(session) == []


def test_a_tree_too_deep_to_walk_is_refused(northgate: University) -> None:
    tree: Requirement = northgate.stone("Statistics")
    for _ in range(5000):
        tree = AllOf(parts=(tree,))

    with pytest.raises(ImpossiblePathwayError, match="at most 200 requirements"):
        northgate.pathway("Certificate", tree)


def test_an_achievement_of_nobody_or_of_another_institution_is_unknown(
    northgate: University,
) -> None:
    foreign = university("southgate").achievement("Statistics")

    for unknown in (AchievementId(new_id()), foreign):
        with pytest.raises(UnknownAchievementError, match=str(unknown)):
            northgate.pathway("Certificate", Earn(achievement_id=unknown))


def test_an_achievement_has_one_pathway(northgate: University) -> None:
    northgate.pathway("Certificate", ["Statistics"])

    with pytest.raises(PathwayExistsError, match="Certificate leads to this"):
        northgate.pathway("Certificate", ["Ethics"])


def test_a_cycle_is_refused_with_the_path_that_makes_it(northgate: University) -> None:
    for name in ("Certificate", "Diploma", "Degree"):
        northgate.achievement(name)
    northgate.pathway("Certificate", ["Statistics"])
    northgate.pathway("Diploma", ["Certificate", "Ethics"])
    northgate.pathway("Degree", ["Diploma"])

    with pytest.raises(CyclicPathwayError) as refused:
        services.publish_version(
            northgate.id,
            _pathway(northgate, "Certificate"),
            AllOf(parts=(northgate.stone("Statistics"), northgate.stone("Degree"))),
        )

    assert refused.value.names == ("Certificate", "Degree", "Diploma", "Certificate")
    assert "Certificate → Degree → Diploma → Certificate" in str(refused.value)


def test_a_pathway_that_needs_its_own_achievement_is_refused(northgate: University) -> None:
    northgate.achievement("Certificate")

    with pytest.raises(CyclicPathwayError, match="Certificate → Certificate"):
        northgate.pathway("Certificate", ["Certificate", "Ethics"])


def test_another_institutions_pathway_is_not_found(northgate: University) -> None:
    foreign = university("southgate").pathway("Certificate", ["Statistics"])

    with pytest.raises(NotFoundError):
        services.publish_version(northgate.id, foreign, northgate.stone("Statistics"))


def test_awards_are_counted_until_the_pathway_is_complete(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics", "Data"])
    ada = northgate.person()

    northgate.grant(ada, "Ethics", minutes=2)
    services.recount(northgate.id, pathway_id, ada)

    begun = northgate.progress(pathway_id, ada)
    assert (begun.share, begun.missing, begun.completed_at) == (Decimal("0.3333"), 2, None)
    assert _announced("PathwayCompleted") == []

    northgate.grant(ada, "Data", minutes=9)
    northgate.grant(ada, "Statistics", minutes=5)
    services.recount(northgate.id, pathway_id, ada)
    services.recount(northgate.id, pathway_id, ada)

    done = northgate.progress(pathway_id, ada)
    assert (done.share, done.missing, done.completed_at) == (Decimal(1), 0, later(9))
    assert len(northgate.rows()["contributions"]) == 3
    assert len(northgate.completions(pathway_id, ada)) == 1


def test_a_withdrawal_midway_takes_its_stone_away(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics", "Data"])
    ada = northgate.person()
    northgate.grant(ada, "Ethics")
    granted = northgate.grant(ada, "Data")
    services.recount(northgate.id, pathway_id, ada)

    northgate.withdraw(granted)
    services.recount(northgate.id, pathway_id, ada)

    standing = northgate.progress(pathway_id, ada)
    assert (standing.share, standing.missing) == (Decimal("0.3333"), 2)
    assert len(northgate.rows()["contributions"]) == 1


def test_a_completion_lapses_with_a_part_and_comes_again_with_it(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    ada = northgate.person()
    northgate.grant(ada, "Statistics", minutes=1)
    granted = northgate.grant(ada, "Ethics", minutes=2)
    services.recount(northgate.id, pathway_id, ada)

    northgate.withdraw(granted)
    services.recount(northgate.id, pathway_id, ada)

    lapsed = northgate.progress(pathway_id, ada)
    assert (lapsed.missing, lapsed.completed_at) == (1, later(2))
    first = northgate.completions(pathway_id, ada)[0]
    assert first.lapsed_at is not None

    northgate.restore(granted)
    services.recount(northgate.id, pathway_id, ada)

    assert northgate.progress(pathway_id, ada).missing == 0
    again = northgate.completions(pathway_id, ada)
    assert [completion.lapsed_at is None for completion in again] == [False, True]


def test_a_new_award_never_un_completes(northgate: University) -> None:
    stones = [northgate.stone(name) for name in ("Statistics", "Ethics", "Data")]
    pathway_id = northgate.pathway(
        "Certificate", AllOf(parts=(SomeOf(choose=2, parts=tuple(stones)),))
    )
    ada = northgate.person()
    for minute, name in enumerate(("Statistics", "Ethics", "Data")):
        northgate.grant(ada, name, minutes=minute)
        services.recount(northgate.id, pathway_id, ada)

    standing = northgate.progress(pathway_id, ada)
    assert (standing.share, standing.missing, standing.completed_at) == (Decimal(1), 0, later(1))
    assert len(northgate.completions(pathway_id, ada)) == 1


def test_learners_stay_on_the_version_they_began(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    ada, grace = northgate.person(), northgate.person()
    northgate.grant(ada, "Statistics")
    services.recount(northgate.id, pathway_id, ada)

    services.publish_version(
        northgate.id,
        pathway_id,
        AllOf(parts=tuple(map(northgate.stone, ("Statistics", "Ethics", "Data")))),
    )
    northgate.grant(grace, "Statistics")
    services.recount(northgate.id, pathway_id, grace)
    northgate.grant(ada, "Data")

    assert northgate.progress(pathway_id, ada).missing == 1
    assert northgate.progress(pathway_id, grace).missing == 2
    with transaction(northgate.id) as session:
        data = northgate.achievements["Data"]
        assert queries.list_pathways_of(session, ada, data) == []
        assert queries.list_pathways_of(session, grace, data) == [pathway_id]


def test_who_held_awards_before_is_brought_onto_a_new_pathway(
    northgate: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Statistics", "Ethics", "Unrelated"):
        northgate.achievement(name)
    people = [northgate.person() for _ in range(4)]
    for person in people[:3]:
        northgate.grant(person, "Statistics")
    northgate.grant(people[0], "Ethics", minutes=3)
    northgate.grant(people[3], "Unrelated")
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    monkeypatch.setattr(services, "NEWCOMERS_PER_JOB", 2)

    assert services.welcome_newcomers(northgate.id, pathway_id)
    assert not services.welcome_newcomers(northgate.id, pathway_id)

    with transaction(northgate.id) as session:
        assert session.scalar(select(func.count()).select_from(Progress)) == 3
    assert northgate.progress(pathway_id, people[0]).completed_at == later(3)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_rows_are_the_same_in_whatever_order_awards_are_heard_of(
    northgate: University, order: tuple[int, ...]
) -> None:
    northgate.pathway("Certificate", ["Statistics", "Ethics"])
    ada = northgate.person()
    granted = [northgate.grant(ada, "Statistics", minutes=1), northgate.grant(ada, "Ethics")]
    withdrawn = northgate.withdraw(granted[0])
    heard = [*(event.achievement_id for event in granted), withdrawn.achievement_id]

    for number in (*order, *order):
        _hear(northgate, ada, heard[number])

    (standing,) = northgate.rows()["progress"]
    assert standing[3:] == (Decimal("0.5"), 1, None)
    assert len(northgate.rows()["contributions"]) == 1


def _hear(university: University, person_id: PersonId, achievement_id: AchievementId) -> None:
    with transaction(university.id) as session:
        pathways = queries.list_pathways_of(session, person_id, achievement_id)
    for pathway_id in pathways:
        services.recount(university.id, pathway_id, person_id)


def _pathway(university: University, title: str) -> PathwayId:
    with transaction(university.id) as session:
        return next(
            found.pathway_id for found in queries.pathway_overview(session) if found.title == title
        )


def _announced(event_type: str) -> list[OutboxDelivery]:
    with system_transaction() as session:
        return list(
            session.scalars(select(OutboxDelivery).where(OutboxDelivery.event_type == event_type))
        )
