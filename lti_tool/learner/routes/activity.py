"""A learner's pages inside the LMS: the activity, its result, their badges, their pathways."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments import services as assessment_services
from lti_tool.assessments.models import Attempt, PlacementResult
from lti_tool.assessments.rules import accepts
from lti_tool.badges import queries as badges
from lti_tool.badges.issuer import image_path
from lti_tool.core import clock, web
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, PlacementId
from lti_tool.core.language import phrase
from lti_tool.core.templating import render_kept
from lti_tool.launch import placement_token
from lti_tool.launch.claims import SUBMISSION_REVIEW_REQUEST
from lti_tool.launch.queries import has_newer_token
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.learner.holder import Holder
from lti_tool.learner.queries import opening, result
from lti_tool.learner.queries.arriving import ARRIVING, Arrival, find_arrival, read_arrival
from lti_tool.learner.queries.copies import find_copied, is_whole_course
from lti_tool.learner.queries.decisions import list_decisions
from lti_tool.learner.queries.pathways import list_cairns
from lti_tool.learner.routes import access as access_routes
from lti_tool.learner.routes import badges as badge_routes
from lti_tool.learner.routes import doors
from lti_tool.learner.routes import transcripts as transcript_routes
from lti_tool.pathways.notices import list_warnings
from lti_tool.people.queries import find_person
from lti_tool.people.rules import Act, may
from lti_tool.platforms import queries as platforms
from lti_tool.platforms.queries import get_institution

blueprint = Blueprint("learner", __name__, url_prefix="/l/<uuid:launch_id>")


@blueprint.get("/")
@launch_page(Act.SEE_OWN, ARRIVING)
def open_placement(here: CurrentLaunch) -> ResponseReturnValue:
    """Lead whoever opened the activity to their page of it."""
    staff = may(here.roles, Act.SEE_RESULTS)
    arrival = _settled(here)
    if arrival is None:
        with transaction(here.institution_id) as session:
            arrival = _arrival(session, here)
            if arrival is None:
                return _without_placement(session, here, staff=staff)
    if staff:
        is_review = here.message_type == SUBMISSION_REVIEW_REQUEST
        page = "review" if is_review else "show_placement"
        return redirect(url_for(f"instructor.{page}", launch_id=here.launch_id), 303)
    if arrival.attempts and arrival.open_attempt is None:
        last = arrival.attempts[-1].id
        return redirect(
            url_for("learner.show_result", launch_id=here.launch_id, attempt_id=last), 303
        )
    return _start_page(here, arrival, clock.now())


def _start_page(here: CurrentLaunch, arrival: Arrival, now: datetime) -> str:
    """Return what is shown before the first attempt, or in the middle of one."""
    open_attempt, blocked = arrival.open_attempt, arrival.find_bar(now)
    takes = may(here.roles, Act.TAKE_ATTEMPT)
    gaps = {
        "launch_id": here.launch_id,
        "csrf": web.csrf_token(),
        "learner": arrival.learner or None,
    }
    values: dict[str, Any] = {
        "activity": arrival.activity,
        "used": len(arrival.attempts),
        "takes": takes,
        "tries": may(here.roles, Act.TRY),
        "edition_id": arrival.edition_id,
        "open_attempt": open_attempt,
        "deleted": tuple(arrival.deleted),
        "time_is_up": open_attempt is not None and not accepts(open_attempt.closes_at, now),
        "blocked": blocked,
    }
    # Who begins finds what others find who begin; what is of one learner is not worth keeping.
    if takes and not (open_attempt or arrival.deleted or blocked):
        return render_kept("learner/start.html", gaps, **values)
    return render_template("learner/start.html", **gaps, **values)


def _settled(here: CurrentLaunch) -> Arrival | None:
    """Return what the link is bound to if this launch says nothing else, as nearly all do."""
    if here.also is None:
        return None
    bound = read_arrival(here.also)
    return bound if _said(here) in {None, bound.placement_id, bound.copied_from_id} else None


def _said(here: CurrentLaunch) -> PlacementId | None:
    """Return the placement whose token the launch carries, if it is this institution's."""
    if here.placement_token is None:
        return None
    return placement_token.read(here.placement_token, here.institution_id)


def _arrival(session: Session, here: CurrentLaunch) -> Arrival | None:
    """Return what the link leads to; a launch that carries a token binds its placement first.

    Unless the link has been given another since: a tab that was left open must not lead a whole
    course back to what it was about.
    """
    if here.resource_link_id is None:
        return None
    placement_id = _said(here)
    bound = find_arrival(session, here.resource_link_id, here.user_id)
    if placement_id is None and bound is None:
        placement_id = find_copied(session, here)
    if placement_id is None or (bound and _is_bound(session, here, bound, placement_id)):
        return bound
    assessment_services.bind_placement(
        session, placement_id, here.resource_link_id, here.context_id
    )
    session.flush()  # the next statement goes past the session
    return find_arrival(session, here.resource_link_id, here.user_id)


def _is_bound(
    session: Session, here: CurrentLaunch, bound: Arrival, placement_id: PlacementId
) -> bool:
    """Tell whether the link stays with what it is bound to, whatever this launch's token says."""
    is_this = placement_id in {bound.placement_id, bound.copied_from_id}
    return is_this or has_newer_token(session, here)


def _without_placement(
    session: Session, here: CurrentLaunch, *, staff: bool
) -> ResponseReturnValue:
    link = None
    if here.resource_link_id is not None:
        link = platforms.get_resource_link(session, here.resource_link_id)
    # A link in the course's menu names no assessment and is no mistake: a learner means "mine".
    # One with a column of its own is an activity, pasted by hand.
    is_menu = here.placement_token is None and (link is None or not link.line_item_url)
    places = may(here.roles, Act.PLACE)
    if is_menu and not places:
        return redirect(url_for("learner.show_badges", launch_id=here.launch_id), 303)
    if is_menu and staff and link is not None and is_whole_course(session, link):
        return redirect(url_for("course.show_course", launch_id=here.launch_id), 303)
    link_title = link and link.title
    return render_template(
        "learner/no_placement.html",
        launch_id=here.launch_id,
        staff=staff,
        places=places,
        link_title=link_title,
        # A token that is not this institution's: the link was copied from somewhere else.
        from_elsewhere=here.placement_token is not None,
    )


@blueprint.get("/results/<uuid:attempt_id>")
@launch_page(Act.SEE_OWN)
def show_result(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Show what an attempt came to, what it earned and what is next."""
    with transaction(here.institution_id) as session:
        review = assessments.attempt_review(
            session, AttemptId(attempt_id), at=clock.now(), of_user=here.user_id
        )
        placement = assessments.get_placement(session, review.attempt.placement_id)
        placed = opening.describe_placement(session, placement)
        attempts = assessments.list_attempts(session, placement.id, here.user_id)
        deleted = assessments.list_deleted(session, placement.id, here.user_id)
        counted = _result_of(session, review.attempt)
        arrivals = _arrivals(session, here, placed, review.attempt, counted)
        issuer = badges.get_issuer_of(session, here.institution_id)
    return render_template(
        "learner/result.html",
        launch_id=here.launch_id,
        takes=may(here.roles, Act.TAKE_ATTEMPT),
        issuer=issuer,
        review=review,
        placed=placed,
        counted=counted,
        arrivals=arrivals,
        art_url=placed.achievement
        and image_path(issuer.slug, placed.achievement.id, placed.achievement.edition),
        attempts_used=len(attempts),
        deleted=deleted,
        open_attempt=next((one for one in attempts if one.submitted_at is None), None),
        blocked=opening.find_bar(placed, attempts, clock.now()),
    )


@blueprint.get("/results/<uuid:attempt_id>/arrivals")
@launch_page(Act.SEE_OWN)
def follow_result(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Tell a script whether there is something new to show, and whether more will come."""
    with transaction(here.institution_id) as session:
        attempt = assessments.get_attempt(session, AttemptId(attempt_id), of_user=here.user_id)
        if attempt.submitted_at is None:
            raise NotFoundError(phrase("This attempt has not ended yet."))
        placement = assessments.get_placement(session, attempt.placement_id)
        placed = opening.describe_placement(session, placement)
        arrivals = _arrivals(session, here, placed, attempt, _result_of(session, attempt))
    return jsonify(state=arrivals.state, settled=arrivals.settled)


def _result_of(session: Session, attempt: Attempt) -> PlacementResult:
    counted = assessments.find_result(session, attempt.placement_id, attempt.user_id)
    if counted is None:
        raise RuntimeError("an ended attempt without a placement result")
    return counted


def _arrivals(
    session: Session,
    here: CurrentLaunch,
    placed: opening.Placed,
    attempt: Attempt,
    counted: PlacementResult,
) -> result.Arrivals:
    person_id = find_person(session, here.user_id)
    achievement = placed.achievement if attempt.passed else None
    ways = list_cairns(
        session, person_id=person_id, user_id=here.user_id, context_id=here.context_id
    )
    return result.Arrivals(
        score=result.find_score(session, counted),
        badge=result.find_badge(session, achievement, person_id) if achievement else None,
        ways=tuple(way for way in ways if placed.achievement and way.has(placed.achievement.id)),
    )


@blueprint.get("/badges")
@launch_page(Act.SEE_OWN)
def show_badges(here: CurrentLaunch) -> ResponseReturnValue:
    """Show what the person holds, from every course and platform, and what they have shared."""
    with transaction(here.institution_id) as session:
        activity = _activity(session, here)
    return badge_routes.badges_page(_holder(here), activity=activity)


def _holder(here: CurrentLaunch) -> Holder:
    with transaction(here.institution_id) as session:
        person_id = find_person(session, here.user_id)
    return Holder(
        institution_id=here.institution_id,
        person_id=person_id,
        may_share=may(here.roles, Act.SHARE_BADGE),
        door=blueprint.name,
        address={"launch_id": here.launch_id},
        launch_id=here.launch_id,
    )


for pages in (badge_routes.PAGES, access_routes.PAGES, transcript_routes.PAGES):
    doors.connect(blueprint, pages, guard=launch_page, holder=_holder)


@blueprint.get("/pathways")
@launch_page(Act.SEE_OWN)
def show_pathways(here: CurrentLaunch) -> ResponseReturnValue:
    """Show where badges lead, as far as the person has come."""
    with transaction(here.institution_id) as session:
        person_id = find_person(session, here.user_id)
        ways = list_cairns(
            session,
            person_id=person_id,
            user_id=here.user_id,
            context_id=here.context_id,
            resource_link_id=here.resource_link_id,
        )
        warnings = list_warnings(session, person_id) if person_id else []
        decisions = list_decisions(session, person_id) if person_id else []
        institution = get_institution(session, here.institution_id).name
        activity = _activity(session, here)
    return render_template(
        "learner/pathways.html",
        launch_id=here.launch_id,
        ways=ways,
        warnings=warnings,
        decisions=decisions,
        institution=institution,
        activity=activity,
        course_url=here.settings.get("return_url"),
    )


def _activity(session: Session, here: CurrentLaunch) -> str | None:
    """Return what the launch was for, to lead back to it; None for a link of the course's menu."""
    if here.resource_link_id is None:
        return None
    placement = assessments.find_placement_of_link(session, here.resource_link_id)
    return placement.title if placement else None
