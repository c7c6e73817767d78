"""The rules of an assessment in a course: what its edition allows, and what is tightened here."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.conditions import problems
from lti_tool.assessments.errors import ImpossibleConditionsError
from lti_tool.assessments.models import Placement
from lti_tool.assessments.services import set_conditions, set_scheme
from lti_tool.core import speaking, web
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.language import phrase
from lti_tool.instructor import marking, queries
from lti_tool.instructor.forms import MarkingForm, SettingsForm
from lti_tool.instructor.teachers import list_teachers
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act

blueprint = Blueprint("placement_rules", __name__, url_prefix="/l/<uuid:launch_id>/rules")


@blueprint.get("")
@launch_page(Act.SET_CONDITIONS)
def show_rules(here: CurrentLaunch) -> ResponseReturnValue:
    """Show the rules of the assessment that was opened, to be changed."""
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
    form = _form_of(placement)
    return _page(here, form, {})


@blueprint.post("")
@launch_page(Act.SET_CONDITIONS)
def set_rules(here: CurrentLaunch) -> ResponseReturnValue:
    """Set the rules; what cannot be is shown again as it was typed."""
    form = web.read_form(SettingsForm, request.form.to_dict())
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        limits = assessments.get_edition(session, placement.edition_id).limits
    wanted, wrong = form.read(assessments.own_conditions(placement))
    if not wrong:
        wrong = {one.field: one.sentence for one in problems(limits, wanted)}
    if wrong:
        return _page(here, form, wrong), 400
    set_conditions(
        here.institution_id,
        placement.id,
        wanted,
        policy=form.policy,
        actor=Actor("user", here.user_id),
    )
    return redirect(url_for(".show_rules", launch_id=here.launch_id, saved=1), 303)


@blueprint.post("/marking")
@launch_page(Act.SET_CONDITIONS)
def set_marking(here: CurrentLaunch) -> ResponseReturnValue:
    """Say how many people mark an answer, when two agree, and who decides where they do not."""
    form = web.read_form(MarkingForm, request.form.to_dict())
    scheme = form.read()
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        known = {user_id for user_id, _ in list_teachers(session, here, placement)}
    own = _form_of(placement)
    if scheme is None:
        wrong = {"tolerance": phrase("Enter a share from 0 to 100.")}
        return _page(here, own, wrong, marking_form=form), 400
    if scheme.lead is not None and scheme.lead not in known:
        wrong = {"lead": phrase("Choose somebody who teaches here.")}
        return _page(here, own, wrong, marking_form=form), 400
    try:
        set_scheme(here.institution_id, placement.id, scheme, actor=Actor("user", here.user_id))
    except ImpossibleConditionsError as error:
        return _page(here, own, error.details["problems"], marking_form=form), 400
    return redirect(url_for(".show_rules", launch_id=here.launch_id, saved=1), 303)


def _form_of(placement: Placement) -> SettingsForm:
    zone = speaking.current().zone
    return SettingsForm.of(assessments.own_conditions(placement), placement.policy, zone)


def _page(
    here: CurrentLaunch,
    form: SettingsForm,
    wrong: dict[str, str],
    *,
    marking_form: MarkingForm | None = None,
) -> str:
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        course = queries.find_course_title(session, here.context_id)
        edition = assessments.get_edition(session, placement.edition_id)
        asks_for_marking = marking.asks_for_marking(session, placement)
        marking_begun = marking.has_begun(session, placement)
        teachers = list_teachers(session, here, placement)
        asked = assessments.get_details(session, placement.edition_id).scheme
    return render_template(
        "instructor/show_rules.html",
        launch_id=here.launch_id,
        course=course,
        placement=placement,
        limits=edition.limits,
        asked=asked,
        form=form,
        zone=speaking.zone_words_of(form.in_zone),
        marking_form=marking_form or MarkingForm.of(assessments.scheme_of(placement)),
        asks_for_marking=asks_for_marking,
        marking_begun=marking_begun,
        teachers=[(str(user_id), name or phrase("Name not given")) for user_id, name in teachers],
        wrong=wrong,
        saved="saved" in request.args and not wrong,
    )
