"""Deleting one attempt of a learner: what would follow, then done; and putting it back."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments.errors import DeletionOutdatedError
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.queries import get_deleted
from lti_tool.assessments.services import Why, delete_attempt, restore_attempt, try_deletion
from lti_tool.badges.reviewing import rests_on
from lti_tool.core import web
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, UserId
from lti_tool.core.language import phrase
from lti_tool.grading.queries import has_column
from lti_tool.instructor import queries
from lti_tool.instructor.errors import NothingToReviewError
from lti_tool.instructor.forms import DeletionForm
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act
from lti_tool.platforms.queries import get_registration

blueprint = Blueprint(
    "deleting",
    __name__,
    url_prefix="/l/<uuid:launch_id>/learners/<uuid:user_id>/attempts/<uuid:attempt_id>",
)


@blueprint.get("/delete")
@launch_page(Act.DELETE_ATTEMPT)
def ask(here: CurrentLaunch, user_id: UUID, attempt_id: UUID) -> ResponseReturnValue:
    """Show what deleting the attempt would come to."""
    return _page(here, UserId(user_id), AttemptId(attempt_id))


@blueprint.post("/delete")
@launch_page(Act.DELETE_ATTEMPT)
def delete(here: CurrentLaunch, user_id: UUID, attempt_id: UUID) -> ResponseReturnValue:
    """Delete it, with the reason, if nothing has changed since that was shown."""
    form = web.read_form(DeletionForm, request.form.to_dict())
    page = (here, UserId(user_id), AttemptId(attempt_id))
    if not form.reason:
        return _page(*page, wrong=phrase("Say why: it is kept with the attempt.")), 400
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        _refuse_others(try_deletion(session, placement.id, AttemptId(attempt_id)).attempt, user_id)
    try:
        delete_attempt(
            here.institution_id,
            placement.id,
            AttemptId(attempt_id),
            Why(Actor("user", here.user_id), form.reason),
            digest=form.digest,
        )
    except DeletionOutdatedError as error:
        return _page(*page, reason=form.reason, problem=error), web.status_of(error)
    return _back(here, user_id)


@blueprint.post("/restore")
@launch_page(Act.DELETE_ATTEMPT)
def restore(here: CurrentLaunch, user_id: UUID, attempt_id: UUID) -> ResponseReturnValue:
    """Put a deleted attempt back."""
    form = web.read_form(DeletionForm, request.form.to_dict())
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        _refuse_others(get_deleted(session, placement.id, AttemptId(attempt_id)), user_id)
    restore_attempt(
        here.institution_id,
        placement.id,
        AttemptId(attempt_id),
        Why(Actor("user", here.user_id), form.reason or phrase("No reason given.")),
    )
    return _back(here, user_id)


def _page(  # noqa: PLR0913 - the form as it stands
    here: CurrentLaunch,
    user_id: UserId,
    attempt_id: AttemptId,
    *,
    reason: str = "",
    wrong: str | None = None,
    problem: DeletionOutdatedError | None = None,
) -> str:
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        learner = queries.get_learner(session, here, placement, user_id)
        deletion = try_deletion(session, placement.id, attempt_id)
        _refuse_others(deletion.attempt, user_id)
        badge_rests_on_it = rests_on(session, attempt_id)
        is_in_gradebook = has_column(session, placement.id, user_id)
        platform = get_registration(session, here.registration_id).name
    return render_template(
        "instructor/delete_attempt.html",
        launch_id=here.launch_id,
        placement=placement,
        user_id=user_id,
        name=learner.name,
        deletion=deletion,
        badge_rests_on_it=badge_rests_on_it,
        has_column=is_in_gradebook,
        platform=platform,
        reason=reason,
        wrong=wrong,
        problem=problem,
    )


def _refuse_others(attempt: Attempt, user_id: UUID) -> None:
    if attempt.user_id != user_id:
        raise NothingToReviewError


def _back(here: CurrentLaunch, user_id: UUID) -> ResponseReturnValue:
    page = url_for("course_people.show_person", launch_id=here.launch_id, user_id=user_id, saved=1)
    return redirect(page, 303)
