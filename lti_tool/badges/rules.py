"""What can be earned and why it was: values that cannot be wrong."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from lti_tool.badges.artwork import Artwork
from lti_tool.badges.details import PLAIN, Details, Evidence
from lti_tool.badges.pictures import UploadedPicture
from lti_tool.core.ids import AssessmentId
from lti_tool.core.language import phrase


class AchievementType(StrEnum):
    """The kinds of achievement we make; words of Open Badges 3.0 §B.1.4."""

    MICRO_CREDENTIAL = "MicroCredential"
    CERTIFICATE = "Certificate"
    DIPLOMA = "Diploma"
    DEGREE = "Degree"
    COMPETENCY = "Competency"


KIND_WORDS = {
    AchievementType.MICRO_CREDENTIAL: phrase("Micro-credential"),
    AchievementType.CERTIFICATE: phrase("Certificate"),
    AchievementType.DIPLOMA: phrase("Diploma"),
    AchievementType.DEGREE: phrase("Degree"),
    AchievementType.COMPETENCY: phrase("Competency"),
}


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
        evidence: what a decision rests on.
    """

    kind: CauseKind
    id: UUID
    caused_at: datetime
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a cause that could not be explained later."""
        if self.caused_at.tzinfo is None:
            raise ValueError("a cause without a time zone")
        if self.kind is CauseKind.DECISION and not (self.reason or "").strip():
            raise ValueError("a decision needs its reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """What a link shows beside the badge itself, and for how long.

    Attributes:
        name: the holder's.
        result: the points of the attempt that earned it.
        label: the holder's note of whom it is for; nobody else sees it.
        until: aware; None until it is taken back.
    """

    name: bool
    result: bool = False
    label: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementDraft:
    """An achievement as its author leaves it, to be published.

    Attributes:
        description: what its holder can do.
        criteria: what one must do to earn it.
        credits: such as ECTS credits, 0 or more; None when it has none.
        assessment_id: whose pass earns it; None for what a pathway or a person awards.
        details: what else its readers want to know.
        picture: shown in place of the artwork; None where that is drawn.
    """

    name: str
    description: str
    criteria: str
    achievement_type: AchievementType
    artwork: Artwork
    credits: Decimal | None = None
    assessment_id: AssessmentId | None = None
    details: Details = PLAIN
    picture: UploadedPicture | None = None

    def __post_init__(self) -> None:
        """Refuse what no reader of the credential could make sense of."""
        for name in ("name", "description", "criteria"):
            if not getattr(self, name).strip():
                raise ValueError(f"an achievement without {name}")
        if self.credits is not None and self.credits < 0:
            raise ValueError("negative credits")

    def to_json(self) -> dict[str, Any]:
        """Return what an edition of it says, for storage; the assessment is not part of that."""
        return {
            "name": self.name.strip(),
            "description": self.description.strip(),
            "criteria": self.criteria.strip(),
            "achievement_type": self.achievement_type.value,
            "artwork": self.artwork.to_json(),
            "credits": None if self.credits is None else str(self.credits),
            "details": self.details.to_json(),
            **({} if self.picture is None else {"picture": self.picture.to_json()}),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "AchievementDraft":
        """Return what `to_json` wrote."""
        credits_, picture = stored["credits"], stored.get("picture")
        return cls(
            name=stored["name"],
            description=stored["description"],
            criteria=stored["criteria"],
            achievement_type=AchievementType(stored["achievement_type"]),
            artwork=Artwork.from_json(stored["artwork"]),
            credits=None if credits_ is None else Decimal(credits_),
            details=Details.from_json(stored["details"]),
            picture=None if picture is None else UploadedPicture.from_json(picture),
        )


def ends_at(awarded_at: datetime, valid_months: int | None) -> datetime | None:
    """Return when an award ends: the same day of the month, or the last if there is none."""
    if valid_months is None:
        return None
    years, month = divmod(awarded_at.month - 1 + valid_months, 12)
    year, month = awarded_at.year + years, month + 1
    day = min(awarded_at.day, monthrange(year, month)[1])
    return awarded_at.replace(year=year, month=month, day=day)
