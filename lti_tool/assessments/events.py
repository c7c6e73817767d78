"""What this package announces. Ids and versions only: handlers read current state."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lti_tool.core.ids import (
    AssessmentId,
    AttemptId,
    EditionId,
    InstitutionId,
    PlacementId,
    UserId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementResultChanged:
    """What a learner's attempts at a placement come to is new or different.

    Attributes:
        version: 1 for the first result, then one more with each change.
    """

    institution_id: InstitutionId
    placement_id: PlacementId
    user_id: UserId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementPutBack:
    """A link leads to a placement again after it led to another: its column has that one's grades.

    Announced each time.
    """

    institution_id: InstitutionId
    placement_id: PlacementId


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentPassed:
    """One attempt reached the pass mark, whatever the placement's policy makes of it.

    Announced for each passing attempt, so possibly several times for one learner.
    """

    institution_id: InstitutionId
    placement_id: PlacementId
    edition_id: EditionId
    assessment_id: AssessmentId
    user_id: UserId
    attempt_id: AttemptId
    passed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeAsked:
    """A run over all courses has placements left to look at, or to score."""

    institution_id: InstitutionId
    run_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentPassLost:
    """An attempt that had passed no longer does: a mark or a key was changed."""

    institution_id: InstitutionId
    placement_id: PlacementId
    assessment_id: AssessmentId
    user_id: UserId
    attempt_id: AttemptId
    lost_at: datetime
