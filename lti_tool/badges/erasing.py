"""What becomes of an erased person's credentials: they are revoked, the awards still count."""

from sqlalchemy import delete, select, update

from lti_tool.badges import issuing
from lti_tool.badges.models import (
    DETAILED,
    Award,
    AwardCause,
    Credential,
    Share,
    StatusList,
    Transcript,
    TranscriptCredential,
    TranscriptLink,
)
from lti_tool.badges.transcripts import revoking
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PersonId


def erase_credentials(institution_id: InstitutionId, person_id: PersonId) -> None:
    """Revoke what was signed for a person and forget what it says of them.

    A minimal credential names nobody: it stays, revoked, so that its place in the status list
    stays taken. Detailed ones have a name in them and go; they share that place. Of
    transcripts the places stay, revoked, and nothing else. Calls nobody, but signs: never inside
    a transaction.
    """
    now = clock.now()
    awards = select(Award.id).where(Award.person_id == person_id)
    credentials = select(Credential.id).where(Credential.award_id.in_(awards))
    with transaction(institution_id) as session:
        session.execute(select(Award.id).where(Award.person_id == person_id).with_for_update())
        session.execute(delete(Share).where(Share.credential_id.in_(credentials)))
        lists = session.scalars(
            update(Credential)
            .where(Credential.award_id.in_(awards), Credential.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(Credential.status_list_id)
        ).all()
        session.execute(
            update(StatusList).where(StatusList.id.in_(lists)).values(changed_at=now, document=None)
        )
        detailed = (Credential.award_id.in_(awards), Credential.form == DETAILED)
        session.execute(
            delete(TranscriptCredential).where(
                TranscriptCredential.credential_id.in_(select(Credential.id).where(*detailed))
            )
        )
        session.execute(delete(Credential).where(*detailed))
        own = Transcript.person_id == person_id
        revoking.revoke_where(session, own)
        session.execute(
            delete(TranscriptLink).where(
                TranscriptLink.transcript_id.in_(select(Transcript.id).where(own))
            )
        )
        session.execute(
            update(Transcript)
            .where(own)
            .values(document=None, compact=None, issued_at=None, recipient=None)
        )
        session.execute(
            update(AwardCause)
            .where(AwardCause.award_id.in_(awards))
            .values(reason=None, evidence=[])
        )
        session.execute(
            update(Award).where(Award.person_id == person_id).values(withdrawn_reason=None)
        )
    issuing.publish_status_lists(institution_id)
