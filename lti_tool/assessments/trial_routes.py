"""Trying an assessment as a learner. Its pages are the learner's own, in `routes`."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import services
from lti_tool.core import web
from lti_tool.core.db import uuid_or_none
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, EditionId
from lti_tool.core.language import phrase
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act

blueprint = Blueprint("trials", __name__, url_prefix="/l/<uuid:launch_id>/trials")


@blueprint.post("")
@launch_page(Act.TRY)
def begin_trial(here: CurrentLaunch) -> ResponseReturnValue:
    """Begin a trial of the edition that the form names."""
    edition_id = uuid_or_none(request.form.get("edition", ""))
    if edition_id is None:
        raise NotFoundError(phrase("There is no such assessment."))
    attempt_id = services.begin_trial(here.institution_id, EditionId(edition_id), here.user_id)
    first = url_for("assessments.show_attempt", launch_id=here.launch_id, attempt_id=attempt_id)
    return redirect(first, 303)


@blueprint.post("/<uuid:trial_id>/leave")
@launch_page(Act.TRY)
def leave_trial(here: CurrentLaunch, trial_id: UUID) -> ResponseReturnValue:
    """Forget a trial, and go back to where it began."""
    services.end_trial(here.institution_id, AttemptId(trial_id), user_id=here.user_id)
    return redirect(url_for(web.page(here.message_type), launch_id=here.launch_id), 303)
