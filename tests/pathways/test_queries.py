from decimal import Decimal

import pytest

from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import queries, services
from lti_tool.pathways.expression import AllOf, SomeOf
from lti_tool.pathways.figures import get_figures
from lti_tool.pathways.which import Which
from tests.pathways.records import University, later, university

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def northgate(database: object) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def _certificate(northgate: University) -> PathwayId:
    two_of_three = SomeOf(
        choose=2, parts=tuple(map(northgate.stone, ("Data", "Cleaning", "Metadata")))
    )
    return northgate.pathway("Certificate", AllOf(parts=(northgate.stone("Ethics"), two_of_three)))


def _award(northgate: University, person_id: PersonId, pathway_id: PathwayId, *names: str) -> None:
    for minute, name in enumerate(names):
        northgate.grant(person_id, name, minutes=minute)
    services.recount(northgate.id, pathway_id, person_id)


def test_a_learner_reads_what_is_laid_what_is_missing_and_why(northgate: University) -> None:
    pathway_id = _certificate(northgate)
    ada = northgate.person()
    _award(northgate, ada, pathway_id, "Ethics", "Cleaning")

    with transaction(northgate.id) as session:
        (standing,) = queries.list_progress(session, ada)

    assert (standing.title, standing.achievement_name) == ("Certificate", "Certificate")
    assert (standing.stones_laid, standing.stones_needed, standing.missing) == (2, 3, 1)
    assert not standing.lapsed
    assert [(stone.name, stone.awarded_at, stone.is_nearest) for stone in standing.stones] == [
        ("Ethics", later(0), False),
        ("Data", None, True),
        ("Cleaning", later(1), False),
        ("Metadata", None, False),
    ]
    ethics, two_of_three = standing.evaluation.reasons.parts
    assert ethics.done
    assert (two_of_three.counted, two_of_three.needed) == (Decimal(1), Decimal(2))
    assert (standing.share, standing.missing) == (
        standing.evaluation.share,
        standing.evaluation.missing,
    )


def test_somebody_on_no_pathway_reads_nothing(northgate: University) -> None:
    pathway_id = _certificate(northgate)
    ada, grace = northgate.person(), northgate.person()
    _award(northgate, ada, pathway_id, "Ethics")

    with transaction(northgate.id) as session:
        assert queries.list_progress(session, grace) == []


def test_another_institution_reads_nothing(northgate: University) -> None:
    pathway_id = _certificate(northgate)
    ada = northgate.person()
    _award(northgate, ada, pathway_id, "Ethics")

    with transaction(university("southgate").id) as session:
        assert queries.list_progress(session, ada) == []
        assert queries.list_learners(session, pathway_id) == []
        assert queries.pathway_overview(session) == []


def test_a_learner_whose_part_fell_away_reads_both_facts(northgate: University) -> None:
    pathway_id = northgate.pathway("Certificate", ["Ethics"])
    ada = northgate.person()
    granted = northgate.grant(ada, "Ethics", minutes=4)
    services.recount(northgate.id, pathway_id, ada)
    northgate.withdraw(granted)
    services.recount(northgate.id, pathway_id, ada)

    with transaction(northgate.id) as session:
        (standing,) = queries.list_progress(session, ada)
        (overview,) = queries.pathway_overview(session)
        (row,) = queries.list_learners(session, pathway_id, Which(state="lapsed"))

    assert (standing.lapsed, standing.completed_at) == (True, later(4))
    assert standing.stones[0].awarded_at is None
    assert (overview.lapsed, overview.completed, overview.one_away) == (1, 0, 0)
    assert (row.lapsed, row.nearest) == (True, ("Ethics",))


def test_the_desk_turns_pages_and_meets_everybody_once(northgate: University) -> None:
    pathway_id = _certificate(northgate)
    people = [northgate.person() for _ in range(7)]
    held = [
        ("Ethics", "Data", "Cleaning"),
        ("Ethics", "Data"),
        ("Ethics",),
        ("Data",),
        ("Data", "Cleaning"),
        ("Ethics", "Data", "Metadata"),
        ("Metadata",),
    ]
    for person, names in zip(people, held, strict=True):
        _award(northgate, person, pathway_id, *names)

    pages = []
    after = None
    with transaction(northgate.id) as session:
        while page := queries.list_learners(session, pathway_id, after=after, limit=3):
            pages.append(page)
            after = page[-1].key

    assert [len(page) for page in pages] == [3, 3, 1]
    met = [row for page in pages for row in page]
    assert {row.person_id for row in met} == set(people)
    assert [row.missing for row in met] == [0, 0, 1, 1, 2, 2, 2]
    rows = {row.person_id: row for row in met}
    assert rows[people[1]].nearest == ("Cleaning",)
    assert rows[people[3]].nearest == ("Ethics", "Cleaning")
    assert rows[people[0]].completed_at == later(2)


def test_the_desk_filters_and_counts(northgate: University) -> None:
    pathway_id = _certificate(northgate)
    empty = northgate.pathway("Another", ["Ethics"])
    done, near, far = (northgate.person() for _ in range(3))
    _award(northgate, done, pathway_id, "Ethics", "Data", "Cleaning")
    _award(northgate, near, pathway_id, "Ethics", "Data")
    _award(northgate, far, pathway_id, "Metadata")

    with transaction(northgate.id) as session:
        one_away = queries.list_learners(session, pathway_id, Which(state="one_away"))
        under_way = queries.list_learners(session, pathway_id, Which(state="under_way"))
        completed = queries.list_learners(session, pathway_id, Which(state="completed"))
        named = queries.list_learners(session, pathway_id, Which(person_ids=[far]))
        overview = {found.pathway_id: found for found in queries.pathway_overview(session)}
        figures = get_figures(session, pathway_id)

    assert [row.person_id for row in one_away] == [near]
    assert {row.person_id for row in under_way} == {near, far}
    assert [row.person_id for row in completed] == [done]
    assert [row.person_id for row in named] == [far]
    assert figures.funnel == [(0, 1), (1, 1), (2, 1)]
    counts = overview[pathway_id]
    assert (counts.learners, counts.one_away, counts.completed, counts.lapsed) == (3, 1, 1, 0)
    assert (counts.stones_needed, counts.version_number) == (3, 1)
    assert overview[empty].learners == 0


def test_an_award_in_two_groups_is_one_award(northgate: University) -> None:
    pathway_id = northgate.pathway(
        "Certificate",
        AllOf(
            parts=(
                AllOf(parts=(northgate.stone("Ethics"), northgate.stone("Data"))),
                SomeOf(choose=1, parts=(northgate.stone("Ethics"), northgate.stone("Cleaning"))),
            )
        ),
    )
    ada = northgate.person()
    _award(northgate, ada, pathway_id, "Ethics")

    with transaction(northgate.id) as session:
        (standing,) = queries.list_progress(session, ada)

    assert len(northgate.rows()["contributions"]) == 2
    assert [stone.awarded_at for stone in standing.stones] == [later(0), None, later(0), None]
    assert (standing.missing, standing.stones_needed) == (1, 2)
