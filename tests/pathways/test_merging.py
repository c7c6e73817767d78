"""What was decided about a person on pathways follows them, and comes back when that was wrong."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from lti_tool.badges.services import withdraw_award
from lti_tool.core import audit as trail
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.pathways import deciding
from lti_tool.pathways.audit import audit
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.expression import from_json, stones
from lti_tool.pathways.merging import foresee_merge
from lti_tool.pathways.models import Allocation, Pathway, PathwayRuling, PathwayVersion
from tests.conftest import Worker
from tests.people.platforms import CANVAS, MOODLE, STONES, TwoPlatforms, two_platforms


@pytest.fixture
def place(database: Connection) -> TwoPlatforms:  # noqa: ARG001 - its rows go with the test
    return two_platforms()


def because() -> Decision:
    return Decision(id=uuid4(), reason="It was shown in a portfolio.", actor=trail.CLI)


def stone_ids(place: TwoPlatforms) -> list[UUID]:
    with transaction(place.university.id) as session:
        version = session.scalars(
            select(PathwayVersion).where(PathwayVersion.pathway_id == place.pathway_id)
        ).one()
    return [stone.id for stone in stones(from_json(version.expression))]


def rulings(place: TwoPlatforms, person_id: PersonId) -> set[UUID]:
    with transaction(place.university.id) as session:
        return set(
            session.scalars(select(PathwayRuling.id).where(PathwayRuling.person_id == person_id))
        )


def test_a_waiver_follows_and_comes_back(place: TwoPlatforms, worker: Worker) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    place.give(amara, STONES[0])
    place.give(other, "Consent")
    worker.run()
    first, second = stone_ids(place)
    waived = deciding.waive(place.university.id, place.pathway_id, other, first, decision=because())
    worker.run()

    merge_id = place.merge(amara, other)
    worker.run()

    assert (rulings(place, amara), rulings(place, other)) == ({waived}, set())
    assert second != first
    place.split(merge_id)
    worker.run()
    assert (rulings(place, amara), rulings(place, other)) == (set(), {waived})
    with transaction(place.university.id) as session:
        assert audit(session, place.pathway_id).disagreements == ()
    assert {row[1]: row[0] for row in place.university.missing(place.pathway_id)} == {
        amara: 1,
        other: 0,
    }


def test_of_two_decisions_about_one_requirement_each_stays_where_it_was_made(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    for one in (amara, other):
        place.give(one, STONES[0])
    worker.run()
    [_, second] = stone_ids(place)
    decided = {
        one: deciding.waive(place.university.id, place.pathway_id, one, second, decision=because())
        for one in (amara, other)
    }

    place.merge(amara, other)
    worker.run()

    assert rulings(place, amara) == {decided[amara]}
    assert rulings(place, other) == {decided[other]}


def test_an_award_that_stands_for_another_counts_though_it_became_a_duplicate(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    place.university.achievement("Elsewhere learnt")
    counts = place.give(amara, "Elsewhere learnt")
    instead = place.give(other, "Elsewhere learnt")
    for one in (amara, other):
        place.give(one, STONES[0])
    worker.run()
    [_, second] = stone_ids(place)
    deciding.waive(
        place.university.id,
        place.pathway_id,
        other,
        second,
        decision=because(),
        award_id=instead,
    )

    with transaction(place.university.id) as session:
        [foreseen] = foresee_merge(session, amara, other)
    place.merge(amara, other)
    worker.run()

    assert place.awards(amara)[instead].duplicate_of_id is not None
    assert place.university.missing(place.pathway_id) == [(0, amara)]
    assert (foreseen.before, foreseen.after) == (1, 0)

    withdraw_award(place.university.id, counts, reason="Plagiarism.", actor=trail.CLI)
    worker.run()

    assert place.university.missing(place.pathway_id) == [(1, amara)]
    with transaction(place.university.id) as session:
        assert audit(session, place.pathway_id).disagreements == ()


def test_an_allocation_follows_unless_one_was_made_for_whoever_stays(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    second = place.university.pathway("Another certificate", list(STONES))
    with transaction(place.university.id) as session:
        for pathway in session.scalars(select(Pathway)):
            pathway.sharing = "data"
    for one in (amara, other):
        place.give(one, STONES[0])
    place.give(other, STONES[1])
    worker.run()
    achievements = place.university.achievements
    for person_id, name, pathway_id in (
        (amara, STONES[0], place.pathway_id),
        (other, STONES[0], second),
        (other, STONES[1], second),
    ):
        deciding.allocate(
            place.university.id, pathway_id, person_id, achievements[name], decision=because()
        )

    merge_id = place.merge(amara, other)
    worker.run()

    def allocated(person_id: PersonId) -> dict[str, object]:
        with transaction(place.university.id) as session:
            rows = session.scalars(select(Allocation).where(Allocation.person_id == person_id))
            names = {known: name for name, known in achievements.items()}
            return {names[row.achievement_id]: row.pathway_id for row in rows}

    assert allocated(amara) == {STONES[0]: place.pathway_id, STONES[1]: second}
    place.split(merge_id)
    assert allocated(amara) == {STONES[0]: place.pathway_id}
    assert allocated(other) == {STONES[0]: second, STONES[1]: second}
