"""An assessment with questions that a person marks, and answers to them."""

from dataclasses import dataclass, field
from decimal import Decimal

from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.items import LongText
from lti_tool.assessments.marking import Decision
from lti_tool.assessments.services import (
    create_assessment,
    create_placement,
    mark_answer,
    open_attempt,
    publish_edition,
    save_response,
    submit_attempt,
)
from lti_tool.core.ids import AttemptId, ItemVersionId, PlacementId, UserId
from tests.assessments.factories import Page, University, form_of, learner, question, university

RUBRIC = [
    {
        "id": id_,
        "text": text,
        "levels": [
            {"id": "full", "text": "Convincing", "share": "1"},
            {"id": "half", "text": "In part", "share": "0.5"},
            {"id": "none", "text": "Missing", "share": "0"},
        ],
    }
    for id_, text in (("claim", "The claim"), ("sources", "Its sources"))
]


def essay(**extra: object) -> LongText:
    return LongText.model_validate({"stem": "Argue.", "title": "An argument", **extra})


@dataclass
class Written:
    """A choice worth 1 point, an argument with a rubric worth 4, one without worth 5."""

    place: University = field(default_factory=university)
    placement_id: PlacementId = field(init=False)
    marker: UserId = field(init=False)

    def __post_init__(self) -> None:
        draft = EditionDraft(
            assessment_id=create_assessment(self.place.id, "Arguing"),
            title="Arguing",
            summary="",
            pass_mark=Decimal("0.5"),
            items=(
                DraftItem(item=question("a")),
                DraftItem(item=essay(rubric=RUBRIC, model_answer="So."), points=Decimal(4)),
                DraftItem(item=essay(title="Another"), points=Decimal(5)),
            ),
        )
        self.placement_id = create_placement(
            self.place.id,
            publish_edition(self.place.id, draft),
            context_id=None,
            created_by=None,
            title="Arguing",
        )
        self.marker = learner(self.place)

    def hand_in(
        self, *answers: str, user_id: UserId | None = None
    ) -> tuple[AttemptId, list[ItemVersionId]]:
        """Take it to the end: the letter of the choice, then the two texts."""
        user_id = user_id or learner(self.place)
        attempt_id = open_attempt(self.place.id, self.placement_id, user_id)
        asked, page = form_of(self.place, attempt_id), Page()
        for item, text in zip(asked, answers, strict=True):
            if text:
                save = page.save(item, "")
                save = type(save)(
                    **{name: getattr(save, name) for name in save.__slots__} | {"value": (text,)}
                )
                save_response(self.place.id, attempt_id, save, user_id=user_id)
        submit_attempt(self.place.id, attempt_id, user_id=user_id)
        return attempt_id, asked

    def mark(  # noqa: PLR0913 - what a decision consists of
        self,
        attempt_id: AttemptId,
        item: ItemVersionId,
        points: str | None = None,
        *,
        seen: int = 0,
        comment: str = "",
        by: UserId | None = None,
        **levels: str,
    ) -> None:
        decision = Decision(
            points=Decimal(points) if points is not None else None,
            levels=levels,
            comment=comment,
            seen=seen,
        )
        mark_answer(
            self.place.id,
            self.placement_id,
            attempt_id,
            item,
            decision,
            marked_by=by or self.marker,
        )
