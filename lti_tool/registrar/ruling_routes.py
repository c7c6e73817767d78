"""Decisions about one person on one pathway: shown with what they will do, then made."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from lti_tool.badges import queries as badges
from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, PathwayId, PathwayVersionId, PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways import deciding
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.deciding import Change, Decision
from lti_tool.pathways.sweeping import settle_lapse
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import rulings, standing
from lti_tool.registrar.forms import RulingAsked, RulingForm
from lti_tool.registrar.rulings import Ruling
from lti_tool.registrar.standing import OnPathway, Part

_NO_REASON = phrase("Enter why: whoever reads this record later has only these words.")
_NO_AWARD = phrase("Choose the badge that is to count.")

blueprint = Blueprint(
    "rulings", __name__, url_prefix="/desk/<slug>/people/<uuid:person_id>/pathways"
)


@blueprint.get("/<uuid:pathway_id>")
@staff_page(Act.DECIDE)
def show(here: CurrentStaff, person_id: UUID, pathway_id: UUID) -> ResponseReturnValue:
    """Show a pathway's requirements for one person, and what may be decided; that is noted."""
    with transaction(here.institution_id) as session:
        on = standing.get_on_pathway(session, PersonId(person_id), PathwayId(pathway_id))
    note_reading(
        here.institution_id,
        actor=here.actor,
        act="read_record",
        object_kind="person",
        object_id=on.person_id,
    )
    return render_template("registrar/show_on_pathway.html", here=here, on=on)


@blueprint.route("/<uuid:pathway_id>/decide", methods=["GET", "POST"])
@staff_page(Act.DECIDE)
def decide(here: CurrentStaff, person_id: UUID, pathway_id: UUID) -> ResponseReturnValue:
    """Ask before a decision is made, or make it."""
    with transaction(here.institution_id) as session:
        own = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
        pathways.get_pathway(session, PathwayId(pathway_id))  # or there is none here
    if request.method != "POST":
        return _ask(
            here, own, PathwayId(pathway_id), web.read_form(RulingAsked, request.args.to_dict())
        )
    form = web.read_form(RulingForm, request.form.to_dict())
    if not form.reason or (form.act is Ruling.REPLACE and form.award is None):
        return _ask(here, own, PathwayId(pathway_id), form), 400
    _decide(here, own, PathwayId(pathway_id), form)
    return redirect(
        url_for(".show", slug=here.institution_slug, person_id=own, pathway_id=pathway_id),
        303,
    )


def _decide(
    here: CurrentStaff, person_id: PersonId, pathway_id: PathwayId, form: RulingForm
) -> None:
    where = here.institution_id
    decision = Decision(id=form.decision, reason=form.reason, actor=here.actor)
    match form.act:
        case Ruling.WAIVE | Ruling.REPLACE:
            award_id = AwardId(form.award) if form.award else None
            deciding.waive(
                where, pathway_id, person_id, form.target, decision=decision, award_id=award_id
            )
        case Ruling.UNDO:
            with transaction(where) as session:
                ruling = deciding.get_ruling(session, form.target)
                if ruling.person_id != person_id:
                    raise NotFoundError(phrase("There is no such decision."))
            deciding.undo_ruling(where, form.target, decision=decision)
        case Ruling.CONFIRM:
            _own_completion(here, person_id, pathway_id, form.target)
            deciding.confirm_completion(where, form.target, decision=decision)
        case Ruling.KEEP | Ruling.WITHDRAW:
            _own_completion(here, person_id, pathway_id, form.target)
            settle_lapse(
                where, form.target, withdraws=form.act is Ruling.WITHDRAW, decision=decision
            )
        case Ruling.MOVE:
            version_id = PathwayVersionId(form.target)
            deciding.move(where, pathway_id, version_id, [person_id], decision=decision)
        case Ruling.ALLOCATE:
            deciding.allocate(
                where, pathway_id, person_id, AchievementId(form.target), decision=decision
            )


def _own_completion(
    here: CurrentStaff, person_id: PersonId, pathway_id: PathwayId, completion_id: UUID
) -> None:
    """Refuse a completion of somebody else, or of another pathway."""
    with transaction(here.institution_id) as session:
        completion = deciding.get_completion(session, completion_id)
        if (completion.person_id, completion.pathway_id) != (person_id, pathway_id):
            raise NotFoundError(phrase("There is no such completion."))


def _ask(
    here: CurrentStaff,
    person_id: PersonId,
    pathway_id: PathwayId,
    asked: RulingAsked,
) -> str:
    sent = asked if isinstance(asked, RulingForm) else None
    with transaction(here.institution_id) as session:
        on = standing.get_on_pathway(session, person_id, pathway_id)
        thing, changes = _foreseen(session, on, asked)
        instead = (
            [
                (badge.award_id, badge.name)
                for badge in badges.list_held(session, person_id)
                if badge.achievement_id != _part(on, asked.target).achievement_id
            ]
            if asked.act is Ruling.REPLACE
            else []
        )
    told = rulings.Told(
        person=on.name,
        title=on.standing.title,
        certificate=on.standing.achievement_name,
        thing=thing,
        partners=", ".join(on.partners),
    )
    errors = []
    if sent and not sent.reason:
        errors.append(("reason", _NO_REASON))
    if sent and asked.act is Ruling.REPLACE and asked.award is None:
        errors.append(("award", _NO_AWARD))
    return render_template(
        "registrar/confirm_ruling.html",
        here=here,
        on=on,
        asked=asked,
        heading=rulings.HEADINGS[asked.act],
        button=rulings.BUTTONS[asked.act],
        grave=asked.act in {Ruling.WITHDRAW, Ruling.UNDO},
        sentences=rulings.consequences(asked.act, told, on.standing.stones_needed, changes),
        instead=instead,
        decision_id=sent.decision if sent else new_id(),
        errors=errors,
        reason=sent.reason if sent else "",
    )


def _foreseen(session: Session, on: OnPathway, asked: RulingAsked) -> tuple[str, list[Change]]:
    """Return what the decision is about, in words, and what it would change."""
    pathway_id, own = on.pathway.id, [on.person_id]
    known = on.unconfirmed if asked.act is Ruling.CONFIRM else on.to_review
    match asked.act:
        case Ruling.WAIVE | Ruling.REPLACE:
            thing = standing.describe(_part(on, asked.target))
            return thing, deciding.preview_waiver(session, pathway_id, own, asked.target)
        case Ruling.UNDO:
            ruling = standing.find_ruling(session, on.person_id, asked.target)
            about = next(
                (
                    standing.describe(part)
                    for part in on.parts
                    if part.ruled and part.ruled.ruling_id == ruling.id
                ),
                phrase("a part that this version does not have"),
            )
            return about, deciding.preview_undo(session, ruling)
        case Ruling.MOVE:
            number = next((one.number for one in on.versions if one.id == asked.target), None)
            if number is None:
                raise NotFoundError(
                    phrase("This pathway has no such version, or the person is on it.")
                )
            version_id = PathwayVersionId(asked.target)
            return str(number), deciding.preview_move(session, pathway_id, version_id, own)
        case Ruling.ALLOCATE:
            name = dict(on.shareable).get(AchievementId(asked.target))
            if name is None:
                raise NotFoundError(phrase("This person holds no such badge of this pathway."))
            return name, []
        case Ruling.CONFIRM | Ruling.KEEP | Ruling.WITHDRAW:
            if known is None or known.id != asked.target:
                raise NotFoundError(phrase("There is nothing of this kind to decide any more."))
            return "", []


def _part(on: OnPathway, requirement_id: UUID) -> Part:
    for part in on.parts:
        if part.requirement_id == requirement_id:
            return part
    raise NotFoundError(phrase("The version this person is on has no such requirement."))
