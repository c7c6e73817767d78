"""What is in a transcript, and what is not."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from lti_tool.badges import (
    clr,
)
from lti_tool.badges.clr import AssociationKind
from lti_tool.badges.errors import (
    NothingToTranscribeError,
)
from lti_tool.badges.transcripts import kept
from lti_tool.badges.transcripts.contents import Asked, Contents, Tie
from lti_tool.core.audit import Actor, AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.ids import new_id
from lti_tool.platforms.models import User
from tests.badges.factories import another_achievement, grant, issuer, place
from tests.badges.transcripts.made import (
    award_of,
    document_of,
    make,
    two,
    withdraw,
)

pytestmark = pytest.mark.usefixtures("database")


def test_a_transcript_says_who_holds_what_and_how_it_hangs_together() -> None:
    at = place()
    part, whole, piece = two(at)
    tie = Tie(kind=AssociationKind.PARENT, source=at.achievement_id, target=part.achievement_id)

    transcript_id = make(at, Contents(awards=(whole, piece), ties=(tie, tie)))

    read = clr.read(document_of(at, transcript_id))
    assert (read.holder.name, read.is_partial) == ("Amara Nwosu", False)
    assert read.name == "Transcript, Northfell University"
    assert {badge.achievement.name for badge in read.badges} == {
        "Reading Statistics Critically",
        "Writing",
    }
    [association] = read.associations
    assert association.source == issuer(at).achievement_url(at.achievement_id)
    assert read.subject_id not in {badge.subject_id for badge in read.badges}
    with transaction(at.institution_id) as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == "sign_transcript"))
    assert entry.facts == {
        "transcript": str(transcript_id),
        "badges": 2,
        "says_who": True,
        "says_results": False,
    }


def test_what_an_association_leads_to_is_described_and_not_certified() -> None:
    at = place()
    goal = another_achievement(at, "Degree")
    tie = Tie(kind=AssociationKind.PARENT, source=goal.achievement_id, target=at.achievement_id)

    transcript_id = make(at, Contents(awards=(award_of(at),), ties=(tie,), is_partial=True))

    read = clr.read(document_of(at, transcript_id))
    assert [one.name for one in read.beside] == ["Degree"]
    assert [badge.achievement.name for badge in read.badges] == ["Reading Statistics Critically"]
    assert read.is_partial


def test_withdrawn_badges_and_others_badges_are_never_in_one() -> None:
    at = place()
    _, whole, piece = two(at)
    stranger = replace(at, person_id=place("southfell").person_id)
    withdraw(at, piece)

    read = clr.read(document_of(at, make(at, Contents(awards=(whole, piece)))))

    assert [badge.achievement.name for badge in read.badges] == ["Reading Statistics Critically"]
    assert read.is_partial
    with pytest.raises(NothingToTranscribeError):
        make(at, Contents(awards=(piece,)))
    with pytest.raises(NothingToTranscribeError):
        make(stranger, Contents(awards=(whole,)))


def test_what_is_not_signed_yet_is_not_in_it() -> None:
    at = place()
    waiting = another_achievement(at, "Writing")

    made = make(at, Contents(awards=(award_of(at), grant(waiting))))

    assert len(clr.read(document_of(at, made)).badges) == 1
    with pytest.raises(NothingToTranscribeError):
        make(at, Contents(awards=()))


def test_staff_give_one_out_with_reason_recipient_and_a_hashed_student_number() -> None:
    at = place()
    with transaction(at.institution_id) as session:
        session.scalars(select(User)).one().sis_id = "S-1048"
    ruth = Actor("staff", new_id())
    asked = Asked(
        says_name=True, says_number=True, actor=ruth, reason="Asked by post", recipient="Acme Ltd"
    )

    transcript_id = make(at, Contents(awards=(award_of(at),)), asked)

    holder = clr.read(document_of(at, transcript_id)).holder
    assert holder.identity is not None
    assert holder.identity.fits("S-1048")
    assert "S-1048" not in json.dumps(document_of(at, transcript_id))
    with transaction(at.institution_id) as session:
        [made] = kept.list_transcripts(session, at.person_id)
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == "issue_transcript"))
    assert (made.is_official, made.recipient, made.badges) == (True, "Acme Ltd", 1)
    assert (made.holder, made.name) == ("Amara Nwosu", "Transcript, Northfell University")
    assert (entry.actor_id, entry.reason) == (ruth.id, "Asked by post")
    assert "Acme" not in str(entry.facts)
