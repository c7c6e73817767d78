"""Transcripts that are handed in."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.badges import (
    reader,
)
from lti_tool.badges.errors import (
    UnreadableCredentialError,
)
from lti_tool.badges.examination import Verdict
from lti_tool.badges.models import Credential
from lti_tool.badges.transcripts import making
from lti_tool.badges.transcripts.contents import Contents
from lti_tool.badges.verifying.checking import Checked
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.core.db import transaction
from tests.badges.factories import issue, place
from tests.badges.samples import TRANSCRIPT, changed, signed
from tests.badges.transcripts.made import (
    award_of,
    check,
    document_of,
    make,
    two,
)

pytestmark = pytest.mark.usefixtures("database")


def test_it_is_checked_with_all_that_is_in_it_in_both_forms() -> None:
    at = place()
    _, whole, piece = two(at)
    transcript_id = make(at, Contents(awards=(whole, piece)))

    for form in (
        document_of(at, transcript_id),
        making.compact_form(at.institution_id, transcript_id),
    ):
        checked = check(form)

        assert checked.examination.verdict is Verdict.VALID
        assert [one.examination.verdict for one in checked.contained] == [Verdict.VALID] * 2
        assert checked.is_sound


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


def test_a_badge_that_is_checked_is_still_a_badge() -> None:
    at = place()
    credential_id = issue(at)
    with transaction(at.institution_id) as session:
        document = session.scalars(
            select(Credential.document).where(Credential.id == credential_id)
        ).one()

    assert isinstance(check_data(json.dumps(document).encode()), Checked)
