"""Reads for marking: which answers of a placement a person marks, and in which order."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath

from markupsafe import Markup
from sqlalchemy import Row, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments import content, marking, queries
from lti_tool.assessments.conditions import Shown
from lti_tool.assessments.items import Criterion
from lti_tool.assessments.marking import Scheme, Standing
from lti_tool.assessments.models import (
    Attachment,
    Attempt,
    EditionItem,
    ItemMark,
    ItemVersion,
    Placement,
    Response,
)
from lti_tool.assessments.review import ReviewedItem, review_items
from lti_tool.core.ids import AttachmentId, AttemptId, ItemVersionId, UserId
from lti_tool.platforms.models import User

_POINTS = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,4})?")
_MARKED_BY_PEOPLE = ("long_text", "file_upload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer that a person marks.

    Attributes:
        position: of its question in the edition, from 1.
        question: what to call the question.
        name: of the learner; None where the platform does not say.
        code: what to call the learner while names are hidden.
        number: of the attempt.
        points: given so far; None while somebody has yet to mark.
        waits: for a mark that the viewer can give.
        is_own: the viewer has marked it.
        differ: two have marked it and do not agree.
    """

    attempt_id: AttemptId
    item_version_id: ItemVersionId
    position: int
    question: str
    name: str | None
    code: str
    number: int
    submitted_at: datetime
    points: Decimal | None
    out_of: Decimal
    waits: bool
    is_own: bool
    differ: bool

    @property
    def key(self) -> tuple[AttemptId, ItemVersionId]:
        """Return which answer it is."""
        return self.attempt_id, self.item_version_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """The answers to one question, or of one attempt, and how many of them wait.

    Attributes:
        first: where to begin: the first that waits, or else the first.
    """

    first: Answer
    answers: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OldMark:
    """A mark that an answer has had; `by` is who gave it."""

    mark: ItemMark
    by: str | None
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingPage:
    """All that a marker needs to know about one answer.

    Attributes:
        model_answer: for markers; None where the author wrote none.
        level_texts: of the rubric, by criterion and level, to be shown.
        rubric_points: what the chosen levels come to; None while one is missing.
        history: every mark of it that the viewer may see, newest first.
        takes: the viewer may mark it, or change their mark.
        shown: when the learner sees a comment.
    """

    answer: Answer
    item: ReviewedItem
    stimulus: Markup | None
    model_answer: Markup | None
    rubric: tuple[Criterion, ...]
    level_texts: dict[str, dict[str, Markup]]
    rubric_points: Decimal | None
    attachments: dict[str, Attachment]
    history: tuple[OldMark, ...]
    scheme: Scheme
    viewer: UserId
    takes: bool
    shown: Shown

    @property
    def leads(self) -> bool:
        """Tell whether the viewer decides where two differ, and marks nothing else."""
        return self.scheme.is_led and self.viewer == self.scheme.lead

    @property
    def own(self) -> ItemMark | None:
        """Return the mark that the form begins with: the viewer's, or with one marker the last."""
        if self.scheme.markers == 1:
            return next((old.mark for old in self.history if old.counts), None)
        return next((old.mark for old in self.history if old.mark.marked_by == self.viewer), None)

    @property
    def seen(self) -> int:
        """Return the number of the newest mark that is shown, 0 for none."""
        return self.history[0].mark.number if self.history else 0


def asks_for_marking(session: Session, placement: Placement) -> bool:
    """Tell whether a placement has a question that a person marks."""
    found = (
        select(EditionItem.id)
        .join(ItemVersion, ItemVersion.id == EditionItem.item_version_id)
        .where(
            EditionItem.edition_id == placement.edition_id,
            ItemVersion.content["type"].astext.in_(_MARKED_BY_PEOPLE),
        )
    )
    return bool(session.scalar(select(found.exists())))


def has_begun(session: Session, placement: Placement) -> bool:
    """Tell whether somebody has marked at a placement."""
    found = (
        select(ItemMark.id)
        .join(Attempt, Attempt.id == ItemMark.attempt_id)
        .where(Attempt.placement_id == placement.id)
    )
    return bool(session.scalar(select(found.exists())))


def list_answers(session: Session, placement: Placement, viewer: UserId) -> list[Answer]:
    """Return every answer of ended attempts that a person marks, in no order of names.

    Args:
        session: of the institution.
        placement: whose.
        viewer: who marks: where two do, what waits is not the same for each.
    """
    counting = aliased(ItemVersion)
    rows = session.execute(
        select(
            Response.attempt_id,
            Response.item_version_id,
            EditionItem.position,
            ItemVersion.content["title"].astext.label("title"),
            ItemVersion.content["stem"].astext.label("stem"),
            User.name,
            Attempt.number,
            Attempt.submitted_at,
            EditionItem.points.label("out_of"),
        )
        .join(Attempt, Attempt.id == Response.attempt_id)
        .join(User, User.id == Attempt.user_id)
        .join(ItemVersion, ItemVersion.id == Response.item_version_id)
        # A regraded attempt counts by another version of the same question.
        .join(counting, counting.item_id == ItemVersion.item_id)
        .join(
            EditionItem,
            (EditionItem.edition_id == func.coalesce(Attempt.scored_by_id, Attempt.edition_id))
            & (EditionItem.item_version_id == counting.id),
        )
        .where(
            Attempt.placement_id == placement.id,
            Attempt.submitted_at.is_not(None),
            Response.value != type_coerce([], JSONB),
            ItemVersion.content["type"].astext.in_(_MARKED_BY_PEOPLE),
        )
    ).all()
    scheme = queries.scheme_of(placement)
    standings = queries.standings(session, list({row.attempt_id for row in rows}))
    return [
        _answer(
            row,
            standings.get((row.attempt_id, row.item_version_id)) or marking.settle((), scheme),
            scheme,
            viewer,
        )
        for row in rows
    ]


def _answer(
    row: Row[*tuple[object, ...]], standing: Standing, scheme: Scheme, viewer: UserId
) -> Answer:
    given = standing.given
    return Answer(
        attempt_id=row.attempt_id,
        item_version_id=row.item_version_id,
        position=row.position,
        question=row.title or content.plain(row.stem),
        name=row.name,
        code=hashlib.sha256(row.attempt_id.bytes).hexdigest()[:6].upper(),
        number=row.number,
        submitted_at=row.submitted_at,
        points=marking.in_points(given.share, row.out_of) if given else None,
        out_of=row.out_of,
        waits=standing.waits_for(viewer, scheme) if scheme.markers > 1 else given is None,
        is_own=viewer in standing.markers,
        differ=standing.differ and given is None,
    )


def in_order(answers: Sequence[Answer], *, by: str, hides_names: bool) -> list[Answer]:
    """Return answers as they are marked: question by question or learner by learner.

    Args:
        answers: of one placement.
        by: `question` or `learner`.
        hides_names: the order of the learners says nothing about who they are.
    """

    def learner(answer: Answer) -> tuple[object, ...]:
        if hides_names:
            return (answer.code, answer.attempt_id)
        name = answer.name or ""
        return (not name, name.casefold(), answer.number, answer.attempt_id)

    if by == "learner":
        return sorted(answers, key=lambda answer: (learner(answer), answer.position))
    return sorted(answers, key=lambda answer: (answer.position, learner(answer)))


def in_piles(ordered: Sequence[Answer], *, by: str) -> list[Pile]:
    """Return answers in order as piles, one for each question or attempt."""
    piles: dict[object, list[Answer]] = {}
    for answer in ordered:
        pile = answer.attempt_id if by == "learner" else answer.item_version_id
        piles.setdefault(pile, []).append(answer)
    return [
        Pile(
            first=next((one for one in pile if one.waits), pile[0]),
            answers=len(pile),
            waiting=sum(one.waits for one in pile),
        )
        for pile in piles.values()
    ]


def next_waiting(ordered: Sequence[Answer], key: tuple[AttemptId, ItemVersionId]) -> Answer | None:
    """Return the next answer that waits after this one, from the beginning again at the end."""
    at = next((number for number, one in enumerate(ordered) if one.key == key), -1)
    around = [*ordered[at + 1 :], *ordered[: max(at, 0)]]
    return next((one for one in around if one.waits), None)


def marking_page(
    session: Session, placement: Placement, answer: Answer, viewer: UserId
) -> MarkingPage:
    """Return what a marker sees of an answer: where two mark, not what others gave so far."""
    attempt = queries.get_attempt_at(session, placement.id, answer.attempt_id)
    [asked] = [
        one for one in queries.list_form(session, attempt) if one.id == answer.item_version_id
    ]
    stored = queries.list_responses(session, attempt.id, of_items=[asked.id])
    given = queries.list_given(session, attempt.id)
    # Markers see the key; what arrived late is decided elsewhere.
    [reviewed] = review_items(
        [asked], {asked.id: stored[asked.id].value}, {}, given, shows_key=True
    )
    scheme = queries.scheme_of(placement)
    standing = queries.standings(session, [attempt.id]).get(answer.key) or marking.settle(
        (), scheme
    )
    marks = [
        one
        for one in queries.list_marks_of_answer(session, attempt.id, asked.id)
        if standing.shows(one.marked_by, viewer, scheme)
    ]
    markers = select(User.id, User.name).where(User.id.in_([one.marked_by for one in marks]))
    names = {row.id: row.name for row in session.execute(markers)}
    rubric = marking.rubric_of(asked.item) or ()
    own = next(
        (
            one
            for one in marks
            if (one.number in standing.numbers if scheme.markers == 1 else one.marked_by == viewer)
        ),
        None,
    )
    levels = own.levels if own else {}
    return MarkingPage(
        answer=answer,
        item=reviewed,
        stimulus=content.block(asked.item.stimulus) if asked.item.stimulus else None,
        model_answer=reviewed.key,
        rubric=rubric,
        level_texts={
            criterion.id: {level.id: content.inline(level.text) for level in criterion.levels}
            for criterion in rubric
        },
        rubric_points=marking.rubric_points(rubric, levels, asked.points),
        attachments=queries.list_attachments(session, attempt.id),
        history=tuple(
            OldMark(
                mark=one,
                by=names.get(one.marked_by),
                counts=one.number in standing.numbers,
            )
            for one in marks
        ),
        scheme=scheme,
        viewer=viewer,
        takes=standing.takes(viewer, scheme),
        shown=queries.conditions_of(session, placement).feedback_shown,
    )


def count_waiting(session: Session, placement: Placement) -> int:
    """Return how many attempts at a placement wait for a person."""
    waiting = select(func.count()).where(Attempt.placement_id == placement.id, queries.is_to_mark())
    return session.scalar(waiting) or 0


def read_points(word: str) -> Decimal | None:
    """Return points as people write them, with a point or a comma; None for no number."""
    found = _POINTS.fullmatch(word.strip())
    return Decimal(word.strip().replace(",", ".")) if found else None


def neutral_name(name: str, attachment_id: AttachmentId) -> str:
    """Return a name for a file that tells its kind and nothing of who sent it."""
    return f"answer-{attachment_id.hex[-6:]}{PurePath(name).suffix.lower()}"
