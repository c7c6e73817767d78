"""The one link of a transcript."""

import base64

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges.errors import UnknownTranscriptError
from lti_tool.badges.models import Transcript, TranscriptLink
from lti_tool.badges.transcripts.kept import get_transcript
from lti_tool.core import clock, keys
from lti_tool.core.db import tenant, transaction
from lti_tool.core.ids import InstitutionId, TranscriptId, new_id
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of

_TOKEN_BYTES = 16
_LINK_PURPOSE = "transcript link"


def link_to(institution_id: InstitutionId, transcript_id: TranscriptId) -> str:
    """Let a transcript's link show it to whoever has it, until it is taken back.

    Returns:
        The token for `Issuer.transcript_url`.

    Raises:
        UnknownTranscriptError: there is none, or it was taken back.
    """
    token = token_of(institution_id, transcript_id)
    with transaction(institution_id) as session:
        if get_transcript(session, transcript_id).revoked_at is not None:
            raise UnknownTranscriptError(phrase("It was taken back."))
        session.execute(
            insert(TranscriptLink)
            .values(
                institution_id=tenant(),
                id=new_id(),
                transcript_id=transcript_id,
                token_hash=hash_of(token),
                created_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["institution_id", "token_hash"])
        )
    return token


def token_of(institution_id: InstitutionId, transcript_id: TranscriptId) -> str:
    """Return the token of a transcript's one link; it shows nothing before `link_to`.

    It follows from the operator's secret, so that it can be printed again and need not be kept.
    """
    tag = keys.mac(_LINK_PURPOSE, institution_id.bytes, transcript_id.bytes)
    return base64.urlsafe_b64encode(tag[:_TOKEN_BYTES]).rstrip(b"=").decode()


def find_linked(session: Session, token_hash: bytes) -> Transcript | None:
    """Return the transcript that a link leads to, also one that was taken back; or None."""
    return session.scalar(
        select(Transcript)
        .join(TranscriptLink, TranscriptLink.transcript_id == Transcript.id)
        .where(TranscriptLink.token_hash == token_hash, Transcript.document.is_not(None))
    )
