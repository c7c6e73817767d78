"""Taking transcripts back, by themselves and with a badge that is in them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from lti_tool.badges import issuing
from lti_tool.badges.models import Award, Credential, StatusList, Transcript, TranscriptCredential
from lti_tool.badges.transcripts.kept import get_transcript
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, InstitutionId, TranscriptId


def revoke_transcript(
    institution_id: InstitutionId,
    transcript_id: TranscriptId,
    *,
    reason: str | None,
    actor: Actor,
) -> None:
    """Take a transcript back: whoever checks it from now on is told so. Twice is once.

    Raises:
        UnknownTranscriptError: there is none.
    """
    with transaction(institution_id) as session:
        row = get_transcript(session, transcript_id)
        if not revoke_where(session, Transcript.id == transcript_id):
            return
        audit.record(
            session,
            actor=actor,
            act="revoke_transcript",
            object_kind="person",
            object_id=row.person_id,
            reason=reason,
            facts={"transcript": str(transcript_id)},
        )
    issuing.publish_status_lists(institution_id)


def revoke_where(session: Session, condition: ColumnElement[bool]) -> Sequence[TranscriptId]:
    """Revoke transcripts that are not yet; their lists are signed anew when they are asked for."""
    now = clock.now()
    rows = session.execute(
        update(Transcript)
        .where(condition, Transcript.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Transcript.id, Transcript.status_list_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        update(StatusList)
        .where(StatusList.id.in_({row.status_list_id for row in rows}))
        .values(changed_at=now, document=None)
    )
    return [row.id for row in rows]


def holds_award(award_ids: Sequence[AwardId]) -> ColumnElement[bool]:
    """Return the condition that a transcript holds a credential of one of these awards."""
    return Transcript.id.in_(
        select(TranscriptCredential.transcript_id)
        .join(Credential, Credential.id == TranscriptCredential.credential_id)
        .where(Credential.award_id.in_(award_ids))
    )


def holds_anothers() -> ColumnElement[bool]:
    """Return the condition that a transcript holds a credential of another person."""
    return Transcript.id.in_(
        select(TranscriptCredential.transcript_id)
        .join(Credential, Credential.id == TranscriptCredential.credential_id)
        .join(Award, Award.id == Credential.award_id)
        .where(
            TranscriptCredential.transcript_id == Transcript.id,
            Award.person_id != Transcript.person_id,
        )
        .correlate(Transcript)
    )
