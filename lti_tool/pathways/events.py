"""What pathways announce."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lti_tool.core.ids import InstitutionId, PathwayId, PathwayVersionId, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayPublished:
    """A pathway has a new version; who holds awards already may be on it."""

    institution_id: InstitutionId
    pathway_id: PathwayId
    version_id: PathwayVersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAsked:
    """Something is to be decided about many people, or about those of them who are left."""

    institution_id: InstitutionId
    batch_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayCompleted:
    """Somebody came to meet all of a pathway; again, if a part had fallen away.

    Attributes:
        completion_id: tells one completion from the next.
        completed_at: when the last award that was needed was made.
    """

    institution_id: InstitutionId
    pathway_id: PathwayId
    version_id: PathwayVersionId
    person_id: PersonId
    completed_at: datetime
    completion_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayMoveAsked:
    """Somebody wants everybody on a pathway moved, or to know what that would change."""

    institution_id: InstitutionId
    move_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayRecountAsked:
    """A rule changed: everybody on a pathway is to be counted anew, by several hands at once."""

    institution_id: InstitutionId
    pathway_id: PathwayId
    hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayNoticeGiven:
    """Somebody is to be told that a completion of theirs lapses or has lapsed."""

    institution_id: InstitutionId
    notice_id: UUID
