"""Trying a draft before it is published: asked, scored and told on the spot; nothing is stored."""

from random import Random
from secrets import randbelow
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import review, rules, taking
from lti_tool.assessments.drafts import EditionDraft
from lti_tool.assessments.items import Takes
from lti_tool.assessments.rules import FormItem
from lti_tool.assessments.services import drafting
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, ItemVersionId
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

_ORDERS = 2**31

blueprint = Blueprint(
    "draft_trials", __name__, url_prefix="/desk/<slug>/assessments/<uuid:assessment_id>/draft/try"
)


@blueprint.get("")
@staff_page(Act.AUTHOR)
def ask(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Ask all questions of the draft on one page; what is missing leads back to the draft."""
    draft = _read(here, assessment_id)
    if draft is None:
        return _back(here, assessment_id)
    order = randbelow(_ORDERS)
    form, _ = _form(draft, order)
    return render_template(
        "assessments/desk/try_draft.html",
        here=here,
        draft=draft,
        order=order,
        questions=taking.lay_out(draft.title, form, {}, None, clock.now()).questions,
    )


@blueprint.post("")
@staff_page(Act.AUTHOR)
def tell(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Tell what the answers would come to.

    The draft may have been changed meanwhile: what is told is of the draft as it is now.
    """
    draft = _read(here, assessment_id)
    if draft is None:
        return _back(here, assessment_id)
    word = request.form.get("order", "")
    order = int(word[:10]) % _ORDERS if word.isascii() and word.isdecimal() else 0
    form, takes = _form(draft, order)
    sent = {name: request.form.getlist(name) for name in request.form}
    values = {}
    for asked in form:
        value = taking.sent_value(sent, asked.id)
        takes[asked.id].check(value)
        values[asked.id] = value
    reviewed = review.review_items(form, values, {}, {}, shows_key=True)
    mark = rules.mark(form, values)
    return render_template(
        "assessments/desk/show_tried_draft.html",
        here=here,
        draft=draft,
        assessment_id=assessment_id,
        mark=mark,
        passed=mark.passes(draft.pass_mark),
        band=None
        if mark.needs_marking
        else review.band_of(draft.details, mark.earned, mark.possible),
        competencies=review.by_competency(draft.competencies, form, reviewed, draft.details),
        items=reviewed,
    )


def _read(here: CurrentStaff, assessment_id: UUID) -> EditionDraft | None:
    """Return the edition that the draft comes to; None while something is missing."""
    with transaction(here.institution_id) as session:
        draft, _ = drafting.get_draft(session, AssessmentId(assessment_id)).read()
    return draft


def _form(draft: EditionDraft, order: int) -> tuple[list[FormItem], dict[ItemVersionId, Takes]]:
    """Return what is asked, drawn in the order of that number, and what each answer may be."""
    random = Random(order)  # noqa: S311 - the same again when the answers come
    form, takes = [], {}
    for number, entry in enumerate(draft.items, 1):
        id_ = ItemVersionId(UUID(int=number))
        takes[id_] = entry.item.draw(random)
        form.append(
            FormItem(
                id=id_,
                number=number,
                item=entry.item,
                order=takes[id_].options,
                points=entry.points,
                competency=entry.competency,
            )
        )
    return form, takes


def _back(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    draft_url = url_for(
        "authoring.edit_draft",
        slug=here.institution_slug,
        assessment_id=assessment_id,
        _anchor="missing",
    )
    return redirect(draft_url, 303)
