"""Marking long texts and files: what waits, one answer at a time, and the way to the next."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.errors import (
    MarkedMeanwhileError,
    NothingToMarkError,
    UnfitMarkError,
)
from lti_tool.assessments.marking import LONGEST_COMMENT, Decision
from lti_tool.assessments.models import Placement
from lti_tool.assessments.services import get_file, mark_answer
from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttachmentId, AttemptId, ItemVersionId
from lti_tool.core.language import phrase
from lti_tool.instructor import marking, queries
from lti_tool.instructor.forms import MarkForm, MarkingOrder
from lti_tool.instructor.marking import Answer, MarkingPage
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act

blueprint = Blueprint("marking", __name__, url_prefix="/l/<uuid:launch_id>/marking")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What stands in the form: the mark that counts, or what was sent and could not be saved."""

    points: str
    levels: dict[str, str]
    comment: str


@blueprint.get("")
@launch_page(Act.MARK)
def list_marking(here: CurrentLaunch) -> ResponseReturnValue:
    """Show what a person marks at this placement, and what of it waits."""
    order = _order()
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        course = queries.find_course_title(session, here.context_id)
        asks = marking.asks_for_marking(session, placement)
        answers = marking.list_answers(session, placement, here.user_id)
        to_mark = marking.count_waiting(session, placement)
    ordered = marking.in_order(answers, by=order.by, hides_names=order.hides_names)
    return render_template(
        "instructor/list_marking.html",
        launch_id=here.launch_id,
        course=course,
        placement=placement,
        order=order,
        asks=asks,
        answers=len(answers),
        to_mark=to_mark,
        waiting=sum(one.waits for one in answers),
        open_answers=sum(one.points is None for one in answers),
        differ=sum(one.differ for one in answers),
        piles=marking.in_piles(ordered, by=order.by),
        marked="marked" in request.args,
    )


@blueprint.get("/<uuid:attempt_id>/<uuid:item_id>")
@launch_page(Act.MARK)
def show_answer(here: CurrentLaunch, attempt_id: UUID, item_id: UUID) -> ResponseReturnValue:
    """Show one answer with all that it takes to mark it."""
    _, page, ordered = _load(here, AttemptId(attempt_id), ItemVersionId(item_id))
    return _page(here, page, ordered, _as_marked(page), None)


@blueprint.post("/<uuid:attempt_id>/<uuid:item_id>")
@launch_page(Act.MARK)
def save_mark(here: CurrentLaunch, attempt_id: UUID, item_id: UUID) -> ResponseReturnValue:
    """Save a mark and go on to the next answer that waits; what cannot be saved stays typed."""
    key = AttemptId(attempt_id), ItemVersionId(item_id)
    placement, page, _ = _load(here, *key)
    sent = web.read_form(MarkForm, MarkForm.values(request.form))
    typed = _Typed(points=sent.points, levels=dict(sent.levels), comment=sent.comment)
    try:
        decision = Decision(
            points=_points(sent.points),
            levels=sent.levels,
            comment=_comment(sent.comment),
            seen=sent.seen,
        )
        mark_answer(here.institution_id, placement.id, *key, decision, marked_by=here.user_id)
    except (UnfitMarkError, MarkedMeanwhileError) as error:
        _, page, ordered = _load(here, *key)
        return _page(here, page, ordered, typed, error), web.status_of(error)
    order = _order()
    with transaction(here.institution_id) as session:
        answers = marking.list_answers(session, placement, here.user_id)
    ordered = marking.in_order(answers, by=order.by, hides_names=order.hides_names)
    following = marking.next_waiting(ordered, key)
    if sent.go == "stay":
        return redirect(_url(here, page.answer, marked=1), 303)
    if following is None:
        back = url_for(
            ".list_marking", launch_id=here.launch_id, marked=1, by=order.by, names=order.names
        )
        return redirect(back, 303)
    return redirect(_url(here, following, marked=1), 303)


@blueprint.get("/<uuid:attempt_id>/files/<uuid:file_id>")
@launch_page(Act.MARK)
def get_answer_file(here: CurrentLaunch, attempt_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Give a marker a file of an answer; under hidden names not even the file's name tells."""
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        assessments.get_attempt_at(session, placement.id, AttemptId(attempt_id))
    attachment, stored = get_file(here.institution_id, AttemptId(attempt_id), AttachmentId(file_id))
    name = attachment.name
    if _order().hides_names:
        name = marking.neutral_name(name, attachment.id)
    return web.attachment(stored.data, stored.media_type, name)


def _load(
    here: CurrentLaunch, attempt_id: AttemptId, item_id: ItemVersionId
) -> tuple[Placement, MarkingPage, list[Answer]]:
    order = _order()
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        answers = marking.list_answers(session, placement, here.user_id)
        found = next((one for one in answers if one.key == (attempt_id, item_id)), None)
        if found is None:
            raise NothingToMarkError(phrase("No answer that a person marks is at this address."))
        page = marking.marking_page(session, placement, found, here.user_id)
    return placement, page, marking.in_order(answers, by=order.by, hides_names=order.hides_names)


def _page(
    here: CurrentLaunch,
    page: MarkingPage,
    ordered: list[Answer],
    typed: _Typed,
    error: UnfitMarkError | MarkedMeanwhileError | None,
) -> str:
    order = _order()
    at = next(number for number, one in enumerate(ordered) if one.key == page.answer.key)
    return render_template(
        "instructor/mark_answer.html",
        launch_id=here.launch_id,
        order=order,
        page=page,
        typed=typed,
        error=error,
        meanwhile=isinstance(error, MarkedMeanwhileError),
        number=at + 1,
        of=len(ordered),
        waiting=sum(one.waits for one in ordered),
        previous_url=_url(here, ordered[at - 1]) if at else None,
        next_url=_url(here, ordered[at + 1]) if at + 1 < len(ordered) else None,
        longest=LONGEST_COMMENT,
        marked="marked" in request.args,
    )


def _as_marked(page: MarkingPage) -> _Typed:
    """Return the form as a mark that was given fills it; points only where they are not the sum."""
    current = page.own
    if current is None:
        return _Typed(points="", levels={}, comment="")
    points = "" if current.points == page.rubric_points else f"{current.points.normalize():f}"
    return _Typed(points=points, levels=current.levels, comment=current.comment)


def _points(word: str) -> Decimal | None:
    """Read points as people write them.

    Raises:
        UnfitMarkError: they are no number.
    """
    if not word:
        return None
    points = marking.read_points(word)
    if points is None:
        raise UnfitMarkError(phrase("Enter points as a number, like 7 or 7.5."))
    return points


def _comment(text: str) -> str:
    if len(text) > LONGEST_COMMENT:
        raise UnfitMarkError(
            phrase(
                "Shorten the comment to %(f)s characters.",
                f=f"{LONGEST_COMMENT:,}",
            )
        )
    return text


def _order() -> MarkingOrder:
    return web.read_form(MarkingOrder, request.args.to_dict())


def _url(here: CurrentLaunch, answer: Answer, *, marked: int | None = None) -> str:
    order = _order()
    return url_for(
        ".show_answer",
        launch_id=here.launch_id,
        attempt_id=answer.attempt_id,
        item_id=answer.item_version_id,
        marked=marked,
        by=order.by,
        names=order.names,
    )
