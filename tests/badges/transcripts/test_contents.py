"""What is in a transcript, and what is not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.badges import canonical, clr, data_integrity
from lti_tool.badges.clr import AssociationKind
from lti_tool.badges.errors import (
    NothingToTranscribeError,
    TooManyTranscriptsError,
    TranscriptTooLargeError,
)
from lti_tool.badges.models import MINIMAL, Award, Credential
from lti_tool.badges.transcripts import kept, making
from lti_tool.badges.transcripts.contents import Asked, Contents, Tie
from lti_tool.core.audit import Actor, AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import AwardId, InstitutionId, PersonId, TranscriptId, new_id
from lti_tool.platforms.models import User
from tests.badges.factories import another_achievement, grant, issuer, place
from tests.badges.transcripts.made import (
    award_of,
    document_of,
    make,
    two,
    withdraw,
)
from tests.conftest import Worker
from tests.learner import story

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


@dataclass(frozen=True, kw_only=True)
class Sat:
    """Somebody who sat an assessment, and the award that it brought them."""

    institution_id: InstitutionId
    person_id: PersonId
    award_id: AwardId

    def ask(self, **more: Any) -> TranscriptId:  # noqa: ANN401 - of `Asked`
        """Have a transcript signed that says what was scored."""
        made = making.new_transcript_id()
        asked = Asked(says_name=True, says_results=True, **more)
        contents = Contents(awards=(self.award_id,))
        making.sign_transcript(self.institution_id, made, self.person_id, contents, asked)
        return made

    def forms(self) -> list[str]:
        """Return the forms of what was signed."""
        with transaction(self.institution_id) as session:
            return sorted(session.scalars(select(Credential.form)))


@pytest.fixture
def sat(worker: Worker) -> Sat:
    """Somebody with one of two questions right, which is enough."""
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    story.take(here, activity, user_id, "right", "wrong")
    worker.run()
    with transaction(here.institution_id) as session:
        award = session.scalars(select(Award)).one()
    return Sat(institution_id=here.institution_id, person_id=award.person_id, award_id=award.id)


def test_what_was_scored_is_in_it_and_the_trail_says_who_asked(sat: Sat) -> None:
    ruth = Actor("staff", new_id())

    made = sat.ask(actor=ruth, reason="Asked by post", recipient="Acme Ltd")

    with transaction(sat.institution_id) as session:
        [badge] = clr.read(kept.document_of(kept.get_transcript(session, made))).badges
        [signed] = session.scalars(select(AuditEntry).where(AuditEntry.act == "sign_results"))
        [issued] = session.scalars(select(AuditEntry).where(AuditEntry.act == "issue_transcript"))
    whole = badge.particulars.results[0]
    assert (whole.value, whole.most) == ("1", "2")
    for entry in (signed, issued):
        assert (entry.actor_kind, entry.actor_id) == ("staff", ruth.id)
        assert entry.reason == "Asked by post"
    assert issued.facts["says_results"] is True


def test_the_meaning_of_each_document_is_worked_out_once_however_often_it_is_checked(
    sat: Sat, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant: list[object] = []
    canonicalize = canonical.canonicalize

    def noted(document: Mapping[str, Any]) -> bytes:
        meant.append(document.get("id"))
        return canonicalize(document)

    monkeypatch.setattr(data_integrity, "canonicalize", noted)

    made = sat.ask()

    with transaction(sat.institution_id) as session:
        document = kept.document_of(kept.get_transcript(session, made))
    [badge] = document["credentialSubject"]["verifiableCredential"]
    assert [one for one in meant if one is not None] == [badge["id"], document["id"]]


@pytest.mark.parametrize(
    ("name", "most", "error"),
    [
        ("MOST_A_DAY", 0, TooManyTranscriptsError),
        ("_MOST_BYTES", 1000, TranscriptTooLargeError),
    ],
)
def test_what_is_refused_has_no_results_signed(
    sat: Sat, monkeypatch: pytest.MonkeyPatch, name: str, most: int, error: type[ToolError]
) -> None:
    monkeypatch.setattr(making, name, most)

    with pytest.raises(error):
        sat.ask()

    assert sat.forms() == [MINIMAL]
