"""What belongs in a transcript, and how it hangs together."""

from collections.abc import Collection

import pytest
from sqlalchemy import select, update

from lti_tool.badges.clr import AssociationKind
from lti_tool.badges.issuing import issue_credential
from lti_tool.badges.models import Achievement, Award
from lti_tool.badges.transcripts.contents import Contents
from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways.expression import AllOf, Earn
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.transcripts import Choices, contents_of, list_choices
from tests.pathways.records import University, university

pytestmark = pytest.mark.usefixtures("database")

Named = set[tuple[str, str, str]]


def give(place: University, person_id: PersonId, *names: str, signed: bool = True) -> None:
    for minutes, name in enumerate(names):
        event = place.grant(person_id, name, minutes=minutes)
        if signed:
            issue_credential(place.id, event.award_id)
        count_award(event)


def contents(
    place: University, person_id: PersonId, chosen: Collection[PathwayId] | None = None
) -> Contents:
    with transaction(place.id) as session:
        return contents_of(session, person_id, chosen)


def names(place: University, told: Contents) -> set[str]:
    with transaction(place.id) as session:
        rows = session.scalars(
            select(Achievement.name)
            .join(Award, Award.achievement_id == Achievement.id)
            .where(Award.id.in_(told.awards))
        )
        return set(rows)


def ties(place: University, told: Contents) -> Named:
    by_id = {id_: name for name, id_ in place.achievements.items()}
    return {(tie.kind.value, by_id[tie.source], by_id[tie.target]) for tie in told.ties}


def choices(place: University, person_id: PersonId) -> Choices:
    with transaction(place.id) as session:
        return list_choices(session, person_id)


def test_a_pathway_under_way_is_the_parent_of_what_counts_toward_it_earned_or_not() -> None:
    place = university("northfell")
    pathway_id = place.pathway("Data literacy", ["Reading", "Writing", "Consent"])
    person_id = place.person()
    place.achievement("Swimming")
    give(place, person_id, "Reading", "Writing", "Swimming")

    everything = contents(place, person_id)
    chosen = contents(place, person_id, {pathway_id})

    assert names(place, everything) == {"Reading", "Writing", "Swimming"}
    assert not everything.is_partial
    assert names(place, chosen) == {"Reading", "Writing"}
    assert chosen.is_partial
    assert ties(place, chosen) == {
        ("isParentOf", "Data literacy", "Reading"),
        ("isParentOf", "Data literacy", "Writing"),
    }


def test_a_completed_one_has_its_certificate_and_stacks_into_the_next() -> None:
    place = university("northfell")
    inner = place.pathway("Certificate", ["Reading", "Writing"])
    outer = place.pathway("Degree", ["Certificate", "Thesis"])
    person_id = place.person()
    give(place, person_id, "Reading", "Writing", "Certificate")

    told = contents(place, person_id, {inner, outer})

    assert names(place, told) == {"Reading", "Writing", "Certificate"}
    assert ties(place, told) == {
        ("isParentOf", "Certificate", "Reading"),
        ("isParentOf", "Certificate", "Writing"),
        ("isParentOf", "Degree", "Certificate"),
    }
    assert names(place, contents(place, person_id, {outer})) == {"Certificate"}


def test_prerequisites_precede_and_successors_replace() -> None:
    place = university("northfell")
    reading, writing = place.stone("Reading"), place.achievement("Writing")
    place.pathway(
        "Literacy",
        AllOf(parts=(reading, Earn(achievement_id=writing, needs=(reading.achievement_id,)))),
    )
    newer = place.achievement("Writing well")
    person_id = place.person()
    give(place, person_id, "Reading", "Writing")
    with transaction(place.id) as session:
        session.execute(
            update(Achievement).where(Achievement.id == writing).values(replaced_by_id=newer)
        )

    told = contents(place, person_id)

    assert ties(place, told) >= {
        ("precedes", "Reading", "Writing"),
        ("replacedBy", "Writing", "Writing well"),
    }
    assert {tie.kind for tie in told.ties} == set(AssociationKind)


def test_a_prerequisite_that_is_not_held_precedes_nothing() -> None:
    place = university("northfell")
    reading, writing = place.achievement("Reading"), place.achievement("Writing")
    place.pathway("Literacy", AllOf(parts=(Earn(achievement_id=writing, needs=(reading,)),)))
    person_id = place.person()
    give(place, person_id, "Writing")

    assert "precedes" not in {kind for kind, _, _ in ties(place, contents(place, person_id))}


def test_withdrawn_and_foreign_badges_are_in_no_pathway_of_a_transcript() -> None:
    place = university("northfell")
    pathway_id = place.pathway("Data literacy", ["Reading", "Writing"])
    person_id, stranger = place.person(), place.person()
    give(place, stranger, "Writing")
    granted = place.grant(person_id, "Reading")
    issue_credential(place.id, granted.award_id)
    count_award(granted)
    place.withdraw(granted)

    assert contents(place, person_id, {pathway_id}).awards == ()
    assert contents(place, person_id).awards == ()
    assert choices(place, person_id) == Choices(badges=0, being_signed=0, pathways=[])


def test_a_pathway_that_is_none_of_theirs_adds_nothing() -> None:
    place = university("northfell")
    place.pathway("Data literacy", ["Reading"])
    other = place.pathway("Other", ["Swimming"])
    person_id = place.person()
    give(place, person_id, "Reading")

    assert contents(place, person_id, {other}).awards == ()
    assert contents(place, person_id, set()).awards == ()


def test_the_choice_counts_what_is_signed_and_says_what_is_not_yet() -> None:
    place = university("northfell")
    place.pathway("Data literacy", ["Reading", "Writing"])
    place.pathway("Unbegun", ["Swimming"])
    person_id = place.person()
    give(place, person_id, "Reading")
    give(place, person_id, "Writing", signed=False)

    told = choices(place, person_id)

    assert (told.badges, told.being_signed) == (1, 1)
    [way] = told.pathways
    assert (way.title, way.badges, way.is_complete) == ("Data literacy", 1, False)
