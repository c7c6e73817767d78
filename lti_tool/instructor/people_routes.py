"""One learner at one assessment, for who teaches: attempts, their time, and more of it."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.assessments import rules, services
from lti_tool.core import clock, web
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, ItemVersionId, UserId
from lti_tool.core.language import phrase
from lti_tool.instructor import queries
from lti_tool.instructor.attempts import course_of
from lti_tool.instructor.errors import NothingToReviewError
from lti_tool.instructor.forms import MOST_EXTRA, MOST_PERCENT, AttemptChange, MoreTime
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act

blueprint = Blueprint("course_people", __name__, url_prefix="/l/<uuid:launch_id>/learners")


@blueprint.get("/<uuid:user_id>")
@launch_page(Act.SEE_RESULTS)
def show_person(here: CurrentLaunch, user_id: UUID) -> ResponseReturnValue:
    """Show a learner's attempts and time; never why somebody has more."""
    return _page(here, UserId(user_id), {})


@blueprint.get("/<uuid:user_id>/attempts/<uuid:attempt_id>")
@launch_page(Act.SEE_RESULTS)
def show_work(here: CurrentLaunch, user_id: UUID, attempt_id: UUID) -> ResponseReturnValue:
    """Show an ended attempt, question by question."""
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        learner = queries.get_learner(session, here, placement, UserId(user_id))
        found = assessments.attempt_review(
            session, AttemptId(attempt_id), at=clock.now(), of_user=learner.id, whole=True
        )
        if found.attempt.placement_id != placement.id:
            raise NothingToReviewError
        late = assessments.list_late(session, AttemptId(attempt_id))
        went = course_of(session, found.attempt)
    return render_template(
        "instructor/show_attempt.html",
        launch_id=here.launch_id,
        placement=placement,
        name=learner.name,
        back_url=url_for(".show_person", launch_id=here.launch_id, user_id=user_id),
        late=late,
        user_id=user_id,
        review=found,
        went=went,
    )


@blueprint.post("/<uuid:user_id>/time")
@launch_page(Act.GIVE_TIME)
def give_time(here: CurrentLaunch, user_id: UUID) -> ResponseReturnValue:
    """Set how much more time a person has, in every course."""
    form = web.read_form(MoreTime, request.form.to_dict())
    more = form.read()
    if more is None:
        wrong = phrase(
            "Enter whole numbers: up to %(percent)s per cent, up to %(minutes)s minutes.",
            percent=MOST_PERCENT,
            minutes=MOST_EXTRA,
        )
        return _page(here, UserId(user_id), {"percent": wrong}, typed=form), 400
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        queries.get_learner(session, here, placement, UserId(user_id))
    services.set_accommodation(
        here.institution_id,
        UserId(user_id),
        factor=more[0],
        extra_minutes=more[1],
        actor=Actor("user", here.user_id),
    )
    return _back(here, user_id)


@blueprint.post("/<uuid:user_id>/attempts/<uuid:attempt_id>/<any(extend, reopen):act>")
@launch_page(Act.GIVE_TIME)
def change_attempt(
    here: CurrentLaunch, user_id: UUID, attempt_id: UUID, act: str
) -> ResponseReturnValue:
    """Give one attempt more time, or open it again, with a reason."""
    form = web.read_form(AttemptChange, request.form.to_dict())
    minutes = form.read_minutes()
    wrong = {}
    if minutes is None:
        wrong[f"minutes-{attempt_id}"] = phrase(
            "Enter minutes, from 1 to %(most)s.", most=MOST_EXTRA
        )
    if not form.reason:
        wrong[f"reason-{attempt_id}"] = phrase("Say why: it is kept with the attempt.")
    if minutes is None or wrong:
        return _page(here, UserId(user_id), wrong, changed=form), 400
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        attempt = assessments.get_attempt(session, AttemptId(attempt_id), of_user=UserId(user_id))
    whole = (here.institution_id, placement.id, attempt.id, minutes)
    why = services.Why(Actor("user", here.user_id), form.reason)
    if act == "extend":
        services.grant_minutes(*whole, why, had=form.had)
    else:
        services.reopen_attempt(*whole, why)
    return _back(here, user_id)


@blueprint.post(
    "/<uuid:user_id>/attempts/<uuid:attempt_id>/late/<uuid:item_id>/<any(take, leave):decision>"
)
@launch_page(Act.MARK)
def decide_late(
    here: CurrentLaunch, user_id: UUID, attempt_id: UUID, item_id: UUID, decision: str
) -> ResponseReturnValue:
    """Let an answer that came after the end count, or leave it out."""
    form = web.read_form(AttemptChange, request.form.to_dict())
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        attempt = assessments.get_attempt(session, AttemptId(attempt_id), of_user=UserId(user_id))
    services.decide_late(
        here.institution_id,
        placement.id,
        attempt.id,
        ItemVersionId(item_id),
        services.Why(Actor("user", here.user_id), form.reason or phrase("No reason given.")),
        take=decision == "take",
    )
    work = url_for(".show_work", launch_id=here.launch_id, user_id=user_id, attempt_id=attempt_id)
    return redirect(work, 303)


def _page(
    here: CurrentLaunch,
    user_id: UserId,
    wrong: dict[str, str],
    *,
    typed: MoreTime | None = None,
    changed: AttemptChange | None = None,
) -> str:
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        learner = queries.get_learner(session, here, placement, user_id)
        course = queries.find_course_title(session, here.context_id)
        attempts = assessments.list_attempts(session, placement.id, user_id)
        deleted = assessments.list_deleted(session, placement.id, user_id)
        held = assessments.conditions_of(session, placement)
        allowance = assessments.allowance_for(session, held, user_id)
        late = {
            one.id: sum(
                found.is_taken is None for found in assessments.list_late(session, one.id).values()
            )
            for one in attempts
        }
    percent = (allowance.factor - 1) * 100
    return render_template(
        "instructor/show_person.html",
        launch_id=here.launch_id,
        course=course,
        placement=placement,
        user_id=user_id,
        name=learner.name,
        attempts=attempts,
        deleted=deleted,
        closed={one.id for one in attempts if not rules.accepts(one.closes_at, clock.now())},
        late=late,
        totals={one.id: assessments.allowance_of(one).total_minutes for one in attempts},
        allowance=allowance,
        typed=typed or MoreTime(percent=f"{percent:.0f}", minutes=str(allowance.extra_minutes)),
        changed=changed,
        wrong=wrong,
        saved="saved" in request.args and not wrong,
    )


def _back(here: CurrentLaunch, user_id: UUID) -> ResponseReturnValue:
    page = url_for(".show_person", launch_id=here.launch_id, user_id=user_id, saved=1)
    return redirect(page, 303)
