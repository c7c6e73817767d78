"""Moving everybody to a version: looked at first, done by a job, and stopped midway."""

from functools import partial
from uuid import UUID, uuid4

import pytest

from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PathwayId, PathwayVersionId, PersonId
from lti_tool.pathways import services
from lti_tool.pathways.deciding import migrating
from lti_tool.pathways.errors import MoveDecidedError
from lti_tool.pathways.expression import AllOf, SomeOf
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import PathwayMove
from lti_tool.people import merging
from tests.conftest import Worker
from tests.pathways.records import University, university

RUTH = Actor("staff", UUID(int=7))


@pytest.fixture
def northgate(worker: Worker) -> University:  # noqa: ARG001 - binds the database
    return university()


def crowd(place: University) -> tuple[PathwayId, PathwayVersionId, list[PersonId]]:
    """Three who hold one, two and three stones of two needed; then all three are needed."""
    parts = tuple(map(place.stone, ("Statistics", "Ethics", "Consent")))
    place.achievement("Certificate")
    pathway_id = place.pathway("Certificate", AllOf(parts=(SomeOf(choose=2, parts=parts),)))
    people = []
    for size in (1, 2, 3):
        person = place.person()
        for name in ("Statistics", "Ethics", "Consent")[:size]:
            count_award(place.grant(person, name))
        people.append(person)
    version_id = services.publish_version(place.id, pathway_id, AllOf(parts=parts))
    return pathway_id, version_id, people


def read(place: University, pathway_id: PathwayId, move_id: UUID) -> PathwayMove:
    with transaction(place.id) as session:
        return migrating.get_move(session, pathway_id, move_id)


def on(place: University, pathway_id: PathwayId, people: list[PersonId]) -> list[PathwayVersionId]:
    return [place.progress(pathway_id, person).version_id for person in people]


def test_first_it_is_told_who_would_gain_and_who_would_lose(
    northgate: University, worker: Worker
) -> None:
    pathway_id, version_id, people = crowd(northgate)
    before = northgate.rows()

    move_id = migrating.ask_move(northgate.id, pathway_id, version_id, None, actor=RUTH)
    worker.run()

    move = read(northgate, pathway_id, move_id)
    assert (move.state, move.total, move.looked) == ("looked", 3, 3)
    assert (move.gains, move.loses) == (0, 1)
    assert move.named == [[str(people[1]), 0, 1]]
    assert northgate.rows() == before


def test_everybody_is_moved_with_the_reason_in_each_record(
    northgate: University, worker: Worker
) -> None:
    pathway_id, version_id, people = crowd(northgate)
    move_id = migrating.ask_move(northgate.id, pathway_id, version_id, None, actor=RUTH)
    worker.run()

    confirm = partial(
        migrating.confirm_move, northgate.id, pathway_id, move_id, spares=False, actor=RUTH
    )
    confirm(reason="New rules")
    confirm(reason="Pressed twice")
    worker.run()

    assert read(northgate, pathway_id, move_id).moved == 3
    assert set(on(northgate, pathway_id, people)) == {version_id}
    with transaction(northgate.id) as session:
        entries = [one for one in audit.list_entries(session) if one.act == "move_to_version"]
    assert {(one.object_id, one.reason) for one in entries} == {
        (person, "New rules") for person in people
    }


def test_who_would_lose_can_be_left_where_they_are(northgate: University, worker: Worker) -> None:
    pathway_id, version_id, people = crowd(northgate)
    [_, loser, _] = people
    old = northgate.progress(pathway_id, loser).version_id
    move_id = migrating.ask_move(northgate.id, pathway_id, version_id, old, actor=RUTH)
    worker.run()

    migrating.confirm_move(
        northgate.id, pathway_id, move_id, reason="New rules", spares=True, actor=RUTH
    )
    worker.run()

    assert on(northgate, pathway_id, people) == [version_id, old, version_id]
    assert northgate.progress(pathway_id, loser).missing == 0


def test_a_job_that_is_stopped_goes_on_where_it_was(
    northgate: University, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pathway_id, version_id, people = crowd(northgate)
    monkeypatch.setattr(migrating, "PEOPLE_AT_ONCE", 1)
    monkeypatch.setattr(migrating, "RUN_SECONDS", -1.0)
    move_id = migrating.ask_move(northgate.id, pathway_id, version_id, None, actor=RUTH)

    migrating.go_on(northgate.id, move_id)
    first = read(northgate, pathway_id, move_id)
    worker.run()

    assert (first.state, first.looked, first.cursor) == ("looking", 1, min(people))
    last = read(northgate, pathway_id, move_id)
    assert (last.state, last.looked, last.loses) == ("looked", 3, 1)


def test_nothing_is_decided_before_everybody_was_looked_at(northgate: University) -> None:
    pathway_id, version_id, _ = crowd(northgate)
    move_id = migrating.ask_move(northgate.id, pathway_id, version_id, None, actor=RUTH)

    with pytest.raises(MoveDecidedError):
        migrating.confirm_move(
            northgate.id, pathway_id, move_id, reason="Early", spares=False, actor=RUTH
        )


def test_a_version_of_another_pathway_is_not_found(northgate: University) -> None:
    pathway_id, _, _ = crowd(northgate)
    other = northgate.pathway("Other", ["Statistics"])
    foreign = services.publish_version(northgate.id, other, northgate.stone("Ethics"))

    with pytest.raises(NotFoundError):
        migrating.ask_move(northgate.id, pathway_id, foreign, None, actor=RUTH)


def test_who_was_chosen_is_moved_also_where_they_were_found_to_be_somebody_else_since(
    northgate: University, worker: Worker
) -> None:
    pathway_id, version_id, people = crowd(northgate)
    chosen = people[2]
    move_id = migrating.ask_move(
        northgate.id, pathway_id, version_id, None, only=[chosen], actor=RUTH
    )
    for into in (people[1], people[0]):
        merging.merge(
            northgate.id, into, max(into, chosen), merge_id=uuid4(), actor=RUTH, reason="One."
        )
        chosen = into
    worker.run()

    migrating.confirm_move(
        northgate.id, pathway_id, move_id, reason="They asked for it.", spares=False, actor=RUTH
    )
    worker.run()

    assert read(northgate, pathway_id, move_id).moved == 1
    assert on(northgate, pathway_id, people[:1]) == [version_id]


def test_who_was_chosen_and_is_merged_midway_into_one_whom_the_move_has_passed_is_moved(
    northgate: University, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pathway_id, version_id, people = crowd(northgate)
    first, *chosen = sorted(people)
    monkeypatch.setattr(migrating, "PEOPLE_AT_ONCE", 1)
    move_id = migrating.ask_move(
        northgate.id, pathway_id, version_id, None, only=chosen, actor=RUTH
    )
    worker.run()
    migrating.confirm_move(
        northgate.id, pathway_id, move_id, reason="They asked for it.", spares=False, actor=RUTH
    )
    monkeypatch.setattr(migrating, "RUN_SECONDS", -1.0)
    migrating.go_on(northgate.id, move_id)
    assert read(northgate, pathway_id, move_id).cursor == chosen[0]

    merging.merge(northgate.id, first, chosen[1], merge_id=uuid4(), actor=RUTH, reason="One.")
    worker.run()

    assert read(northgate, pathway_id, move_id).state == "moved"
    assert on(northgate, pathway_id, [first]) == [version_id]


def test_only_those_who_were_chosen_are_moved(northgate: University, worker: Worker) -> None:
    pathway_id, version_id, people = crowd(northgate)

    move_id = migrating.ask_move(
        northgate.id, pathway_id, version_id, None, only=people[:2], actor=RUTH
    )
    worker.run()
    migrating.confirm_move(
        northgate.id, pathway_id, move_id, reason="They asked for it.", spares=False, actor=RUTH
    )
    worker.run()

    moved = read(northgate, pathway_id, move_id)
    assert (moved.total, moved.moved) == (2, 2)
    assert [one == version_id for one in on(northgate, pathway_id, people)] == [True, True, False]
