"""What this package announces. Ids only: handlers read current state."""

from dataclasses import dataclass

from lti_tool.core.ids import InstitutionId, PersonId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased:
    """Nobody is to know any more who a person was. Their accounts have no name by now."""

    institution_id: InstitutionId
    person_id: PersonId
    user_ids: tuple[UserId, ...]
