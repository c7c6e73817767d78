"""What others may hear of awards."""

from dataclasses import dataclass
from datetime import datetime

from lti_tool.core.ids import AchievementId, AwardId, InstitutionId, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardGranted:
    """A person holds an achievement: for the first time, or again after a withdrawal."""

    institution_id: InstitutionId
    award_id: AwardId
    person_id: PersonId
    achievement_id: AchievementId
    awarded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardEarnedAgain:
    """A person who holds an achievement earned it once more: it may end later, or weigh more.

    Said again when such a pass is lost, or comes back: whoever counts, counts anew.
    """

    institution_id: InstitutionId
    award_id: AwardId
    person_id: PersonId
    achievement_id: AchievementId
    earned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWithdrawn:
    """A person no longer holds an achievement, and its credential is revoked."""

    institution_id: InstitutionId
    award_id: AwardId
    person_id: PersonId
    achievement_id: AchievementId
