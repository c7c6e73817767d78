"""Transcripts that were signed, as they are found again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.badges.errors import UnknownTranscriptError
from lti_tool.badges.models import Transcript, TranscriptCredential
from lti_tool.badges.particulars import read_identifiers
from lti_tool.core.ids import PersonId, TranscriptId
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTranscript:
    """A transcript that was signed, as lists of them show it.

    Attributes:
        badges: how many are in it.
    """

    id: TranscriptId
    name: str
    holder: str | None
    is_official: bool
    recipient: str | None
    badges: int
    issued_at: datetime
    revoked_at: datetime | None


def get_transcript(
    session: Session, transcript_id: TranscriptId, *, of_person: PersonId | None = None
) -> Transcript:
    """Return a transcript that was signed.

    Raises:
        UnknownTranscriptError: there is none, or it is another person's.
    """
    row = session.scalar(
        select(Transcript).where(Transcript.id == transcript_id, Transcript.document.is_not(None))
    )
    if row is None or (of_person is not None and row.person_id != of_person):
        raise UnknownTranscriptError(phrase("There is no such transcript."))
    return row


def document_of(row: Transcript) -> dict[str, Any]:
    """Return what was signed.

    Raises:
        UnknownTranscriptError: nothing, so far.
    """
    if row.document is None:
        raise UnknownTranscriptError(phrase("There is no such transcript."))
    return row.document


def list_transcripts(session: Session, person_id: PersonId) -> list[MadeTranscript]:
    """Return a person's transcripts, the newest first."""
    held = (
        select(func.count())
        .where(TranscriptCredential.transcript_id == Transcript.id)
        .correlate(Transcript)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Transcript.id,
            Transcript.document["name"].astext.label("name"),
            Transcript.document["credentialSubject"]["identifier"].label("identifier"),
            Transcript.is_official,
            Transcript.recipient,
            Transcript.issued_at,
            Transcript.revoked_at,
            held.label("held"),
        )
        .where(Transcript.person_id == person_id, Transcript.document.is_not(None))
        .order_by(Transcript.issued_at.desc(), Transcript.id.desc())
    )
    return [
        MadeTranscript(
            id=row.id,
            name=row.name,
            holder=read_identifiers({"identifier": row.identifier or []})[0],
            is_official=row.is_official,
            recipient=row.recipient,
            badges=row.held,
            issued_at=row.issued_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
        if row.issued_at is not None  # never else, says the query
    ]
