"""Transcripts as they are signed, kept and taken back."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.badges import (
    canonical,
    clr,
    erasing,
    issuing,
    reader,
    services,
    signing,
    transcribing,
    transcript_files,
)
from lti_tool.badges.clr import AssociationKind
from lti_tool.badges.errors import (
    ChangedTranscriptError,
    NothingToTranscribeError,
    TakenBackTranscriptError,
    TooManyTranscriptsError,
    TranscriptTooLargeError,
    UnknownShareError,
    UnknownTranscriptError,
    UnprintableNameError,
    UnreadableCredentialError,
)
from lti_tool.badges.examination import Status, Verdict
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.kept_revocations import restore
from lti_tool.badges.models import Award, Credential, StatusList, Transcript, TranscriptLink
from lti_tool.badges.status_list import decode, is_set
from lti_tool.badges.transcribing import Asked, Contents, Tie
from lti_tool.badges.verifying import (
    Checked,
    CheckedTranscript,
    check_data,
    find_transcript,
    open_transcript,
    parse_transcript_url,
)
from lti_tool.core import audit
from lti_tool.core.audit import Actor, AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PersonId, TranscriptId, UserId, new_id
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from tests.badges.factories import Place, another_achievement, grant, issue, issuer, place
from tests.badges.samples import TRANSCRIPT, changed, signed

pytestmark = pytest.mark.usefixtures("database")

OWN = Asked(says_name=True)


def award_of(at: Place) -> AwardId:
    issue(at)
    with transaction(at.institution_id) as session:
        query = select(Award.id).where(
            Award.achievement_id == at.achievement_id, Award.person_id == at.person_id
        )
        return session.scalars(query).one()


def two(at: Place) -> tuple[Place, AwardId, AwardId]:
    part = another_achievement(at, "Writing")
    return part, award_of(at), award_of(part)


def make(
    at: Place,
    contents: Contents,
    asked: Asked = OWN,
    transcript_id: TranscriptId | None = None,
) -> TranscriptId:
    made = transcript_id or transcribing.new_transcript_id()
    transcribing.sign_transcript(at.institution_id, made, at.person_id, contents, asked)
    return made


def row_of(at: Place, transcript_id: TranscriptId) -> Transcript:
    with transaction(at.institution_id) as session:
        return session.scalars(select(Transcript).where(Transcript.id == transcript_id)).one()


def document_of(at: Place, transcript_id: TranscriptId) -> dict[str, Any]:
    return transcribing.document_of(row_of(at, transcript_id))


def check(document: object) -> CheckedTranscript:
    text = document if isinstance(document, str) else json.dumps(document)
    checked = check_data(text.encode())
    assert isinstance(checked, CheckedTranscript)
    return checked


def withdraw(at: Place, award_id: AwardId) -> None:
    services.withdraw_award(at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)


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
    assert entry.facts == {"transcript": str(transcript_id), "badges": 2, "says_who": True}


def test_what_an_association_leads_to_is_described_and_not_certified() -> None:
    at = place()
    goal = another_achievement(at, "Degree")
    tie = Tie(kind=AssociationKind.PARENT, source=goal.achievement_id, target=at.achievement_id)

    transcript_id = make(at, Contents(awards=(award_of(at),), ties=(tie,), is_partial=True))

    read = clr.read(document_of(at, transcript_id))
    assert [one.name for one in read.beside] == ["Degree"]
    assert [badge.achievement.name for badge in read.badges] == ["Reading Statistics Critically"]
    assert read.is_partial


def test_it_is_checked_with_all_that_is_in_it_in_both_forms() -> None:
    at = place()
    _, whole, piece = two(at)
    transcript_id = make(at, Contents(awards=(whole, piece)))

    for form in (
        document_of(at, transcript_id),
        transcribing.compact_form(at.institution_id, transcript_id),
    ):
        checked = check(form)

        assert checked.examination.verdict is Verdict.VALID
        assert [one.examination.verdict for one in checked.contained] == [Verdict.VALID] * 2
        assert checked.is_sound


def test_the_compact_form_is_signed_once() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))

    first = transcribing.compact_form(at.institution_id, transcript_id)

    assert transcribing.compact_form(at.institution_id, transcript_id) == first


def test_a_changed_one_is_not_genuine_and_what_is_in_it_is_not_looked_into() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))

    forged = check(changed(document_of(at, transcript_id), "name", "Degree"))

    assert forged.examination.verdict is Verdict.ALTERED
    assert forged.contained == ()
    assert not forged.is_sound


def test_one_of_a_stranger_is_unproven() -> None:
    assert check(signed(TRANSCRIPT.to_json())).examination.verdict is Verdict.UNPROVEN


def test_one_that_says_what_we_never_write_is_refused_with_the_reason() -> None:
    document = changed(TRANSCRIPT.to_json(), "credentialSubject.verifiableCredential", [])

    with pytest.raises(UnreadableCredentialError, match=r"CLR 2\.0"):
        check_data(json.dumps(document).encode())


def test_taking_it_back_revokes_it_and_leaves_the_badges_valid() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    document = document_of(at, transcript_id)

    for _ in range(2):
        transcribing.revoke_transcript(
            at.institution_id, transcript_id, reason="Wrong recipient", actor=audit.CLI
        )

    checked = check(document)
    assert checked.examination.status is Status.REVOKED
    assert [one.examination.verdict for one in checked.contained] == [Verdict.VALID]
    with transaction(at.institution_id) as session:
        acts = session.scalars(
            select(AuditEntry).where(AuditEntry.act == "revoke_transcript")
        ).all()
    assert [entry.reason for entry in acts] == ["Wrong recipient"]


def test_the_published_list_says_so_too_and_is_a_list_of_transcripts_alone() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    transcribing.revoke_transcript(at.institution_id, transcript_id, reason=None, actor=audit.CLI)

    with transaction(at.institution_id) as session:
        lists = dict(session.execute(select(StatusList.holds, StatusList.number)).all())
    assert set(lists) == {"credentials", "transcripts"}
    index = row_of(at, transcript_id).status_index
    for holds, expected in (("credentials", False), ("transcripts", True)):
        published = issuing.published_status_list(at.institution_id, lists[holds])
        encoded = published["credentialSubject"]["encodedList"]
        assert is_set(decode(encoded), index) is expected


def test_a_withdrawn_badge_takes_every_transcript_with_it_that_it_is_in() -> None:
    at = place()
    _, whole, piece = two(at)
    both = make(at, Contents(awards=(whole, piece)))
    other = make(at, Contents(awards=(whole,)))

    withdraw(at, piece)

    checked = check(document_of(at, both))
    assert checked.examination.verdict is Verdict.REVOKED
    assert check(document_of(at, other)).is_sound


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


def test_more_than_can_be_checked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    _, whole, piece = two(at)
    monkeypatch.setattr(clr, "MOST_CREDENTIALS", 1)

    with pytest.raises(TranscriptTooLargeError):
        make(at, Contents(awards=(whole, piece)))

    monkeypatch.undo()
    monkeypatch.setattr(transcribing, "_MOST_BYTES", 1000)
    with pytest.raises(TranscriptTooLargeError):
        make(at, Contents(awards=(whole, piece)))


def test_what_no_reader_would_look_through_is_refused_and_fewer_are_signed_for_who_was_named_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = place()
    _, whole, piece = two(at)
    form = transcribing.new_transcript_id()
    monkeypatch.setattr(canonical, "MOST_TRANSCRIPT_BLANK_NODES", 1)
    with pytest.raises(TranscriptTooLargeError):
        make(at, Contents(awards=(whole, piece)), replace(OWN, recipient="Acme Ltd"), form)
    monkeypatch.undo()

    make(at, Contents(awards=(whole,)), replace(OWN, recipient="Brown & Co"), form)

    assert row_of(at, form).recipient == "Brown & Co"


def test_the_same_form_twice_makes_one_and_no_other_person_gets_at_it() -> None:
    at = place()
    stranger = replace(at, person_id=_another_person(at))
    award_id = award_of(at)
    transcript_id = make(at, Contents(awards=(award_id,)))
    document = document_of(at, transcript_id)

    make(at, Contents(awards=(award_id,)), transcript_id=transcript_id)

    assert document_of(at, transcript_id) == document
    with pytest.raises(UnknownTranscriptError):
        make(stranger, Contents(awards=(award_id,)), transcript_id=transcript_id)
    with transaction(at.institution_id) as session, pytest.raises(UnknownTranscriptError):
        transcribing.get_transcript(session, transcript_id, of_person=stranger.person_id)


def test_a_crash_before_signing_leaves_a_place_that_the_next_try_uses() -> None:
    at = place()
    award_id = award_of(at)
    transcript_id = make(at, Contents(awards=(award_id,)))
    with transaction(at.institution_id) as session:
        row = session.scalars(select(Transcript)).one()
        index, row.document, row.issued_at = row.status_index, None, None

    make(at, Contents(awards=(award_id,)), transcript_id=transcript_id)

    assert row_of(at, transcript_id).status_index == index
    assert check(document_of(at, transcript_id)).is_sound


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
        [made] = transcribing.list_transcripts(session, at.person_id)
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == "issue_transcript"))
    assert (made.is_official, made.recipient, made.badges) == (True, "Acme Ltd", 1)
    assert (made.holder, made.name) == ("Amara Nwosu", "Transcript, Northfell University")
    assert (entry.actor_id, entry.reason) == (ruth.id, "Asked by post")
    assert "Acme" not in str(entry.facts)


def test_a_link_shows_it_until_it_is_taken_back() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    token = transcribing.link_to(at.institution_id, transcript_id)
    address = parse_transcript_url(issuer(at).transcript_url(token))
    assert address == ("northfell", token)

    opened = open_transcript("northfell", token)
    assert opened.checked.is_sound
    assert opened.transcript_id == transcript_id

    transcribing.revoke_transcript(at.institution_id, transcript_id, reason=None, actor=audit.CLI)
    for look in (open_transcript, find_transcript):
        with pytest.raises(TakenBackTranscriptError):
            look("northfell", token)
    with pytest.raises(UnknownTranscriptError):
        transcribing.link_to(at.institution_id, transcript_id)
    for wrong in ("x", "A" * 22, token[:-1] + ("A" if token[-1] != "A" else "B")):
        with pytest.raises(UnknownShareError):
            open_transcript("northfell", wrong)


def test_a_transcript_has_one_link_however_often_it_is_printed() -> None:
    at = place()
    contents = Contents(awards=(award_of(at),))
    first, second = (make(at, contents, Asked(says_name=says)) for says in (True, False))

    tokens = [transcribing.link_to(at.institution_id, one) for one in (first, first, second)]

    assert (tokens[0] == tokens[1], tokens[0] == tokens[2]) == (True, False)
    assert open_transcript("northfell", tokens[0]).transcript_id == first
    with transaction(at.institution_id) as session:
        assert len(session.scalars(select(TranscriptLink)).all()) == 2


def test_one_that_cannot_be_printed_leaves_no_link() -> None:
    at = place()
    with transaction(at.institution_id) as session:
        session.scalars(select(User)).one().name = "\U00013000"
    transcript_id = make(at, Contents(awards=(award_of(at),)))

    with pytest.raises(UnprintableNameError):
        transcript_files.transcript_pdf(at.institution_id, transcript_id, verify_path="/verify")

    with transaction(at.institution_id) as session:
        assert session.scalars(select(TranscriptLink)).all() == []


def test_no_transcript_takes_the_id_of_a_badge() -> None:
    at = place()
    award_id = award_of(at)
    with transaction(at.institution_id) as session:
        badge = session.scalars(select(Credential.id)).one()

    with pytest.raises(UnknownTranscriptError):
        make(at, Contents(awards=(award_id,)), transcript_id=TranscriptId(badge))


def test_what_a_form_sent_again_has_changed_is_not_signed_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = place()
    _, whole, piece = two(at)
    form = transcribing.new_transcript_id()
    sign = signing.sign

    def sent_again_meanwhile(by: Issuer, document: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.setattr(signing, "sign", _stopped)
        with pytest.raises(ConnectionError):
            make(at, Contents(awards=(piece,)), transcript_id=form)
        monkeypatch.undo()
        return sign(by, document)

    monkeypatch.setattr(signing, "sign", sent_again_meanwhile)
    with pytest.raises(ChangedTranscriptError):
        make(at, Contents(awards=(whole,)), transcript_id=form)

    assert row_of(at, form).document is None
    make(at, Contents(awards=(whole,)), transcript_id=form)
    withdraw(at, whole)
    assert check(document_of(at, form)).examination.verdict is Verdict.REVOKED


def _stopped(_issuer: Issuer, _document: dict[str, Any]) -> dict[str, Any]:
    raise ConnectionError


def test_a_holder_who_asks_for_the_same_again_gets_the_newest_while_it_stands() -> None:
    at = place()
    contents = Contents(awards=(award_of(at),))
    staff = replace(OWN, actor=Actor("staff", new_id()), reason="Why", recipient="Acme Ltd")

    made = make(at, contents)
    for _ in range(2):
        make(at, contents)
    assert ids(at) == [made]

    given_out = [make(at, contents, staff) for _ in range(2)]
    unnamed = make(at, contents, Asked(says_name=False))
    assert ids(at) == [unnamed, *reversed(given_out), made]
    transcribing.revoke_transcript(at.institution_id, unnamed, reason=None, actor=audit.CLI)
    again = make(at, contents, Asked(says_name=False))
    assert ids(at)[0] == again


def test_a_holder_makes_so_many_in_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    contents = Contents(awards=(award_of(at),))
    monkeypatch.setattr(transcribing, "MOST_A_DAY", 1)
    make(at, contents)

    with pytest.raises(TooManyTranscriptsError):
        make(at, contents, Asked(says_name=False))
    make(at, contents)
    make(at, contents, replace(OWN, actor=Actor("staff", new_id())))

    with transaction(at.institution_id) as session:
        for row in session.scalars(select(Transcript)):
            row.reserved_at -= timedelta(days=1)
    make(at, contents, Asked(says_name=False))


def test_all_that_is_in_one_is_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    _, whole, piece = two(at)
    document = document_of(at, make(at, Contents(awards=(whole, piece))))
    asked: list[str] = []
    ask = reader._READER.ask

    def noted(question: dict[str, Any]) -> dict[str, Any]:
        asked.append(question["ask"])
        return ask(question)

    monkeypatch.setattr(reader._READER, "ask", noted)

    assert check(document).is_sound
    assert asked == ["find", "verify", "verify"]


def ids(at: Place) -> list[TranscriptId]:
    with transaction(at.institution_id) as session:
        return [one.id for one in transcribing.list_transcripts(session, at.person_id)]


def test_an_erased_persons_transcripts_say_nothing_any_more_and_stay_revoked() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    document = document_of(at, transcript_id)
    token = transcribing.link_to(at.institution_id, transcript_id)

    erasing.erase_credentials(at.institution_id, at.person_id)

    row = row_of(at, transcript_id)
    assert (row.document, row.compact, row.recipient) == (None, None, None)
    assert check(document).examination.verdict is Verdict.REVOKED
    with pytest.raises(UnknownShareError):
        open_transcript("northfell", token)


def test_a_restored_backup_does_not_make_a_revoked_one_valid_again() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    document = document_of(at, transcript_id)
    transcribing.revoke_transcript(at.institution_id, transcript_id, reason=None, actor=audit.CLI)
    with transaction(at.institution_id) as session:
        session.scalars(select(Transcript)).one().revoked_at = None
    assert check(document).is_sound

    restored = restore(at.institution_id)

    assert restored.revoked == 1
    assert check(document).examination.verdict is Verdict.REVOKED
    with transaction(at.institution_id) as session:
        holds = session.scalars(select(StatusList.holds).order_by(StatusList.number)).all()
    assert sorted(holds) == ["credentials", "credentials", "transcripts", "transcripts"]


def test_a_badge_that_is_checked_is_still_a_badge() -> None:
    at = place()
    credential_id = issue(at)
    with transaction(at.institution_id) as session:
        document = session.scalars(
            select(Credential.document).where(Credential.id == credential_id)
        ).one()

    assert isinstance(check_data(json.dumps(document).encode()), Checked)


def _another_person(at: Place) -> PersonId:
    with transaction(at.institution_id) as session:
        user_id = UserId(new_id())
        session.add(User(id=user_id, issuer="https://lms.example", subject="other"))
        session.flush()
        return person_of(session, user_id)
