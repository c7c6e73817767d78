"""The one link of a transcript."""

import pytest
from sqlalchemy import select

from lti_tool.badges.errors import (
    TakenBackTranscriptError,
    UnknownShareError,
    UnknownTranscriptError,
    UnprintableNameError,
)
from lti_tool.badges.models import TranscriptLink
from lti_tool.badges.transcripts import files, links, revoking
from lti_tool.badges.transcripts.contents import Asked, Contents
from lti_tool.badges.verifying.links import find_transcript, open_transcript, parse_transcript_url
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.platforms.models import User
from tests.badges.factories import issuer, place
from tests.badges.transcripts.made import award_of, make

pytestmark = pytest.mark.usefixtures("database")


def test_a_link_shows_it_until_it_is_taken_back() -> None:
    at = place()
    transcript_id = make(at, Contents(awards=(award_of(at),)))
    token = links.link_to(at.institution_id, transcript_id)
    address = parse_transcript_url(issuer(at).transcript_url(token))
    assert address == ("northfell", token)

    opened = open_transcript("northfell", token)
    assert opened.checked.is_sound
    assert opened.transcript_id == transcript_id

    revoking.revoke_transcript(at.institution_id, transcript_id, reason=None, actor=audit.CLI)
    for look in (open_transcript, find_transcript):
        with pytest.raises(TakenBackTranscriptError):
            look("northfell", token)
    with pytest.raises(UnknownTranscriptError):
        links.link_to(at.institution_id, transcript_id)
    for wrong in ("x", "A" * 22, token[:-1] + ("A" if token[-1] != "A" else "B")):
        with pytest.raises(UnknownShareError):
            open_transcript("northfell", wrong)


def test_a_transcript_has_one_link_however_often_it_is_printed() -> None:
    at = place()
    contents = Contents(awards=(award_of(at),))
    first, second = (make(at, contents, Asked(says_name=says)) for says in (True, False))

    tokens = [links.link_to(at.institution_id, one) for one in (first, first, second)]

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
        files.transcript_pdf(at.institution_id, transcript_id, verify_path="/verify")

    with transaction(at.institution_id) as session:
        assert session.scalars(select(TranscriptLink)).all() == []
