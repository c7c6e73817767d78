"""Looking into an assessment before placing it: its questions as learners see them."""

from decimal import Decimal
from random import Random
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.assessments import taking
from lti_tool.assessments.items import read_item
from lti_tool.assessments.rules import FormItem
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act

blueprint = Blueprint("looking", __name__, url_prefix="/l/<uuid:launch_id>")


@blueprint.get("/pick/<uuid:edition_id>")
@launch_page(Act.PLACE)
def look_inside(here: CurrentLaunch, edition_id: UUID) -> ResponseReturnValue:
    """Show the questions of an edition; nothing is begun and nothing is kept.

    The address carries what was ticked in the picker, so that going back loses nothing.
    """
    with transaction(here.institution_id) as session:
        edition = assessments.get_edition(session, EditionId(edition_id))
        details = assessments.get_details(session, EditionId(edition_id))
        content = assessments.list_edition_content(session, EditionId(edition_id))
    asked = []
    for number, (version_id, stored) in enumerate(content, 1):
        item = read_item(stored)
        takes = item.draw(Random(0))  # noqa: S311 - one of the orders, the same each time
        asked.append(
            FormItem(
                id=version_id,
                number=number,
                item=item,
                order=takes.options,
                points=Decimal(1),
                competency=None,
            )
        )
    picker = url_for("picker.pick", launch_id=here.launch_id)
    return render_template(
        "instructor/look_inside.html",
        edition=edition,
        details=details,
        questions=taking.lay_out(edition.title, asked, {}, None, clock.now()).questions,
        back=f"{picker}?{urlencode(list(request.args.items(multi=True)))}",
    )
