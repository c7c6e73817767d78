"""Who is one person over several platforms: found outside the launch, decided once."""

import pytest
from sqlalchemy import Connection, delete, select, update

from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.people import matching, merging
from lti_tool.people.erasing import erase_person
from lti_tool.people.matching import declare_authority, match_everybody, match_person
from lti_tool.people.models import PersonMatch
from lti_tool.people.queries import current_person
from lti_tool.platforms.models import User
from tests.conftest import Worker
from tests.people.platforms import CANVAS, MOODLE, TwoPlatforms, two_platforms


@pytest.fixture
def place(database: Connection) -> TwoPlatforms:  # noqa: ARG001 - its rows go with the test
    made = two_platforms()
    for issuer in (MOODLE, CANVAS):
        declare_authority(made.university.id, issuer, "northgate", actor=audit.CLI)
    return made


def are_one(place: TwoPlatforms, *people: PersonId) -> bool:
    with transaction(place.university.id) as session:
        return len({current_person(session, one) for one in people}) == 1


def put_forward(place: TwoPlatforms) -> list[tuple[str, str]]:
    with transaction(place.university.id) as session:
        return [
            (one.why, one.state)
            for one in session.scalars(select(PersonMatch).order_by(PersonMatch.id))
        ]


def test_the_same_number_of_one_register_is_the_same_person_by_itself(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara = place.arrive(MOODLE, "Amara", sis_id="2611-0093")
    other = place.arrive(CANVAS, "A. Nwosu", sis_id=" 2611-0093 ")
    third = place.arrive("https://elsewhere.example", sis_id="2611-0093")
    worker.run()

    assert are_one(place, amara, other)
    assert not are_one(place, amara, third)
    assert put_forward(place) == [("decision", "merged")]
    with transaction(place.university.id) as session:
        [entry] = audit.list_entries(session, object_id=amara)
    assert (entry.act, entry.actor_kind) == ("merge_people", "system")


def test_three_of_one_number_become_one(place: TwoPlatforms, worker: Worker) -> None:
    people = [place.arrive(MOODLE) for _ in range(2)] + [place.arrive(CANVAS)]
    with transaction(place.university.id) as session:
        session.execute(update(User).values(sis_id="7"))

    match_everybody()
    worker.run()

    assert are_one(place, *people)


def test_an_address_only_suggests(place: TwoPlatforms, worker: Worker) -> None:
    amara = place.arrive(MOODLE, email="Amara@x.example")
    other = place.arrive(CANVAS, email="amara@X.example")
    worker.run()

    assert not are_one(place, amara, other)
    assert put_forward(place) == [("email", "open")]
    match_person(place.university.id, other)
    assert put_forward(place) == [("email", "open")]


def test_an_address_of_many_is_an_offices(place: TwoPlatforms, worker: Worker) -> None:
    people = [place.arrive(MOODLE, email="office@x.example") for _ in range(6)]
    worker.run()
    with transaction(place.university.id) as session:
        session.execute(delete(PersonMatch))

    match_person(place.university.id, people[0])
    match_everybody()

    assert put_forward(place) == []


def test_two_numbers_of_one_register_are_for_people_to_decide(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara = place.arrive(MOODLE, sis_id="1")
    place.merge(amara, place.arrive(MOODLE, sis_id="2"))
    other = place.arrive(CANVAS, sis_id="1")
    worker.run()

    assert not are_one(place, amara, other)
    assert ("number", "open") in put_forward(place)


def test_what_was_decided_to_be_two_is_not_merged_again(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE, sis_id="7"), place.arrive(CANVAS, sis_id="7")
    worker.run()
    [merge] = place.merges()
    place.split(merge.id)
    worker.run()
    match_everybody()
    assert not are_one(place, amara, other)

    # Nor by way of a third: people have to say which of the two that is.
    third = place.arrive(MOODLE, sis_id="7")
    worker.run()
    for one, two in ((amara, other), (amara, third), (other, third)):
        assert not are_one(place, one, two)
    assert put_forward(place) == [("decision", "apart"), ("number", "open"), ("number", "open")]


def test_a_decision_that_comes_between_the_look_and_the_merge_stands(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other, third = (place.arrive(issuer) for issuer in (MOODLE, CANVAS, CANVAS))
    worker.run()
    here = place.university.id
    merging.keep_apart(here, amara, other, actor=audit.CLI, reason="Two.")
    erase_person(here, third, reason="Asked for.", actor=audit.CLI)

    matching._merge(here, amara, other)
    matching._merge(here, amara, third)

    assert not are_one(place, amara, other)
    assert put_forward(place) == [("decision", "apart")]


def test_whoever_was_put_forward_is_not_looked_at_every_hour(
    place: TwoPlatforms, worker: Worker
) -> None:
    for issuer in (MOODLE, CANVAS, CANVAS):
        place.arrive(issuer, email="amara@x.example")
    with transaction(place.university.id) as session:
        before = matching._of_one_address(session)
    worker.run()

    with transaction(place.university.id) as session:
        assert (len(before), matching._of_one_address(session)) == (2, [])
    assert put_forward(place) == [("email", "open")] * 3


def test_a_crowd_is_looked_at_as_far_as_the_time_goes_and_the_rest_later(
    place: TwoPlatforms,
) -> None:
    people = place.arrive(MOODLE), place.arrive(CANVAS)
    with transaction(place.university.id) as session:
        session.execute(update(User).values(sis_id="7"))

    match_everybody(seconds=0)
    assert not are_one(place, *people)

    match_everybody()
    assert are_one(place, *people)


def test_a_visitor_is_nobody(place: TwoPlatforms, worker: Worker) -> None:
    amara = place.arrive(MOODLE, sis_id="7", email="a@x.example")
    visitor = place.arrive(CANVAS, sis_id="7", email="a@x.example", is_visitor=True)
    worker.run()

    assert not are_one(place, amara, visitor)
    assert put_forward(place) == []


def test_who_becomes_alike_later_is_found_within_the_hour(place: TwoPlatforms) -> None:
    amara, other = place.arrive(MOODLE, sis_id="1"), place.arrive(CANVAS)
    third, fourth = place.arrive(MOODLE, email="c@x.example"), place.arrive(CANVAS)
    users = {place.user(other): {"sis_id": "1"}, place.user(fourth): {"email": "c@x.example"}}
    with transaction(place.university.id) as session:
        for user_id, told in users.items():
            session.execute(update(User).where(User.id == user_id).values(told))

    match_everybody()

    assert are_one(place, amara, other)
    assert not are_one(place, third, fourth)
    assert ("email", "open") in put_forward(place)


def test_numbers_stop_counting_when_the_institution_says_so(
    place: TwoPlatforms, worker: Worker
) -> None:
    declare_authority(place.university.id, CANVAS, None, actor=audit.CLI)
    amara, other = place.arrive(MOODLE, sis_id="7"), place.arrive(CANVAS, sis_id="7")
    worker.run()

    assert not are_one(place, amara, other)


def test_people_kept_apart_are_put_forward_no_more(place: TwoPlatforms, worker: Worker) -> None:
    amara = place.arrive(MOODLE, email="a@x.example")
    other = place.arrive(CANVAS, email="a@x.example")
    worker.run()

    for _ in range(2):
        merging.keep_apart(place.university.id, other, amara, actor=audit.CLI, reason="Sisters.")
    match_everybody()

    assert put_forward(place) == [("email", "apart")]
    with transaction(place.university.id) as session:
        assert [one.act for one in audit.list_entries(session, object_id=amara)] == [
            "keep_people_apart"
        ]
