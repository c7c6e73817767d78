"""What the registrar decides about a person's awards: each asks first, and says what it will do."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from lti_tool.badges import queries as badges
from lti_tool.badges.errors import UnknownAwardError
from lti_tool.badges.models import Award
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award, restore_award, withdraw_award
from lti_tool.core import clock, web
from lti_tool.core.db import transaction
from lti_tool.core.ids import AchievementId, AwardId, PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways.foresight import foresee
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar.consequences import Decision, consequences
from lti_tool.registrar.forms import DecisionForm, GiveSearch

_NO_REASON = phrase("Enter why: whoever reads this record later has only these words.")

blueprint = Blueprint(
    "decisions", __name__, url_prefix="/desk/<slug>/people/<uuid:person_id>/awards"
)


@blueprint.get("")
@staff_page(Act.DECIDE)
def give_award(here: CurrentStaff, person_id: UUID) -> ResponseReturnValue:
    """Ask which badge to give; then show what giving it will do."""
    wanted = web.read_form(GiveSearch, request.args.to_dict())
    if wanted.achievement is not None:
        return _ask_to_give(here, PersonId(person_id), AchievementId(wanted.achievement))
    with transaction(here.institution_id) as session:
        name = _name(session, PersonId(person_id))
        held = {badge.achievement_id for badge in badges.list_held(session, PersonId(person_id))}
        open_ones = [one for one in badges.list_achievements(session) if one.id not in held]
    return render_template(
        "registrar/choose_award.html",
        here=here,
        person_id=person_id,
        name=name,
        achievements=[(one.id, one.name) for one in open_ones],
    )


@blueprint.post("/<uuid:achievement_id>/given")
@staff_page(Act.DECIDE)
def decide_to_give(
    here: CurrentStaff, person_id: UUID, achievement_id: UUID
) -> ResponseReturnValue:
    """Give a badge, if a reason is given."""
    form = web.read_form(DecisionForm, request.form.to_dict())
    if not form.reason:
        return _ask_to_give(here, PersonId(person_id), AchievementId(achievement_id), form), 400
    with transaction(here.institution_id) as session:
        people.get_person(session, PersonId(person_id))  # or there is none here
    grant_award(
        here.institution_id,
        PersonId(person_id),
        AchievementId(achievement_id),
        cause=Cause(
            kind=CauseKind.DECISION,
            id=form.decision,
            caused_at=clock.now(),
            reason=form.reason,
        ),
        actor=here.actor,
    )
    return _back(here, person_id)


@blueprint.route("/<uuid:award_id>/decide", methods=["GET", "POST"])
@staff_page(Act.DECIDE)
def decide_on_award(here: CurrentStaff, person_id: UUID, award_id: UUID) -> ResponseReturnValue:
    """Withdraw an award that stands, or give back one that was withdrawn; ask first."""
    with transaction(here.institution_id) as session:
        award = _own_award(session, PersonId(person_id), AwardId(award_id))
    decision = Decision.RESTORE if award.withdrawn_at else Decision.WITHDRAW
    if request.method != "POST":
        return _ask_about(here, award, decision)
    form = web.read_form(DecisionForm, request.form.to_dict())
    if not form.reason:
        return _ask_about(here, award, decision, form), 400
    # As the page asked, whatever stands by now: of two who decide at once the second adds nothing.
    if form.meant is Decision.WITHDRAW:
        withdraw_award(here.institution_id, award.id, reason=form.reason, actor=here.actor)
    else:
        restore_award(
            here.institution_id,
            award.id,
            decision_id=form.decision,
            reason=form.reason,
            actor=here.actor,
        )
    return _back(here, person_id)


def _ask_to_give(
    here: CurrentStaff,
    person_id: PersonId,
    achievement_id: AchievementId,
    sent: DecisionForm | None = None,
) -> str:
    action = url_for(
        ".decide_to_give",
        slug=here.institution_slug,
        person_id=person_id,
        achievement_id=achievement_id,
    )
    return _ask(here, person_id, achievement_id, Decision.GIVE, action, sent)


def _ask_about(
    here: CurrentStaff, award: Award, decision: Decision, sent: DecisionForm | None = None
) -> str:
    action = url_for(
        ".decide_on_award",
        slug=here.institution_slug,
        person_id=award.person_id,
        award_id=award.id,
    )
    return _ask(here, award.person_id, award.achievement_id, decision, action, sent)


def _ask(  # noqa: PLR0913, PLR0917 - what the page says, and where it leads
    here: CurrentStaff,
    person_id: PersonId,
    achievement_id: AchievementId,
    decision: Decision,
    action: str,
    sent: DecisionForm | None,
) -> str:
    with transaction(here.institution_id) as session:
        name = _name(session, person_id)
        badge = badges.get_achievement(session, achievement_id).name
        pathways = foresee(
            session, person_id, achievement_id, gained=decision is not Decision.WITHDRAW
        )
    return render_template(
        "registrar/confirm_decision.html",
        here=here,
        person_id=person_id,
        name=name,
        decision=decision.value,
        badge=badge,
        sentences=consequences(decision, person=name, badge=badge, pathways=pathways),
        decision_id=sent.decision if sent else new_id(),
        reason="",
        error=_NO_REASON if sent else None,
        action=action,
    )


def _own_award(session: Session, person_id: PersonId, award_id: AwardId) -> Award:
    award = badges.get_award(session, award_id)
    if award.person_id != person_id:
        raise UnknownAwardError(
            phrase(
                "no award %(award_id)s",
                award_id=award_id,
            )
        )
    return award


def _name(session: Session, person_id: PersonId) -> str:
    people.get_person(session, person_id)
    return people.display_names(session, [person_id]).get(person_id, phrase("Name not given"))


def _back(here: CurrentStaff, person_id: UUID) -> ResponseReturnValue:
    return redirect(
        url_for("registrar.show_person", slug=here.institution_slug, person_id=person_id)
        + "#creds",
        303,
    )
