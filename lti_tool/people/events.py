"""What this package announces. Ids only: handlers read current state."""

from dataclasses import dataclass
from uuid import UUID

from lti_tool.core.ids import InstitutionId, PersonId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased:
    """Nobody is to know any more who a person was. Their accounts have no name by now."""

    institution_id: InstitutionId
    person_id: PersonId
    user_ids: tuple[UserId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLinkAsked:
    """Somebody wants a link mailed; whether it is, is decided where it is sent."""

    institution_id: InstitutionId
    link_id: UUID
