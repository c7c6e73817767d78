"""A learner's own badges, each by the credential they hold."""

from sqlalchemy.orm import Session

from lti_tool.badges.queries import HeldBadge, list_held
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import CredentialId, PersonId, UserId
from lti_tool.people.queries import find_person


def list_badges(session: Session, user_id: UserId) -> list[HeldBadge]:
    """Return what the user's person holds, from every platform, the newest first."""
    person_id = find_person(session, user_id)
    return list_held(session, person_id) if person_id else []


def get_badge(
    session: Session, user_id: UserId, credential_id: CredentialId
) -> tuple[PersonId, HeldBadge]:
    """Return who holds a signed badge, and the badge.

    Raises:
        NotFoundError: there is none, it is somebody else's, or it was taken back.
    """
    person_id = find_person(session, user_id)
    for badge in list_held(session, person_id) if person_id else []:
        if person_id and badge.credential_id == credential_id:
            return person_id, badge
    raise NotFoundError("You have no such badge, or it has been taken back.")
