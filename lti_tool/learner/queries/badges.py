"""A learner's own badges, each by the credential they hold."""

from dataclasses import replace

from sqlalchemy.orm import Session

from lti_tool.badges.queries import HeldBadge, list_held
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import CredentialId, PersonId
from lti_tool.core.language import phrase


def list_badges(session: Session, person_id: PersonId | None) -> list[HeldBadge]:
    """Return what somebody holds, from every platform, the newest first."""
    return list_held(session, person_id) if person_id else []


def get_badge(
    session: Session, person_id: PersonId | None, credential_id: CredentialId
) -> HeldBadge:
    """Return a signed badge that somebody holds, in the form of this credential.

    Raises:
        NotFoundError: there is none, it is somebody else's, or it was taken back.
    """
    for badge in list_badges(session, person_id):
        if badge.credential_id == credential_id:
            return badge
        for form in badge.detailed:
            if form.credential_id == credential_id:
                return replace(
                    badge, credential_id=form.credential_id, particulars=form.particulars
                )
    raise NotFoundError(phrase("You have no such badge, or it has been taken back."))
