"""The authors' desk: assessments, their editions, the draft of the next one, its questions."""

from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from lti_tool.assessments import authoring, editing, taking
from lti_tool.assessments.authoring import KINDS, Form, Problem
from lti_tool.assessments.errors import (
    DraftChangedError,
    UnfitDraftError,
    UnreadableImageError,
)
from lti_tool.assessments.items import Item
from lti_tool.assessments.models import DraftItem
from lti_tool.assessments.rules import FormItem
from lti_tool.assessments.services import create_assessment, drafting, store_image
from lti_tool.assessments.services.drafting import OpenDraft
from lti_tool.core import clock, web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.ids import AssessmentId, EditionId, ItemVersionId
from lti_tool.core.language import phrase
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

blueprint = Blueprint("authoring", __name__, url_prefix="/desk/<slug>/assessments")

# An image, and what a form puts around it.
LARGEST_REQUEST = 3_000_000


@blueprint.get("")
@staff_page(Act.AUTHOR)
def list_assessments(here: CurrentStaff) -> ResponseReturnValue:
    """Show every assessment of the institution."""
    return _list(here, "", None)


@blueprint.post("")
@staff_page(Act.AUTHOR)
def make_assessment(here: CurrentStaff) -> ResponseReturnValue:
    """Begin an assessment, and its first edition."""
    title = request.form.get("title", "").strip()
    if not 0 < len(title) <= 200:  # noqa: PLR2004 - as an edition's title
        return _list(here, title, phrase("Enter a name of up to 200 characters.")), 400
    assessment_id = create_assessment(here.institution_id, title)
    drafting.begin_draft(here.institution_id, assessment_id)
    return redirect(_url(here, "edit_draft", assessment_id), 303)


@blueprint.get("/<uuid:assessment_id>")
@staff_page(Act.AUTHOR)
def show_assessment(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Show an assessment's editions, where each is placed, and the draft of the next."""
    with transaction(here.institution_id) as session:
        assessment = drafting.get_assessment(session, AssessmentId(assessment_id))
        editions = drafting.list_editions(session, assessment.id)
        draft = drafting.find_draft(session, assessment.id)
    return render_template(
        "assessments/desk/show_assessment.html",
        here=here,
        assessment=assessment,
        editions=editions,
        draft=draft,
        behind=any(one.placements for one in editions[1:]),
        published="published" in request.args,
    )


@blueprint.post("/<uuid:assessment_id>")
@staff_page(Act.AUTHOR)
def begin_draft(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Begin the next edition, from an earlier one or from nothing."""
    edition_id = uuid_or_none(request.form.get("edition", ""))
    drafting.begin_draft(
        here.institution_id,
        AssessmentId(assessment_id),
        EditionId(edition_id) if edition_id else None,
    )
    return redirect(_url(here, "edit_draft", assessment_id), 303)


@blueprint.get("/<uuid:assessment_id>/draft")
@staff_page(Act.AUTHOR)
def edit_draft(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Show the draft: its rules, its questions, and what is missing."""
    with transaction(here.institution_id) as session:
        drafting.get_assessment(session, AssessmentId(assessment_id))
        draft = drafting.find_draft(session, AssessmentId(assessment_id))
    if draft is None:
        return redirect(_url(here, "show_assessment", assessment_id), 303)
    return _draft_page(here, draft, draft.rules, None)


@blueprint.post("/<uuid:assessment_id>/draft")
@staff_page(Act.AUTHOR)
def save_draft(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Keep the rules as typed, and do what the button says: add, move, remove or publish."""
    id_ = AssessmentId(assessment_id)
    with transaction(here.institution_id) as session:
        drafting.get_assessment(session, id_)
        draft = drafting.find_draft(session, id_)
    if draft is None:
        return redirect(_url(here, "show_assessment", assessment_id), 303)
    action, rules = request.form.get("action", "save"), draft.rules
    if "title" in request.form:
        rules = editing.sent_rules(request.form.to_dict())
        try:
            drafting.save_rules(here.institution_id, id_, rules, seen=_seen())
        except DraftChangedError as error:
            return _draft_page(here, _draft(here, id_), rules, error), web.status_of(error)
    if action == "publish":
        return _publish(here, id_, rules)
    return redirect(_arrange(here, id_, action), 303)


def _arrange(here: CurrentStaff, assessment_id: AssessmentId, action: str) -> str:
    """Add, move or take out a question as a button says; return where to go then."""
    if action == "save":
        return _url(here, "edit_draft", assessment_id)
    if action == "add":
        type_ = request.form.get("type", "")
        if type_ not in KINDS:
            raise BadRequest
        added = drafting.add_question(here.institution_id, assessment_id, type_)
        return _question_url(here, assessment_id, added)
    drafting.arrange_questions(here.institution_id, assessment_id, action)
    return _url(here, "edit_draft", assessment_id, _anchor="questions")


def _publish(
    here: CurrentStaff, assessment_id: AssessmentId, rules: dict[str, str]
) -> ResponseReturnValue:
    try:
        drafting.publish_draft(here.institution_id, assessment_id, actor=here.actor)
    except UnfitDraftError as error:
        return _draft_page(here, _draft(here, assessment_id), rules, error), web.status_of(error)
    return redirect(_url(here, "show_assessment", assessment_id, published=1), 303)


@blueprint.get("/<uuid:assessment_id>/draft/<uuid:draft_item_id>")
@staff_page(Act.AUTHOR)
def edit_question(
    here: CurrentStaff, assessment_id: UUID, draft_item_id: UUID
) -> ResponseReturnValue:
    """Show a question's form beside what a learner will see."""
    with transaction(here.institution_id) as session:
        draft = drafting.get_draft(session, AssessmentId(assessment_id))
        question = drafting.get_question(session, AssessmentId(assessment_id), draft_item_id)
    return _question_page(here, draft, question, question.form, None)


@blueprint.post("/<uuid:assessment_id>/draft/<uuid:draft_item_id>")
@web.takes_up_to(LARGEST_REQUEST)
@staff_page(Act.AUTHOR)
def save_question(
    here: CurrentStaff, assessment_id: UUID, draft_item_id: UUID
) -> ResponseReturnValue:
    """Keep a question as typed, and do what the button says: add, move or remove a row."""
    id_ = AssessmentId(assessment_id)
    with transaction(here.institution_id) as session:
        draft = drafting.get_draft(session, id_)
        question = drafting.get_question(session, id_, draft_item_id)
    form = authoring.sent_form(question.form, request.form.to_dict())
    action = request.form.get("action", "save")
    trouble = None
    if action == "image":
        form, trouble = _with_image(here, form)
    elif action != "save":
        form = authoring.arranged(form, action)
    try:
        drafting.save_question(here.institution_id, id_, draft_item_id, form, seen=_seen())
    except DraftChangedError as error:
        with transaction(here.institution_id) as session:
            question = drafting.get_question(session, id_, draft_item_id)
        return _question_page(here, draft, question, form, error), web.status_of(error)
    if trouble is not None:
        with transaction(here.institution_id) as session:
            question = drafting.get_question(session, id_, draft_item_id)
        return _question_page(here, draft, question, form, None, trouble), 400
    anchor = action.split("-")[1] if "-" in action else ("stimulus" if action == "image" else None)
    return redirect(_question_url(here, assessment_id, draft_item_id, anchor=anchor), 303)


def _with_image(here: CurrentStaff, form: Form) -> tuple[Form, Problem | None]:
    """Return the form with the image that was sent at the end of its material."""
    sent, shows = request.files.get("image"), request.form.get("shows", "").strip()
    if sent is None or not sent.filename:
        return form, Problem(at="image", says=phrase("Choose an image."))
    if not shows or len(shows) > 500:  # noqa: PLR2004 - a sentence or two
        return form, Problem(
            at="shows", says=phrase("Say in up to 500 characters what the image shows.")
        )
    try:
        name = store_image(here.institution_id, sent.read())
    except UnreadableImageError as error:
        return form, Problem(
            at="image", says=phrase("%(error)s Save it as PNG, JPEG or SVG.", error=error.sentence)
        )
    words = " ".join(shows.split()).replace("\\", "").replace("[", "(").replace("]", ")")
    stimulus = f"{form.get('stimulus', '')}\n\n![{words}]({name})".strip()
    return {**form, "stimulus": stimulus}, None


def _list(here: CurrentStaff, title: str, problem: str | None) -> str:
    with transaction(here.institution_id) as session:
        rows = drafting.list_assessments(session)
    return render_template(
        "assessments/desk/list_assessments.html",
        here=here,
        rows=rows,
        title=title,
        problem=problem,
    )


def _draft(here: CurrentStaff, assessment_id: AssessmentId) -> OpenDraft:
    with transaction(here.institution_id) as session:
        return drafting.get_draft(session, assessment_id)


def _draft_page(
    here: CurrentStaff,
    draft: OpenDraft,
    rules: dict[str, str],
    error: DraftChangedError | UnfitDraftError | None,
) -> str:
    _, faults = draft.read()
    return render_template(
        "assessments/desk/edit_draft.html",
        here=here,
        draft=draft,
        rules=rules,
        kinds=KINDS,
        choices=[(type_, kind.name) for type_, kind in KINDS.items()],
        faults=faults,
        numbers={one.id: number for number, one in enumerate(draft.questions, 1)},
        wrong={fault.problem.at: fault.problem.says for fault in faults if not fault.question},
        broken={fault.question.id for fault in faults if fault.question},
        error=error,
    )


def _question_page(  # noqa: PLR0913, PLR0917 - all that the page is made of
    here: CurrentStaff,
    draft: OpenDraft,
    question: DraftItem,
    form: Form,
    error: DraftChangedError | None,
    trouble: Problem | None = None,
) -> str:
    item, problems = authoring.read(form)
    numbers = {one.id: number for number, one in enumerate(draft.questions, 1)}
    wrong = {problem.at: problem.says for problem in problems}
    if trouble is not None:
        wrong[trouble.at] = trouble.says
    return render_template(
        "assessments/desk/edit_question.html",
        here=here,
        draft=draft,
        question=question,
        number=numbers[question.id],
        form=form,
        kind=KINDS[form["type"]],
        competency_choices=_competency_choices(draft, form),
        problems=problems,
        wrong=wrong,
        error=error,
        trouble=trouble,
        preview=_preview(item) if item is not None else None,
        item=item,
    )


def _competency_choices(draft: OpenDraft, form: Form) -> list[tuple[str, str]]:
    """Return the competencies of the draft; one that is gone stays until another is chosen."""
    names = [*editing.names_of(draft.rules["competencies"]), form.get("competency", "")]
    return [("", phrase("None")), *((name, name) for name in dict.fromkeys(filter(None, names)))]


def _preview(item: Item) -> taking.Question:
    """Return a question as a learner sees it, in one of the orders it may have."""
    takes = item.draw(Random(0))  # noqa: S311 - the same each time
    asked = FormItem(
        id=ItemVersionId(UUID(int=0)),
        number=1,
        item=item,
        order=takes.options,
        points=Decimal(1),
        competency=None,
    )
    return taking.lay_out("", [asked], {}, None, clock.now()).questions[0]


def _seen() -> int:
    word = request.form.get("seen", "")
    return int(word) if word.isdecimal() and len(word) < 10 else 0  # noqa: PLR2004 - as wide as the column


def _url(here: CurrentStaff, view: str, assessment_id: UUID, **more: Any) -> str:  # noqa: ANN401 - of the address
    return url_for(f".{view}", slug=here.institution_slug, assessment_id=assessment_id, **more)


def _question_url(
    here: CurrentStaff, assessment_id: UUID, question_id: UUID, *, anchor: str | None = None
) -> str:
    return _url(here, "edit_question", assessment_id, draft_item_id=question_id, _anchor=anchor)
