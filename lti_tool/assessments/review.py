"""What a learner may see of an ended attempt. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from lti_tool.assessments import content, rules
from lti_tool.assessments.items import FileUpload
from lti_tool.assessments.rules import FormItem, Mark
from lti_tool.core.ids import ItemVersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedItem:
    """One question of an ended attempt, as its learner may look back at it.

    Attributes:
        chosen: what was chosen or written; None for nothing.
        needs_marking: a person has to read it; it has no points so far.
        feedback: the author's word on just that.
        key, rationale, references: None while the learner could still use them, or when
            there are none.
        late: what arrived after the end and did not count; None for nothing.
        files: ids of files that are the answer; names are kept with the files.
    """

    number: int
    title: str | None
    stem: Markup
    chosen: Markup | None
    is_right: bool
    needs_marking: bool
    points_earned: Decimal
    points: Decimal
    feedback: Markup | None
    key: Markup | None
    rationale: Markup | None
    references: Markup | None
    late: Markup | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompetencyResult:
    """What an attempt showed of one competency, in points."""

    name: str
    earned: Decimal
    possible: Decimal


def review_items(
    form: Sequence[FormItem],
    values: Mapping[ItemVersionId, Sequence[str]],
    late: Mapping[ItemVersionId, Sequence[str]],
    *,
    shows_key: bool,
) -> tuple[ReviewedItem, ...]:
    """Return the questions in the form's order.

    Args:
        form: the attempt's questions.
        values: what was chosen, by question.
        late: what arrived after the end, by question.
        shows_key: whether the learner may see what is right and why.
    """
    mark = rules.mark(form, values)
    return tuple(
        _review_item(
            asked,
            mark,
            values.get(asked.id, ()),
            late.get(asked.id, ()),
            shows_key=shows_key,
        )
        for asked in form
    )


def _review_item(
    asked: FormItem,
    mark: Mark,
    value: Sequence[str],
    late: Sequence[str],
    *,
    shows_key: bool,
) -> ReviewedItem:
    item, earned = asked.item, mark.by_item[asked.id]
    told = item.told(value)
    rationale = item.rationale if shows_key else None
    references = item.references if shows_key else ()
    return ReviewedItem(
        number=asked.number,
        title=item.title,
        stem=content.inline(item.stem),
        chosen=told.given,
        is_right=earned == asked.points,
        needs_marking=asked.id in mark.needs_marking,
        points_earned=earned,
        points=asked.points,
        feedback=told.feedback,
        key=told.key if shows_key else None,
        rationale=content.block(rationale) if rationale else None,
        references=Markup().join(map(content.block, references)) if references else None,
        late=item.told(late).given,
        files=tuple(value) if isinstance(item, FileUpload) else (),
    )


def by_competency(
    names: Sequence[str], form: Sequence[FormItem], reviewed: Sequence[ReviewedItem]
) -> tuple[CompetencyResult, ...]:
    """Return points by competency, in the order of `names`; those without questions are left out.

    Args:
        names: the edition's competencies.
        form: the attempt's questions.
        reviewed: the same questions, in the same order.
    """
    found = []
    for name in names:
        own = [
            result for asked, result in zip(form, reviewed, strict=True) if asked.competency == name
        ]
        if own:
            found.append(
                CompetencyResult(
                    name=name,
                    earned=sum((result.points_earned for result in own), Decimal()),
                    possible=sum((result.points for result in own), Decimal()),
                )
            )
    return tuple(found)
