"""What issuers send us: achievements, awards, withdrawals."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from lti_tool.badges import letters
from lti_tool.badges.artwork import Artwork, Outline
from lti_tool.badges.artwork import Field as Sign
from lti_tool.badges.details import (
    Alignment,
    Details,
    Evidence,
    Framework,
    Participation,
    Stackability,
    Supervision,
)
from lti_tool.badges.pictures import PictureKind, UploadedPicture
from lti_tool.badges.rules import AchievementDraft, AchievementType
from lti_tool.core.errors import InvalidRequestError
from lti_tool.core.ids import AssessmentId
from lti_tool.core.language import phrase

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Optional = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _figures(value: object) -> object:
    """Take a decimal comma for what it is; nobody groups numbers this small."""
    return value.replace(",", ".") if isinstance(value, str) else value


Number = Annotated[Decimal | None, BeforeValidator(_none_if_empty), BeforeValidator(_figures)]


def _capitals(value: object) -> object:
    return value.strip().upper() or None if isinstance(value, str) else value


def _drawable(value: str | None) -> str | None:
    if value is not None and not letters.can_be_drawn(value):
        raise ValueError("cannot be drawn")
    return value


def look_letters(written: str) -> str | None:
    """Return the letters as they are drawn; None for what cannot be, so that the sign stands."""
    capitals = written.strip().upper()
    return capitals if letters.can_be_drawn(capitals) else None


Letters = Annotated[
    Annotated[str, StringConstraints(max_length=200)] | None, BeforeValidator(_capitals)
]


class AchievementForm(BaseModel):
    """An achievement as its author fills it in.

    `outcomes` has one a line; `alignments` has `framework | name | address | code` a line.
    `picture_id` and `picture_kind` name one that was uploaded before; `drawn` gives it up.
    `earned_by` is the assessment whose pass earns it; of a new achievement only.
    """

    model_config = ConfigDict(extra="forbid")

    name: Line
    description: Words
    criteria: Words
    kind: AchievementType
    outline: Outline
    sign: Sign
    colour: Annotated[Sign | None, BeforeValidator(_none_if_empty)] = None
    letters: Letters = None
    stones: Annotated[int, Field(ge=1, le=4)]
    credits: Number = None
    level: Optional = ""
    valid_months: Annotated[int | None, BeforeValidator(_none_if_empty)] = None
    outcomes: Optional = ""
    workload_hours: Number = None
    country: Optional = ""
    participation: Participation = Participation.ONLINE
    assessment: Line
    quality: Line
    supervision: Supervision = Supervision.UNSUPERVISED
    stackability: Stackability = Stackability.STACKABLE
    prerequisites: Optional = ""
    alignments: Optional = ""
    picture_id: Annotated[str, StringConstraints(pattern="^(?:[0-9a-f]{64})?$")] = ""
    picture_kind: PictureKind | Literal[""] = ""
    picture_words: Optional = ""
    drawn: bool = False
    earned_by: Annotated[UUID | None, BeforeValidator(_none_if_empty)] = None

    def draft(self) -> AchievementDraft:
        """Return it as the services take it.

        Raises:
            InvalidRequestError: something in it contradicts itself.
        """
        try:
            return AchievementDraft(
                name=self.name,
                description=self.description,
                criteria=self.criteria,
                achievement_type=self.kind,
                artwork=Artwork(
                    outline=self.outline,
                    field=self.sign,
                    level=self.stones,
                    colour=self.colour,
                    letters=self.letters,
                ),
                credits=self.credits,
                details=Details(
                    level=self.level or None,
                    valid_months=self.valid_months,
                    alignments=tuple(map(_alignment, self.alignments.splitlines())),
                    outcomes=tuple(filter(None, map(str.strip, self.outcomes.splitlines()))),
                    workload_hours=self.workload_hours,
                    country=self.country.upper() or None,
                    participation=self.participation,
                    assessment=self.assessment,
                    quality=self.quality,
                    supervision=self.supervision,
                    stackability=self.stackability,
                    prerequisites=self.prerequisites or None,
                ),
                picture=self._picture(),
                assessment_id=None if self.earned_by is None else AssessmentId(self.earned_by),
            )
        except ValueError as error:
            raise InvalidRequestError(
                phrase(
                    "Please check: %(value)s.",
                    value=error,
                )
            ) from error

    def _picture(self) -> UploadedPicture | None:
        if self.drawn or not self.picture_id or self.picture_kind == "":
            return None
        return UploadedPicture(id=self.picture_id, kind=self.picture_kind, words=self.picture_words)

    @classmethod
    def filled_in(cls, draft: AchievementDraft) -> dict[str, str]:
        """Return the fields as the page shows them for an achievement there is."""
        details = draft.details
        return {
            "name": draft.name,
            "description": draft.description,
            "criteria": draft.criteria,
            "kind": draft.achievement_type,
            "outline": draft.artwork.outline,
            "sign": draft.artwork.field,
            "colour": draft.artwork.colour or "",
            "letters": draft.artwork.letters or "",
            "stones": str(draft.artwork.level),
            "credits": "" if draft.credits is None else f"{draft.credits.normalize():f}",
            "level": details.level or "",
            "valid_months": "" if details.valid_months is None else str(details.valid_months),
            "outcomes": "\n".join(details.outcomes),
            "workload_hours": "" if details.workload_hours is None else str(details.workload_hours),
            "country": details.country or "",
            "participation": details.participation,
            "assessment": details.assessment,
            "quality": details.quality,
            "supervision": details.supervision,
            "stackability": details.stackability,
            "prerequisites": details.prerequisites or "",
            "alignments": "\n".join(
                " | ".join(filter(None, (one.framework, one.name, one.url, one.code)))
                for one in details.alignments
            ),
            **cls.named_picture(draft.picture),
            "drawn": "",
        }

    @classmethod
    def named_picture(cls, picture: UploadedPicture | None) -> dict[str, str]:
        """Return the fields that name a picture that was uploaded."""
        if picture is None:
            return {"picture_id": "", "picture_kind": "", "picture_words": ""}
        return {
            "picture_id": picture.id,
            "picture_kind": picture.kind,
            "picture_words": picture.words,
        }


class LookForm(BaseModel):
    """What a badge is to be drawn from, before there is one.

    Attributes:
        of: the achievement whose contour lines it has; a new one has its own only when published.
    """

    model_config = ConfigDict(extra="forbid")

    outline: Outline
    sign: Sign
    colour: Annotated[Sign | None, BeforeValidator(_none_if_empty)] = None
    letters: Annotated[Letters, AfterValidator(_drawable)] = None
    stones: Annotated[int, Field(ge=1, le=4)]
    of: UUID = UUID(int=0)

    def artwork(self) -> Artwork:
        """Return it as it is drawn from."""
        return Artwork(
            outline=self.outline,
            field=self.sign,
            level=self.stones,
            colour=self.colour,
            letters=self.letters,
        )


class AwardForm(BaseModel):
    """An award by hand."""

    model_config = ConfigDict(extra="forbid")

    who: Line
    reason: Words
    evidence: Optional = ""
    evidence_url: Optional = ""
    decision_id: UUID

    def pieces(self) -> tuple[Evidence, ...]:
        """Return the evidence.

        Raises:
            InvalidRequestError: its address is none.
        """
        if not self.evidence and not self.evidence_url:
            return ()
        try:
            return (
                Evidence(
                    name="Evidence",
                    narrative=self.evidence or None,
                    url=self.evidence_url or None,
                ),
            )
        except ValueError as error:
            raise InvalidRequestError(
                phrase(
                    "Please check: %(value)s.",
                    value=error,
                )
            ) from error


class TableForm(BaseModel):
    """What goes with a table of awards; the table is a file."""

    model_config = ConfigDict(extra="forbid")

    reason: Words
    batch_id: UUID


class WithdrawalForm(BaseModel):
    """Why an award is taken back."""

    model_config = ConfigDict(extra="forbid")

    reason: Words


class ReviewForm(BaseModel):
    """What becomes of an award whose reason has fallen away, and why."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["keep", "withdraw"]
    reason: Words


class ReplacementForm(BaseModel):
    """What comes after an achievement; empty for nothing."""

    model_config = ConfigDict(extra="forbid")

    replaced_by: UUID | Literal[""] = ""


def _alignment(line: str) -> Alignment:
    framework, name, url, code = [*map(str.strip, line.split("|")), "", "", ""][:4]
    try:
        return Alignment(framework=Framework(framework), name=name, url=url, code=code or None)
    except ValueError as error:
        raise ValueError(f"the competency “{line.strip()[:80]}”, {error}") from error
