"""Transcripts as they are signed, once for each form."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.badges import (
    canonical,
    clr,
    signing,
)
from lti_tool.badges.errors import (
    ChangedTranscriptError,
    TooManyTranscriptsError,
    TranscriptTooLargeError,
    UnknownTranscriptError,
)
from lti_tool.badges.examination import Verdict
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import Credential, Transcript
from lti_tool.badges.transcripts import kept, making, revoking
from lti_tool.badges.transcripts.contents import Asked, Contents
from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import TranscriptId, new_id
from tests.badges.factories import place
from tests.badges.transcripts.made import (
    OWN,
    another_person,
    award_of,
    check,
    document_of,
    ids,
    make,
    row_of,
    two,
    withdraw,
)

pytestmark = pytest.mark.usefixtures("database")


def test_the_compact_form_is_signed_once() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))

    first = making.compact_form(at.institution_id, transcript_id)

    assert making.compact_form(at.institution_id, transcript_id) == first


def test_more_than_can_be_checked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    _, whole, piece = two(at)
    monkeypatch.setattr(clr, "MOST_CREDENTIALS", 1)

    with pytest.raises(TranscriptTooLargeError):
        make(at, Contents(awards=(whole, piece)))

    monkeypatch.undo()
    monkeypatch.setattr(making, "_MOST_BYTES", 1000)
    with pytest.raises(TranscriptTooLargeError):
        make(at, Contents(awards=(whole, piece)))


def test_what_no_reader_would_look_through_is_refused_and_fewer_are_signed_for_who_was_named_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = place()
    _, whole, piece = two(at)
    form = making.new_transcript_id()
    monkeypatch.setattr(canonical, "MOST_TRANSCRIPT_BLANK_NODES", 1)
    with pytest.raises(TranscriptTooLargeError):
        make(at, Contents(awards=(whole, piece)), replace(OWN, recipient="Acme Ltd"), form)
    monkeypatch.undo()

    make(at, Contents(awards=(whole,)), replace(OWN, recipient="Brown & Co"), form)

    assert row_of(at, form).recipient == "Brown & Co"


def test_the_same_form_twice_makes_one_and_no_other_person_gets_at_it() -> None:
    at = place()
    stranger = replace(at, person_id=another_person(at))
    award_id = award_of(at)
    transcript_id = make(at, Contents(awards=(award_id,)))
    document = document_of(at, transcript_id)

    make(at, Contents(awards=(award_id,)), transcript_id=transcript_id)

    assert document_of(at, transcript_id) == document
    with pytest.raises(UnknownTranscriptError):
        make(stranger, Contents(awards=(award_id,)), transcript_id=transcript_id)
    with transaction(at.institution_id) as session, pytest.raises(UnknownTranscriptError):
        kept.get_transcript(session, transcript_id, of_person=stranger.person_id)


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
    form = making.new_transcript_id()
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
    revoking.revoke_transcript(at.institution_id, unnamed, reason=None, actor=audit.CLI)
    again = make(at, contents, Asked(says_name=False))
    assert ids(at)[0] == again


def test_a_holder_makes_so_many_in_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    contents = Contents(awards=(award_of(at),))
    monkeypatch.setattr(making, "MOST_A_DAY", 1)
    make(at, contents)

    with pytest.raises(TooManyTranscriptsError):
        make(at, contents, Asked(says_name=False))
    make(at, contents)
    make(at, contents, replace(OWN, actor=Actor("staff", new_id())))

    with transaction(at.institution_id) as session:
        for row in session.scalars(select(Transcript)):
            row.reserved_at -= timedelta(days=1)
    make(at, contents, Asked(says_name=False))
