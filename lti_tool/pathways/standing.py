"""What screens show of pathways: values, read by `queries`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from lti_tool.core.ids import AchievementId, AwardId, PathwayId, PersonId
from lti_tool.pathways.rules import Evaluation, Held

# Of a learner on a pathway. Lapsed: completed, and a part fell away since. Stalled: under way, and
# nothing has counted for long. Expiring: time will soon take something away.
State = Literal["completed", "lapsed", "one_away", "under_way", "stalled", "expiring"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a person is on a pathway.

    Attributes:
        share: 0 to 1; exactly 1 means all is met now.
        missing: how many stones are needed at least.
        stones_needed: how many somebody with nothing would need at least.
        completed_at: when it was completed; stays when a part falls away.
    """

    version_number: int
    share: Decimal
    missing: int
    stones_needed: int
    completed_at: datetime | None

    @property
    def stones_laid(self) -> int:
        """Return how many of `stones_needed` are there."""
        return self.stones_needed - self.missing

    @property
    def lapsed(self) -> bool:
        """Tell whether a part fell away after completion."""
        return self.completed_at is not None and self.missing > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """One leaf of a pathway as a learner sees it.

    Attributes:
        awarded_at: when the learner earned it, None: not yet.
        is_nearest: it belongs to the shortest way to completion.
    """

    requirement_id: UUID
    achievement_id: AchievementId
    name: str
    awarded_at: datetime | None
    is_nearest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayStanding(Standing):
    """Where a person stands on one pathway, and why.

    Attributes:
        stones: leaves of the expression, in display order.
        evaluation: the tree of reasons and the nearest way.
        awards: what is held of what the pathway names, and `names` of achievements: what
            `words.explain` asks for.
    """

    pathway_id: PathwayId
    title: str
    achievement_id: AchievementId
    achievement_name: str
    stones: tuple[Stone, ...]
    evaluation: Evaluation
    awards: Mapping[AwardId, Held]
    names: Mapping[AchievementId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerRow(Standing):
    """A line of the registrar's table.

    Attributes:
        nearest: names of the achievements on the shortest way to completion.
        quiet_since: when something last began to count, by which it is told who stalled; until
            something does, when they came onto the pathway.
    """

    person_id: PersonId
    quiet_since: datetime
    nearest: tuple[str, ...]

    @property
    def key(self) -> tuple[int, PersonId]:
        """Return what to pass as `after` for the page that follows this row."""
        return self.missing, self.person_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayHead:
    """What heads the pages of a pathway; version and stones of the newest."""

    pathway_id: PathwayId
    title: str
    achievement_name: str
    version_number: int
    stones_needed: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayOverview:
    """A pathway and how many people are where on it; version and stones of the newest."""

    pathway_id: PathwayId
    title: str
    achievement_id: AchievementId
    achievement_name: str
    version_number: int
    stones_needed: int
    learners: int
    one_away: int
    completed: int
    lapsed: int
