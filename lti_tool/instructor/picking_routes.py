"""The picker of a deep linking launch: what can be placed, and placing what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.queries import EditionSummary
from lti_tool.assessments.services import create_placement
from lti_tool.core import settings, speaking, web, zones
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, EditionId
from lti_tool.core.language import phrase
from lti_tool.instructor import queries
from lti_tool.instructor.forms import MOST_POINTS, Picked
from lti_tool.instructor.queries import Choosable
from lti_tool.launch import placement_token
from lti_tool.launch.deep_linking import (
    ContentItem,
    response_form,
    takes_columns,
    takes_new_windows,
    takes_several,
)
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act
from lti_tool.platforms.queries import get_registration
from lti_tool.platforms.quirks import quirks_of

PICKS = 20
RESULT_TAG = "result"  # of the column an assessment is placed with

blueprint = Blueprint("picker", __name__, url_prefix="/l/<uuid:launch_id>")


@blueprint.get("/pick")
@launch_page(Act.PLACE)
def pick(here: CurrentLaunch) -> ResponseReturnValue:
    """Offer the institution's assessments; what was ticked stays ticked while one searches."""
    picked = web.read_form(Picked, Picked.values(request.args))
    if not (picked.opens_at or picked.closes_at):
        # What was typed stays by the clock it was typed by.
        picked = picked.model_copy(update={"in_zone": zones.name_of(speaking.current().zone)})
    return _show(here, picked, ())


@blueprint.post("/pick")
@launch_page(Act.PLACE)
def place(here: CurrentLaunch) -> ResponseReturnValue:
    """Place what was chosen, and answer the platform; or answer that nothing was."""
    if "cancel" in request.args:
        return _answer(here, [])
    picked = web.read_form(Picked, Picked.values(request.form))
    points, problems = picked.points_or_none(), []
    if not picked.assessment:
        problems.append(("assessments", phrase("Choose at least one assessment.")))
    if len(picked.assessment) > 1 and not takes_several(here):
        problems.append(
            ("assessments", phrase("Choose one only: your course takes one at a time."))
        )
    if points is None:
        problems.append(
            ("points", phrase("Enter a whole number from 1 to %(most)s.", most=MOST_POINTS))
        )
    problems += picked.window()[2].items()
    if points is None or problems:
        return _show(here, picked, problems), 400
    return _answer(here, _place(here, picked))


def _show(here: CurrentLaunch, picked: Picked, problems: Sequence[tuple[str, str]]) -> str:
    """Return the picker as it stands, with what is wrong in it."""
    several = takes_several(here)
    with transaction(here.institution_id) as session:
        course = queries.find_course_title(session, here.context_id)
        product = get_registration(session, here.registration_id).product
        pathways = queries.list_pathways(session)
        pathway = next((one for one in pathways if one.pathway_id == picked.pathway), None)
        choosable = queries.list_choosable(
            session,
            here.institution_id,
            context_id=here.context_id,
            words=picked.q,
            chosen=picked.assessment,
            competency=picked.competency,
            pathway=pathway,
        )
        competencies = queries.list_competencies(session)
    if picked.whole and several and pathway is not None:
        choosable = [
            replace(one, chosen=one.chosen or one.edition.assessment_id in pathway.assessment_ids)
            for one in choosable
        ]
    shown = _after(choosable, picked)
    chosen = [one for one in choosable if one.chosen]
    return render_template(
        "instructor/pick.html",
        launch_id=here.launch_id,
        course=course,
        picked=picked,
        zone=speaking.zone_words_of(picked.in_zone),
        several=several,
        columns=takes_columns(here),
        windows=takes_new_windows(here),
        own_points=quirks_of(product).own_points,
        note=quirks_of(product).placing_note,
        competencies=competencies,
        pathways=pathways,
        pathway=pathway,
        matching=len(choosable),
        chosen=chosen,
        others=shown[:PICKS],
        next_after=shown[PICKS - 1].edition.edition_id if len(shown) > PICKS else None,
        problems=problems,
    )


def _after(choosable: Sequence[Choosable], picked: Picked) -> list[Choosable]:
    """Return what is not chosen, from where the page before ended."""
    others = [one for one in choosable if not one.chosen]
    for number, one in enumerate(others, 1):
        if one.edition.edition_id == picked.after:
            return others[number:]
    return others


def _place(here: CurrentLaunch, picked: Picked) -> list[ContentItem]:
    """Place what was chosen; a whole pathway in its own order, so that a module has it.

    `picked` is without problems.
    """
    with transaction(here.institution_id) as session:
        chosen = [
            assessments.get_edition(session, EditionId(edition_id))
            for edition_id in picked.assessment
        ]
        pathways = queries.list_pathways(session) if picked.pathway else []
        pictures = queries.list_pictures(session, here.institution_id)
    for pathway in pathways:
        if pathway.pathway_id == picked.pathway:
            chosen.sort(key=pathway.place_of)
    return [_placed(here, edition, picked, pictures) for edition in chosen]


def _placed(
    here: CurrentLaunch,
    edition: EditionSummary,
    picked: Picked,
    pictures: Mapping[AssessmentId, str],
) -> ContentItem:
    points = Decimal(picked.points)
    opens_at, closes_at, _ = picked.window()
    placement_id = create_placement(
        here.institution_id,
        edition.edition_id,
        context_id=here.context_id,
        created_by=here.user_id,
        title=edition.title,
        points=points,
        opens_at=opens_at,
        closes_at=closes_at,
    )
    picture = pictures.get(edition.assessment_id)
    return ContentItem(
        title=edition.title,
        text=edition.summary,
        placement_token=placement_token.make(placement_id, here.institution_id, edition.edition_id),
        points=points,
        resource_id=str(edition.assessment_id),
        tag=RESULT_TAG,
        # What an LMS shows beside the activity: its badge, else our sign.
        icon_url=settings.current().base_url + (picture or "/static/logo.svg"),
        opens_at=opens_at,
        closes_at=closes_at,
        in_new_window=picked.in_new_window and takes_new_windows(here),
    )


def _answer(here: CurrentLaunch, items: Sequence[ContentItem]) -> str:
    """Return the page that takes the items to the platform."""
    return_url, token = response_form(here, items)
    web.form_action(return_url)
    return render_template("launch/return_form.html", return_url=return_url, jwt=token)
