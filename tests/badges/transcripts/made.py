"""Transcripts for tests: made, found again, checked."""

import json
from typing import Any

from sqlalchemy import select

from lti_tool.badges import (
    services,
)
from lti_tool.badges.models import Award, Transcript
from lti_tool.badges.transcripts import kept, making
from lti_tool.badges.transcripts.contents import Asked, Contents
from lti_tool.badges.verifying.checking import CheckedTranscript
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PersonId, TranscriptId, UserId, new_id
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from tests.badges.factories import Place, another_achievement, issue

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
    made = transcript_id or making.new_transcript_id()
    making.sign_transcript(at.institution_id, made, at.person_id, contents, asked)
    return made


def row_of(at: Place, transcript_id: TranscriptId) -> Transcript:
    with transaction(at.institution_id) as session:
        return session.scalars(select(Transcript).where(Transcript.id == transcript_id)).one()


def document_of(at: Place, transcript_id: TranscriptId) -> dict[str, Any]:
    return kept.document_of(row_of(at, transcript_id))


def check(document: object) -> CheckedTranscript:
    text = document if isinstance(document, str) else json.dumps(document)
    checked = check_data(text.encode())
    assert isinstance(checked, CheckedTranscript)
    return checked


def withdraw(at: Place, award_id: AwardId) -> None:
    services.withdraw_award(at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)


def ids(at: Place) -> list[TranscriptId]:
    with transaction(at.institution_id) as session:
        return [one.id for one in kept.list_transcripts(session, at.person_id)]


def another_person(at: Place) -> PersonId:
    with transaction(at.institution_id) as session:
        user_id = UserId(new_id())
        session.add(User(id=user_id, issuer="https://lms.example", subject="other"))
        session.flush()
        return person_of(session, user_id)
