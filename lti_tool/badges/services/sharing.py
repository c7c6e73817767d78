"""Showing a credential to whoever has a link, and ending that."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_tool.badges.errors import UnknownCredentialError, UnknownShareError
from lti_tool.badges.models import Award, Credential, Share
from lti_tool.badges.rules import Shows
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import CredentialId, InstitutionId, PersonId, ShareId
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of, new_secret

TOKEN_BYTES = 16  # 128 bits: nobody finds a link by trying


def share(
    institution_id: InstitutionId,
    credential_id: CredentialId,
    *,
    person_id: PersonId,
    shows: Shows,
) -> str:
    """Make a link that shows a credential to whoever has it.

    Returns:
        The token for `Issuer.share_url`. It is not kept and cannot be told again.

    Raises:
        UnknownCredentialError: the person holds no such credential, or it is not signed yet.
    """
    token = new_secret(TOKEN_BYTES)
    with transaction(institution_id) as session:
        _get_own_credential(session, credential_id, person_id)
        session.add(
            Share(
                credential_id=credential_id,
                token_hash=hash_of(token),
                show_name=shows.name,
                show_result=shows.result,
                label=shows.label,
                created_at=clock.now(),
                expires_at=shows.until,
            )
        )
    return token


def end_share(institution_id: InstitutionId, share_id: ShareId, *, person_id: PersonId) -> None:
    """End a link: it shows nothing from now on. Ending it twice changes nothing.

    Raises:
        UnknownShareError: the person made no such link.
    """
    with transaction(institution_id) as session:
        found = session.scalar(
            select(Share)
            .join(Credential, Credential.id == Share.credential_id)
            .join(Award, Award.id == Credential.award_id)
            .where(Share.id == share_id, Award.person_id == person_id)
            .with_for_update(of=Share)
        )
        if found is None:
            raise UnknownShareError(phrase("You have shared no such link."))
        found.ended_at = found.ended_at or clock.now()


def count_opening(session: Session, token_hash: bytes) -> None:
    """Note that a link was opened: how often, and neither when nor by whom."""
    session.execute(
        update(Share).where(Share.token_hash == token_hash).values(opened=Share.opened + 1)
    )


def _get_own_credential(
    session: Session, credential_id: CredentialId, person_id: PersonId
) -> Credential:
    credential = session.scalar(
        select(Credential)
        .join(Award, Award.id == Credential.award_id)
        .where(
            Credential.id == credential_id,
            Credential.issued_at.is_not(None),
            Award.person_id == person_id,
        )
    )
    if credential is None:
        raise UnknownCredentialError
    return credential
