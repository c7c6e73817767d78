"""What waits for a registrar's decision, on one page."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import waiting
from lti_tool.registrar.forms import WaitingPage

PAGE = 50

blueprint = Blueprint("waiting", __name__, url_prefix="/desk/<slug>")


@blueprint.get("/decisions")
@staff_page(Act.DECIDE)
def show_waiting(here: CurrentStaff) -> ResponseReturnValue:
    """Show what waits for a decision, a page of each kind at a time."""
    wanted = web.read_form(WaitingPage, request.args.to_dict())
    with transaction(here.institution_id) as session:
        found = waiting.list_waiting(
            session,
            limit=PAGE + 1,
            confirm_after=wanted.confirm_after,
            review_after=wanted.review_after,
        )
    return render_template("registrar/show_waiting.html", here=here, waiting=found, page=PAGE)
