"""Two persons that turn out to be one, and two that were taken for one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import Connection, select

from lti_tool.administration.personal_data import collect
from lti_tool.assessments.services import (
    create_assessment,
    create_placement,
    open_attempt,
    save_response,
    submit_attempt,
)
from lti_tool.badges import queries as badges
from lti_tool.badges.models import Credential
from lti_tool.badges.rules import Shows
from lti_tool.badges.services import publish_achievement, share, withdraw_award
from lti_tool.core import audit
from lti_tool.core.db import Base, transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import DeploymentId, PersonId, PlacementId, UserId, new_id
from lti_tool.pathways.audit import audit as audit_pathway
from lti_tool.people import merging
from lti_tool.people.errors import MergedFurtherError, MergedMeanwhileError, SamePersonError
from lti_tool.people.models import PersonMatch
from lti_tool.people.queries import current_person, find_person, list_selves
from lti_tool.people.services import note_reading
from lti_tool.platforms.models import User
from tests.assessments import factories
from tests.badges.factories import DRAFT
from tests.conftest import Worker
from tests.people.platforms import CANVAS, MOODLE, STONES, TwoPlatforms, two_platforms

# Of this package: `people` moves accounts itself, and keeps merges and matches of both.
OWN_TABLES = {"person_users", "person_merges", "person_matches", "persons"}


@pytest.fixture
def place(database: Connection) -> TwoPlatforms:  # noqa: ARG001 - its rows go with the test
    return two_platforms()


def standing(place: TwoPlatforms, person_id: PersonId) -> int | None:
    """Return how many stones a person lacks; None for somebody on no pathway."""
    missing = {row[1]: row[0] for row in place.university.missing(place.pathway_id)}
    return missing.get(person_id)


def agrees(place: TwoPlatforms) -> bool:
    with transaction(place.university.id) as session:
        return audit_pathway(session, place.pathway_id).disagreements == ()


def test_every_table_that_refers_to_persons_follows_a_merge(database: Connection) -> None:  # noqa: ARG001 - registers the followers
    referring = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "persons"
    }

    assert referring - OWN_TABLES == merging.followed_tables()


def test_a_merge_moves_accounts_badges_and_progress_and_the_pathway_is_counted_anew(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara = place.arrive(MOODLE, "Amara")
    other = place.arrive(CANVAS, "A. Nwosu")
    place.give(amara, STONES[0])
    place.give(other, STONES[1])
    worker.run()
    assert [standing(place, one) for one in (amara, other)] == [1, 1]

    place.merge(other, amara)
    worker.run()

    assert place.names(amara) == ["A. Nwosu", "Amara"]
    assert place.names(other) == []
    # Both stones, and the certificate that came of them.
    assert len(place.awards(amara)) == 3
    assert place.awards(other) == {}
    assert [standing(place, one) for one in (amara, other)] == [0, None]
    assert agrees(place)


def test_what_was_noted_before_a_merge_is_told_of_whoever_stayed(place: TwoPlatforms) -> None:
    amara, other = place.arrive(MOODLE, "Amara"), place.arrive(CANVAS, "A. Nwosu")
    note_reading(
        place.university.id,
        actor=audit.CLI,
        act="read_record",
        object_kind="person",
        object_id=other,
    )
    place.merge(amara, other)

    with transaction(place.university.id) as session:
        noted = collect(session, amara)["noted_in_the_audit_trail"]

    assert [one["act"] for one in noted] == ["read_record", "merge_people"]


def test_what_both_hold_counts_once_and_both_credentials_stay_valid(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    first, second = place.give(amara, STONES[0]), place.give(other, STONES[0])
    worker.run()
    with transaction(place.university.id) as session:
        [badge] = badges.list_held(session, other)
    assert badge.credential_id
    share(
        place.university.id,
        badge.credential_id,
        person_id=other,
        shows=Shows(name=True, result=False, label="A job", until=None),
    )

    place.merge(amara, other)
    worker.run()

    awards = place.awards(amara)
    assert awards[first].duplicate_of_id is None
    assert awards[second].duplicate_of_id == first
    with transaction(place.university.id) as session:
        revoked = session.scalars(select(Credential.revoked_at)).all()
        [held] = badges.list_held(session, amara)
    assert revoked == [None, None]
    assert [one.label for one in held.shares] == ["A job"]
    assert agrees(place)


def test_withdrawing_a_badge_that_was_earned_twice_revokes_both_credentials(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    first = place.give(amara, STONES[0])
    place.give(other, STONES[0])
    worker.run()
    place.merge(amara, other)

    withdraw_award(place.university.id, first, reason="Copied.", actor=audit.CLI)

    with transaction(place.university.id) as session:
        assert all(session.scalars(select(Credential.revoked_at)).all())
        assert badges.list_held(session, amara) == []


def test_of_two_awards_the_one_that_stands_counts(place: TwoPlatforms) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    first, second = place.give(amara, STONES[0]), place.give(other, STONES[0])
    withdraw_award(place.university.id, first, reason="A mistake.", actor=audit.CLI)

    place.merge(amara, other)

    with transaction(place.university.id) as session:
        assert [one.award_id for one in badges.list_held(session, amara)] == [second]


def test_a_split_gives_back_what_was_moved_and_puts_them_forward_no_more(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE, "Amara"), place.arrive(CANVAS, "Someone")
    place.give(amara, STONES[0])
    theirs = {place.give(other, STONES[0]), place.give(other, STONES[1])}
    worker.run()
    before = place.university.rows()
    held = set(place.awards(other))
    assert theirs < held  # and the certificate

    merge_id = place.merge(amara, other)
    worker.run()
    assert standing(place, amara) == 0
    assert place.split(merge_id) == other
    worker.run()

    assert place.names(amara) == ["Amara"]
    assert place.names(other) == ["Someone"]
    assert set(place.awards(other)) == held
    assert all(one.duplicate_of_id is None for one in place.awards(other).values())
    assert place.university.rows() == before
    assert agrees(place)
    with transaction(place.university.id) as session:
        assert session.scalars(select(PersonMatch.state)).all() == ["apart"]
        acts = [one.act for one in audit.list_entries(session, object_id=amara)]
    assert acts == ["split_people", "merge_people"]


def test_what_was_earned_since_goes_to_whoever_earned_it(
    place: TwoPlatforms, worker: Worker
) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    users = {one: place.user(one) for one in (amara, other)}
    alone, both = assessed(place, "Passed by one"), assessed(place, "Passed by both")
    merge_id = place.merge(amara, other)
    by_hand = place.give(other, STONES[0])  # told by an old page
    for placement, passing in ((alone, [other]), (both, [amara, other])):
        for one in passing:
            hand_in(place, placement, users[one])
    worker.run()
    assert len(place.awards(amara)) == 3

    place.split(merge_id)
    worker.run()

    # A decision was about whoever they were then.
    assert by_hand in place.awards(amara)
    assert badge_names(place, amara) == ["Passed by both", STONES[0]]
    assert badge_names(place, other) == ["Passed by both", "Passed by one"]


def assessed(place: TwoPlatforms, name: str) -> PlacementId:
    """Place an assessment that everybody passes, and publish what that earns."""
    assessment_id = create_assessment(place.university.id, name)
    here = factories.University(
        id=place.university.id, slug="here", deployment_id=DeploymentId(new_id())
    )
    edition_id = factories.published(
        here, assessment_id=assessment_id, pass_mark="0.3", keys="a", title=name
    )
    publish_achievement(place.university.id, replace(DRAFT, name=name, assessment_id=assessment_id))
    return create_placement(
        place.university.id, edition_id, context_id=None, created_by=None, title=name
    )


def hand_in(place: TwoPlatforms, placement_id: PlacementId, user_id: UserId) -> None:
    """Answer the one question rightly."""
    here = factories.University(
        id=place.university.id, slug="here", deployment_id=DeploymentId(new_id())
    )
    attempt = open_attempt(place.university.id, placement_id, user_id)
    [item] = factories.form_of(here, attempt)
    save = factories.Page().save(item, "a")
    save_response(place.university.id, attempt, save, user_id=user_id)
    submit_attempt(place.university.id, attempt, user_id=user_id)


def badge_names(place: TwoPlatforms, person_id: PersonId) -> list[str]:
    with transaction(place.university.id) as session:
        return sorted(badge.name for badge in badges.list_held(session, person_id))


def test_merging_twice_and_splitting_twice_are_done_once(place: TwoPlatforms) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    merge_id = new_id()
    for _ in range(2):
        kept = merging.merge(
            place.university.id, other, amara, merge_id=merge_id, actor=audit.CLI, reason="One."
        )
        assert kept == amara
    place.split(merge_id)
    place.split(merge_id)

    # The form of the first merge, sent once more, does not merge anew.
    merging.merge(
        place.university.id, other, amara, merge_id=merge_id, actor=audit.CLI, reason="One."
    )

    assert len(place.merges()) == 1
    with transaction(place.university.id) as session:
        assert current_person(session, other) == other
        acts = [one.act for one in audit.list_entries(session, object_id=amara)]
    assert acts == ["split_people", "merge_people"]


def test_merges_chain_and_the_later_comes_off_first(place: TwoPlatforms) -> None:
    first, second, third = (place.arrive(MOODLE, name) for name in ("One", "Two", "Three"))
    place.give(third, STONES[0])
    below = place.merge(second, third)
    above = place.merge(first, second)
    with transaction(place.university.id) as session:
        assert current_person(session, third) == first
        assert set(list_selves(session, first)) == {first, second, third}

    with pytest.raises(MergedFurtherError):
        place.split(below)
    place.split(above)
    place.split(below)

    assert [place.names(one) for one in (first, second, third)] == [["One"], ["Two"], ["Three"]]
    assert len(place.awards(third)) == 1


def test_duplicates_are_told_anew_when_an_earlier_merge_comes_off(place: TwoPlatforms) -> None:
    first, second, third = (place.arrive(MOODLE) for _ in range(3))
    early, late = place.give(second, STONES[0]), place.give(third, STONES[0])
    one, _other = place.merge(first, second), place.merge(first, third)
    assert place.awards(first)[late].duplicate_of_id == early

    place.split(one)

    assert place.awards(first)[late].duplicate_of_id is None
    assert set(place.awards(second)) == {early}


def test_who_is_merged_already_or_not_here_cannot_be_merged(place: TwoPlatforms) -> None:
    amara, other, third = (place.arrive(MOODLE) for _ in range(3))
    stranger = two_platforms().arrive(MOODLE)
    merge_id = place.merge(amara, other)

    with pytest.raises(SamePersonError):
        place.merge(amara, amara)
    with pytest.raises(MergedMeanwhileError):
        place.merge(other, third)
    for unknown in (stranger, PersonId(new_id())):
        with pytest.raises(NotFoundError):
            place.merge(amara, unknown)
    with pytest.raises(NotFoundError):
        merging.split(two_platforms().university.id, merge_id, actor=audit.CLI, reason="No.")


def test_merges_grants_and_splits_at_once_leave_every_award_with_whoever_stands(
    live_app: Flask,  # noqa: ARG001 - binds a real database
) -> None:
    place = two_platforms()
    people = [place.arrive(MOODLE, f"Person {number}") for number in range(4)]
    merge_ids = [new_id() for _ in range(3)]
    gate = Barrier(11)

    def merge(number: int) -> None:
        merging.merge(
            place.university.id,
            people[number],
            people[number + 1],
            merge_id=merge_ids[number],
            actor=audit.CLI,
            reason="One.",
        )

    def attempt(act: Callable[[], object]) -> None:
        gate.wait()
        # Somebody was first; or the merge is not there yet.
        with suppress(ConflictError, NotFoundError):
            act()

    acts: list[Callable[[], object]] = [
        *(lambda number=number: merge(number) for number in range(3)),
        *(
            lambda person=person, stone=stone: place.give(person, stone)
            for person in people[1:]
            for stone in STONES
        ),
        lambda: place.split(merge_ids[0]),
        lambda: place.split(merge_ids[2]),
    ]
    with ThreadPoolExecutor(len(acts)) as pool:
        for one in [pool.submit(attempt, act) for act in acts]:
            one.result()

    with transaction(place.university.id) as session:
        stands = {one: current_person(session, one) for one in people}
    for person, now in stands.items():
        assert person == now or place.awards(person) == {}
        counted = [
            (one.achievement_id, one.edition)
            for one in place.awards(person).values()
            if one.duplicate_of_id is None
        ]
        assert len(counted) == len(set(counted))


def test_who_hands_something_in_is_known_and_a_visitor_is_not(place: TwoPlatforms) -> None:
    placement = assessed(place, "Ethics")
    with transaction(place.university.id) as session:
        users = [
            User(issuer=MOODLE, subject=word, is_visitor=word == "nobody")
            for word in ("somebody", "nobody")
        ]
        session.add_all(users)
    for user in users:
        hand_in(place, placement, UserId(user.id))

    with transaction(place.university.id) as session:
        known = [find_person(session, user.id) is not None for user in users]
    assert known == [True, False]
