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


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMet:
    """Somebody is known for the first time, by one account; they may be known by another."""

    institution_id: InstitutionId
    person_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsMerged:
    """Two persons turned out to be one; all that was `gone_id`'s is `kept_id`'s now."""

    institution_id: InstitutionId
    merge_id: UUID
    kept_id: PersonId
    gone_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsSplit:
    """A merge was undone: each has again what was theirs."""

    institution_id: InstitutionId
    merge_id: UUID
    kept_id: PersonId
    gone_id: PersonId
