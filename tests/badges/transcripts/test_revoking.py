"""Transcripts that are taken back, by themselves or with what is in them."""

import pytest
from sqlalchemy import select

from lti_tool.badges import (
    erasing,
    issuing,
)
from lti_tool.badges.errors import (
    UnknownShareError,
)
from lti_tool.badges.examination import Status, Verdict
from lti_tool.badges.kept_revocations import restore
from lti_tool.badges.models import StatusList, Transcript
from lti_tool.badges.status_list import decode, is_set
from lti_tool.badges.transcripts import links, revoking
from lti_tool.badges.transcripts.contents import Contents
from lti_tool.badges.verifying.links import open_transcript
from lti_tool.core import audit
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import transaction
from tests.badges.factories import place
from tests.badges.transcripts.made import award_of, check, document_of, make, row_of, two, withdraw

pytestmark = pytest.mark.usefixtures("database")


def test_taking_it_back_revokes_it_and_leaves_the_badges_valid() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    document = document_of(at, transcript_id)

    for _ in range(2):
        revoking.revoke_transcript(
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
    revoking.revoke_transcript(at.institution_id, transcript_id, reason=None, actor=audit.CLI)

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


def test_an_erased_persons_transcripts_say_nothing_any_more_and_stay_revoked() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    document = document_of(at, transcript_id)
    token = links.link_to(at.institution_id, transcript_id)

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
    revoking.revoke_transcript(at.institution_id, transcript_id, reason=None, actor=audit.CLI)
    with transaction(at.institution_id) as session:
        session.scalars(select(Transcript)).one().revoked_at = None
    assert check(document).is_sound

    restored = restore(at.institution_id)

    assert restored.revoked == 1
    assert check(document).examination.verdict is Verdict.REVOKED
    with transaction(at.institution_id) as session:
        holds = session.scalars(select(StatusList.holds).order_by(StatusList.number)).all()
    assert sorted(holds) == ["credentials", "credentials", "transcripts", "transcripts"]
