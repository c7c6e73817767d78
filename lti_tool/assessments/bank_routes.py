"""The item bank at the authors' desk: finding questions, one question, taking it into a draft."""

from decimal import Decimal
from random import Random
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, StringConstraints

from lti_tool.assessments import queries, taking
from lti_tool.assessments.authoring import KINDS
from lti_tool.assessments.bank import LEAST_FOR_DISCRIMINATION, STATUS_WORDS, ItemStatus
from lti_tool.assessments.errors import NotTakeableError
from lti_tool.assessments.queries import BankFilter
from lti_tool.assessments.rules import FormItem
from lti_tool.assessments.services import set_item_status, take_item
from lti_tool.core import clock, web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.ids import AssessmentId, ItemId, ItemVersionId
from lti_tool.core.language import phrase
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

blueprint = Blueprint("bank", __name__, url_prefix="/desk/<slug>/questions")

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class BankSearch(BaseModel):
    """What is looked for, as it stands in the address."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    type: Words = ""
    status: Words = ""
    difficulty: Literal["", "easy", "medium", "hard"] = ""
    competency: Words = ""
    after: UUID | None = None

    def query(self) -> dict[str, str]:
        """Return what an address has to say of it, but for the page."""
        said = self.model_dump(exclude={"after"})
        return {name: value for name, value in said.items() if value}


class StatusForm(BaseModel):
    """What is held of a question from now on, and why."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    status: ItemStatus
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


@blueprint.get("")
@staff_page(Act.AUTHOR)
def list_bank(here: CurrentStaff) -> ResponseReturnValue:
    """Show the questions of the institution that fit."""
    wanted = web.read_form(BankSearch, request.args.to_dict())
    with transaction(here.institution_id) as session:
        rows, has_more = queries.list_bank(
            session,
            BankFilter(
                words=wanted.q,
                type=wanted.type,
                status=wanted.status,
                difficulty=wanted.difficulty,
                competency=wanted.competency,
                after=wanted.after,
            ),
        )
        competencies = queries.list_bank_competencies(session)
    first_url = url_for(".list_bank", slug=here.institution_slug)
    next_query = {**wanted.query(), "after": str(rows[-1].item_id)} if has_more else {}
    return render_template(
        "assessments/desk/list_bank.html",
        here=here,
        rows=rows,
        wanted=wanted,
        kinds=KINDS,
        statuses=STATUS_WORDS,
        competencies=competencies,
        least=LEAST_FOR_DISCRIMINATION,
        first_url=f"{first_url}?{urlencode(wanted.query())}" if wanted.query() else first_url,
        next_url=f"{first_url}?{urlencode(next_query)}" if has_more else None,
    )


@blueprint.get("/<uuid:bank_item_id>")
@staff_page(Act.AUTHOR)
def show_item(here: CurrentStaff, bank_item_id: UUID) -> ResponseReturnValue:
    """Show a question: as learners see it, its versions, where it is used, what answers tell."""
    return _page(here, ItemId(bank_item_id), None)


@blueprint.post("/<uuid:bank_item_id>/status")
@staff_page(Act.AUTHOR)
def decide_status(here: CurrentStaff, bank_item_id: UUID) -> ResponseReturnValue:
    """Say what is held of the question."""
    form = web.read_form(StatusForm, request.form.to_dict())
    set_item_status(
        here.institution_id, ItemId(bank_item_id), form.status, reason=form.reason, actor=here.actor
    )
    return redirect(
        url_for(".show_item", slug=here.institution_slug, bank_item_id=bank_item_id, saved=1), 303
    )


@blueprint.post("/<uuid:bank_item_id>/take")
@staff_page(Act.AUTHOR)
def take(here: CurrentStaff, bank_item_id: UUID) -> ResponseReturnValue:
    """Take the question into a draft."""
    assessment_id = uuid_or_none(request.form.get("draft", ""))
    if assessment_id is None:
        return _page(here, ItemId(bank_item_id), phrase("Choose a draft.")), 400
    try:
        question_id = take_item(
            here.institution_id,
            ItemId(bank_item_id),
            AssessmentId(assessment_id),
            as_new=request.form.get("as") == "new",
        )
    except NotTakeableError as error:
        return _page(here, ItemId(bank_item_id), error.sentence), web.status_of(error)
    return redirect(
        url_for(
            "authoring.edit_question",
            slug=here.institution_slug,
            assessment_id=assessment_id,
            draft_item_id=question_id,
        ),
        303,
    )


def _page(here: CurrentStaff, item_id: ItemId, problem: str | None) -> str:
    with transaction(here.institution_id) as session:
        found = queries.get_bank_item(session, item_id)
        drafts = queries.list_open_drafts(session, item_id)
    item = found.versions[0].item
    asked = FormItem(
        id=ItemVersionId(UUID(int=0)),
        number=1,
        item=item,
        order=item.draw(Random(0)).options,  # noqa: S311 - the same each time
        points=Decimal(1),
        competency=None,
    )
    return render_template(
        "assessments/desk/show_bank_item.html",
        here=here,
        found=found,
        item=item,
        kind=KINDS[item.type],
        question=taking.lay_out("", [asked], {}, None, clock.now()).questions[0],
        told=item.told(()),
        drafts=drafts,
        statuses=STATUS_WORDS,
        least=LEAST_FOR_DISCRIMINATION,
        problem=problem,
        saved="saved" in request.args,
    )
