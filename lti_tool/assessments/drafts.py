"""What an author hands in to be published, checked as a whole."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from lti_tool.assessments import content
from lti_tool.assessments.conditions import LONGEST_MINUTES, MOST_ATTEMPTS, Shown
from lti_tool.assessments.items import Item
from lti_tool.assessments.marking import Scheme
from lti_tool.core.ids import AssessmentId, ItemId
from lti_tool.core.language import WRITTEN

LONGEST_NAME = 200
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)
]

# Markdown in one run; may be empty.
Advice = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=1000),
    AfterValidator(content.check),
]


def _known_language(code: str) -> str:
    if code and code not in WRITTEN:
        raise ValueError(f"not among the languages that can be named: {code}")
    return code


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DraftItem(_Part):
    """A question, what it is worth, and which of the edition's competencies it shows.

    Attributes:
        item_id: the question of the bank that this is a version of; None for a new one.
    """

    item: Item
    item_id: ItemId | None = None
    points: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4)] = Decimal(1)
    competency: Name | None = None


class Band(_Part):
    """Words for results from a share of the points on."""

    begins: Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]
    words: Name


class CompetencyAdvice(_Part):
    """The author's words for who has shown a competency, and for who has not yet."""

    mastered: Advice = ""
    not_yet: Advice = ""


class EditionDetails(_Part):
    """What an edition says of itself besides its rules.

    Attributes:
        pass_mark_how: how it was set.
        pass_mark_by: who set it.
        competency_marks: share of a competency's points that shows it, by name.
        competency_advice: words for results in a competency that has a mark of its own, by name.
        bands: lowest first.
        reviewed_by: whoever looked the questions over; empty for nobody.
        supervision: who watches while it is taken. Who somebody is, the LMS's sign-in says.
        markers: how many people mark a long text or a file, neither seeing the other's mark.
        mark_tolerance: share of the points by which two may differ and still agree.
        asks_lead: a lead marker decides where they differ, not any third person.
        language: in which it is written, of `WRITTEN`; empty where nobody said.
    """

    pass_mark_how: Annotated[str, StringConstraints(max_length=4000)] = ""
    pass_mark_by: Annotated[str, StringConstraints(max_length=4000)] = ""
    competency_marks: dict[Name, Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]] = {}
    competency_advice: dict[Name, CompetencyAdvice] = {}
    bands: Annotated[tuple[Band, ...], Field(max_length=20)] = ()
    reviewed_by: Annotated[str, StringConstraints(max_length=4000)] = ""
    reviewed_on: date | None = None
    supervision: Literal["unsupervised", "in_room", "recorded"] = "unsupervised"
    markers: Annotated[int, Field(ge=1, le=2)] = 1
    mark_tolerance: Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)] = Decimal("0.1")
    asks_lead: bool = False
    language: Annotated[str, AfterValidator(_known_language)] = ""

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """Read them as they are kept with an edition; what a later version wrote is left out."""
        return cls.model_validate(
            {name: values[name] for name in cls.model_fields if name in values}
        )

    def to_store(self) -> dict[str, Any]:
        """Return them as they are kept, so that the version before this one reads them as well."""
        without = set() if self.language else {"language"}
        return self.model_dump(mode="json", exclude=without)

    @property
    def scheme(self) -> Scheme:
        """Return how it asks to be marked, at least."""
        return Scheme(
            markers=self.markers,
            tolerance=self.mark_tolerance,
            asks_lead=self.markers > 1 and self.asks_lead,
        )


class EditionDraft(_Part):
    """An edition before it is published.

    Attributes:
        assessment_id: the assessment it will be the newest edition of.
        summary: what passing shows, for learners and for whoever reads the badge.
        competencies: in the order in which results list them.
        pass_mark: share of the points, above 0, up to 1.
        minutes: time allowed; None without a limit.
        max_attempts: a placement may allow fewer; None for as many as it likes.
        cooldown_minutes: from the end of an attempt to the next, at least.
        answers_shown: when learners see their answers again, at the earliest.
        feedback_shown: when they see what was said of them, at the earliest; never before
            them.
        key_shown: when they see what is right, at the earliest; not before their answers.
        items: in the order in which they are asked.
        details: what it says of itself.
    """

    assessment_id: AssessmentId
    title: Name
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
    competencies: tuple[Name, ...] = ()
    pass_mark: Annotated[Decimal, Field(gt=0, le=1, decimal_places=4)]
    minutes: Annotated[int, Field(gt=0, le=LONGEST_MINUTES)] | None = None
    max_attempts: Annotated[int, Field(gt=0, le=MOST_ATTEMPTS)] | None = None
    cooldown_minutes: Annotated[int, Field(ge=0, le=LONGEST_MINUTES)] = 0
    answers_shown: Shown = Shown.AT_ONCE
    feedback_shown: Shown = Shown.AT_ONCE
    key_shown: Shown = Shown.SETTLED
    items: Annotated[tuple[DraftItem, ...], Field(min_length=1, max_length=500)]
    details: EditionDetails = EditionDetails()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        unknown = {draft.competency for draft in self.items} - {None, *self.competencies}
        if unknown:
            raise ValueError(f"not among the competencies: {', '.join(sorted(map(str, unknown)))}")
        banked = [draft.item_id for draft in self.items if draft.item_id is not None]
        if len(set(banked)) < len(banked):
            raise ValueError("a question of the bank is asked twice")
        return self
