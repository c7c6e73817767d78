"""An instructor's pages about the whole course, and about a link that has no assessment yet."""

from decimal import Decimal

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.services import bind_placement, create_placement
from lti_tool.core import web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.ids import EditionId
from lti_tool.core.language import phrase
from lti_tool.instructor import course, queries
from lti_tool.instructor.errors import NothingPlacedError
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act
from lti_tool.platforms.queries import get_registration, get_resource_link

# A link made by hand brings the platform's column, whose maximum we are not told: scores are sent
# as a share of this, and the platform rescales them (AGS 2.0 §3.4.7).
POINTS = Decimal(100)

blueprint = Blueprint("course", __name__, url_prefix="/l/<uuid:launch_id>")


@blueprint.get("/course")
@launch_page(Act.SEE_RESULTS)
def show_course(here: CurrentLaunch) -> ResponseReturnValue:
    """Show every assessment of this course, and how each is doing."""
    with transaction(here.institution_id) as session:
        title = queries.find_course_title(session, here.context_id)
        platform = get_registration(session, here.registration_id).name
        placements = course.list_placements(session, here.context_id)
        own = (
            assessments.find_placement_of_link(session, here.resource_link_id)
            if here.resource_link_id is not None
            else None
        )
    return render_template(
        "instructor/show_course.html",
        launch_id=here.launch_id,
        course=title,
        platform=platform,
        placements=placements,
        own_id=own and own.id,
    )


@blueprint.get("/choose")
@launch_page(Act.PLACE)
def choose(here: CurrentLaunch) -> ResponseReturnValue:
    """Offer assessments for a link that was made by hand and stands for none yet."""
    return _choose(here, None)


@blueprint.post("/choose")
@launch_page(Act.PLACE)
def give_link(here: CurrentLaunch) -> ResponseReturnValue:
    """Have the link stand for the chosen assessment from now on, for everybody who opens it."""
    edition_id = uuid_or_none(request.form.get("assessment", ""))
    if edition_id is None:
        return _choose(here, phrase("Choose an assessment.")), 400
    if here.resource_link_id is None:
        raise NothingPlacedError
    with transaction(here.institution_id) as session:
        taken = assessments.find_placement_of_link(session, here.resource_link_id)
        edition = assessments.get_edition(session, EditionId(edition_id))
    if taken is None:  # else somebody was quicker, and learners may be at work
        placement_id = create_placement(
            here.institution_id,
            edition.edition_id,
            context_id=here.context_id,
            created_by=here.user_id,
            title=edition.title,
            points=POINTS,
        )
        with transaction(here.institution_id) as session:
            bind_placement(session, placement_id, here.resource_link_id, here.context_id)
    return redirect(url_for(web.page("LtiResourceLinkRequest"), launch_id=here.launch_id), 303)


def _choose(here: CurrentLaunch, problem: str | None) -> str:
    if here.resource_link_id is None:
        raise NothingPlacedError
    words = request.args.get("q", "").strip()[:200]
    with transaction(here.institution_id) as session:
        link = get_resource_link(session, here.resource_link_id)
        choosable = queries.list_choosable(
            session, here.institution_id, context_id=here.context_id, words=words, chosen=()
        )
        title = queries.find_course_title(session, here.context_id)
    return render_template(
        "instructor/choose.html",
        launch_id=here.launch_id,
        course=title,
        link_title=link.title,
        choosable=choosable,
        words=words,
        problem=problem,
    )
