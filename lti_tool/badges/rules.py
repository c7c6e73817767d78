"""What can be earned and why it was: values that cannot be wrong."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from lti_tool.badges.artwork import Artwork
from lti_tool.core.ids import AssessmentId


class AchievementType(StrEnum):
    """The kinds of achievement we make; words of Open Badges 3.0 §B.1.4."""

    MICRO_CREDENTIAL = "MicroCredential"
    CERTIFICATE = "Certificate"
    DIPLOMA = "Diploma"
    DEGREE = "Degree"
    COMPETENCY = "Competency"


class CauseKind(StrEnum):
    """What can make an award."""

    PASS = "pass"  # noqa: S105 - an attempt passed; its id is the cause's
    PATHWAY = "pathway"  # a pathway completed; its completion's id
    DECISION = "decision"  # a person decided, with a reason; the decision's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why an award was made.

    Attributes:
        id: of the attempt, completion or decision; the same cause twice counts once.
        caused_at: aware.
        reason: needed for a decision, in words.
    """

    kind: CauseKind
    id: UUID
    caused_at: datetime
    reason: str | None = None

    def __post_init__(self) -> None:
        """Refuse a cause that could not be explained later."""
        if self.caused_at.tzinfo is None:
            raise ValueError("a cause without a time zone")
        if self.kind is CauseKind.DECISION and not (self.reason or "").strip():
            raise ValueError("a decision needs its reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementDraft:
    """An achievement as its author leaves it, to be published.

    Attributes:
        description: what its holder can do.
        criteria: what one must do to earn it.
        credits: such as ECTS credits, 0 or more; None when it has none.
        assessment_id: whose pass earns it; None for what a pathway or a person awards.
    """

    name: str
    description: str
    criteria: str
    achievement_type: AchievementType
    artwork: Artwork
    credits: Decimal | None = None
    assessment_id: AssessmentId | None = None

    def __post_init__(self) -> None:
        """Refuse what no reader of the credential could make sense of."""
        for name in ("name", "description", "criteria"):
            if not getattr(self, name).strip():
                raise ValueError(f"an achievement without {name}")
        if self.credits is not None and self.credits < 0:
            raise ValueError("negative credits")
