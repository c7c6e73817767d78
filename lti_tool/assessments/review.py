"""What a learner may see of an ended attempt. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from markupsafe import Markup

from lti_tool.assessments import content, rules
from lti_tool.assessments.drafts import EditionDetails
from lti_tool.assessments.items import FileUpload, Item, LongText, listed, written_text
from lti_tool.assessments.rules import FormItem, Given, Mark
from lti_tool.core.ids import ItemVersionId
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedCriterion:
    """One thing that a marker looked at, and how well it was met."""

    name: str
    level: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedItem:
    """One question of an ended attempt, as its learner may look back at it.

    Attributes:
        chosen: what was chosen or written, or that it is no longer kept; None for nothing.
        needs_marking: a person has to read it; it has no points so far.
        by_person: a person has marked it.
        feedback: the author's word on just that; None, too, while it is not shown.
        key, rationale, references: None while the learner could still use them, or when
            there are none.
        late: what arrived after the end and did not count; None for nothing.
        files: ids of files that are the answer; names are kept with the files.
        criteria: what the marker chose of the rubric, in its order; empty while not shown.
        comment: the marker's; None for none, and while it is not shown.
    """

    id: ItemVersionId
    number: int
    title: str | None
    stem: Markup
    chosen: Markup | None
    is_right: bool
    needs_marking: bool
    by_person: bool
    points_earned: Decimal
    points: Decimal
    feedback: Markup | None
    key: Markup | None
    rationale: Markup | None
    references: Markup | None
    late: Markup | None
    files: tuple[str, ...]
    criteria: tuple[ReviewedCriterion, ...]
    comment: Markup | None


class Standing(StrEnum):
    """Whether a competency was shown, by its own mark.

    WAITING: a person has yet to read what may still decide it.
    """

    MASTERED = "mastered"
    NOT_YET = "not_yet"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompetencyResult:
    """What an attempt showed of one competency, in points.

    Attributes:
        needed: to have shown it; None where it has no mark of its own.
        standing: None there, too.
        advice: the author's words for that; None for none.
    """

    name: str
    earned: Decimal
    possible: Decimal
    needed: Decimal | None = None
    standing: Standing | None = None
    advice: Markup | None = None


def review_items(  # noqa: PLR0913 - what is known, and what of it is shown
    form: Sequence[FormItem],
    values: Mapping[ItemVersionId, Sequence[str]],
    late: Mapping[ItemVersionId, Sequence[str]],
    given: Mapping[ItemVersionId, Given],
    *,
    shows_key: bool,
    shows_feedback: bool = True,
    kept_points: Mapping[ItemVersionId, Decimal] | None = None,
) -> tuple[ReviewedItem, ...]:
    """Return the questions in the form's order.

    Args:
        form: the attempt's questions.
        values: what was chosen, by question.
        late: what arrived after the end, by question.
        given: by people who marked, by question.
        shows_key: whether the learner may see what is right and why.
        shows_feedback: whether they may see what was said of their answers.
        kept_points: what each answer was worth, of an attempt whose answers are gone; a question
            that is not in it had none. None while answers say that themselves.
    """
    if kept_points is not None:
        return tuple(
            _without_answer(asked, kept_points, given.get(asked.id), shows_key=shows_key)
            for asked in form
        )
    mark = rules.mark(form, values, given)
    return tuple(
        _review_item(
            asked,
            mark,
            values.get(asked.id, ()),
            late.get(asked.id, ()),
            given.get(asked.id),
            shows_key=shows_key,
            shows_feedback=shows_feedback,
        )
        for asked in form
    )


def _review_item(  # noqa: PLR0913 - all that is known of one answer
    asked: FormItem,
    mark: Mark,
    value: Sequence[str],
    late: Sequence[str],
    given: Given | None,
    *,
    shows_key: bool,
    shows_feedback: bool,
) -> ReviewedItem:
    item, earned = asked.item, mark.by_item[asked.id]
    told = item.told(value)
    said = given if shows_feedback else None
    rationale = item.rationale if shows_key else None
    references = item.references if shows_key else ()
    return ReviewedItem(
        id=asked.id,
        number=asked.number,
        title=item.title,
        stem=content.inline(item.stem),
        chosen=told.given,
        is_right=earned == asked.points,
        needs_marking=asked.id in mark.needs_marking,
        by_person=given is not None and item.score(value).needs_marking,
        points_earned=earned,
        points=asked.points,
        feedback=told.feedback if shows_feedback else None,
        key=told.key if shows_key else None,
        rationale=content.block(rationale) if rationale else None,
        references=Markup().join(map(content.block, references)) if references else None,
        late=item.told(late).given,
        files=tuple(value) if isinstance(item, FileUpload) else (),
        criteria=_criteria(item, said),
        comment=written_text(said.comment) if said and said.comment else None,
    )


def _without_answer(
    asked: FormItem,
    kept_points: Mapping[ItemVersionId, Decimal],
    given: Given | None,
    *,
    shows_key: bool,
) -> ReviewedItem:
    """Return a question whose answer is gone; what that was worth is left."""
    mark = Mark(earned=Decimal(), possible=asked.points, by_item={asked.id: Decimal()})
    unanswered = _review_item(asked, mark, (), (), None, shows_key=shows_key, shows_feedback=False)
    earned = kept_points.get(asked.id, Decimal())
    is_answered = asked.id in kept_points
    return replace(
        unanswered,
        chosen=listed([phrase("The answer is no longer kept.")]) if is_answered else None,
        points_earned=earned,
        is_right=earned == asked.points,
        by_person=given is not None,
    )


def _criteria(item: Item, given: Given | None) -> tuple[ReviewedCriterion, ...]:
    if given is None or not isinstance(item, FileUpload | LongText):
        return ()
    return tuple(
        ReviewedCriterion(name=criterion.text, level=content.inline(level.text))
        for criterion in item.rubric
        for level in criterion.levels
        if given.levels.get(criterion.id) == level.id
    )


def by_competency(
    names: Sequence[str],
    form: Sequence[FormItem],
    reviewed: Sequence[ReviewedItem],
    details: EditionDetails,
) -> tuple[CompetencyResult, ...]:
    """Return results by competency, in the order of `names`; those without questions are left out.

    Args:
        names: the edition's competencies.
        form: the attempt's questions.
        reviewed: the same questions, in the same order.
        details: the edition's; they have the marks and words of competencies.
    """
    found = []
    for name in names:
        own = [
            result for asked, result in zip(form, reviewed, strict=True) if asked.competency == name
        ]
        if own:
            found.append(_competency(name, own, details))
    return tuple(found)


def _competency(
    name: str, own: Sequence[ReviewedItem], details: EditionDetails
) -> CompetencyResult:
    earned = sum((result.points_earned for result in own), Decimal())
    possible = sum((result.points for result in own), Decimal())
    mark = details.competency_marks.get(name)
    if mark is None:
        return CompetencyResult(name=name, earned=earned, possible=possible)
    waiting = sum((result.points for result in own if result.needs_marking), Decimal())
    standing = Standing.NOT_YET
    if rules.reaches(earned, possible, mark):
        standing = Standing.MASTERED
    elif rules.reaches(earned + waiting, possible, mark):
        standing = Standing.WAITING
    return CompetencyResult(
        name=name,
        earned=earned,
        possible=possible,
        needed=mark * possible,
        standing=standing,
        advice=_advice(name, standing, details),
    )


def _advice(name: str, standing: Standing, details: EditionDetails) -> Markup | None:
    advice = details.competency_advice.get(name)
    if advice is None or standing is Standing.WAITING:
        return None
    words = advice.mastered if standing is Standing.MASTERED else advice.not_yet
    return content.inline(words) if words else None


def band_of(details: EditionDetails, earned: Decimal, possible: Decimal) -> str | None:
    """Return the author's words for a result: of the highest band that it reaches, if any."""
    reached = [band for band in details.bands if rules.reaches(earned, possible, band.begins)]
    return max(reached, key=lambda band: band.begins).words if reached else None
