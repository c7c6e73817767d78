"""The audit trail of an institution, read as sentences."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.core.language import phrase
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import trail
from lti_tool.registrar.forms import AuditFilter
from lti_tool.registrar.sentences import known_acts

PAGE = 50

blueprint = Blueprint("audit", __name__, url_prefix="/desk/<slug>")


@blueprint.get("/audit")
@staff_page(Act.SEE_AUDIT)
def show_audit(here: CurrentStaff) -> ResponseReturnValue:
    """Show who did what, the newest first, a page at a time."""
    wanted = web.read_form(AuditFilter, request.args.to_dict())
    with transaction(here.institution_id) as session:
        rows = trail.list_lines(
            session,
            wanted=wanted.entries(),
            before=wanted.before,
            limit=PAGE + 1,
        )
        staff = people.list_staff(session)
        about = PersonId(wanted.person) if wanted.person else None
        name = people.display_names(session, [about]).get(about, "") if about else ""
    lines = rows[:PAGE]
    return render_template(
        "registrar/show_audit.html",
        here=here,
        wanted=wanted,
        acts=known_acts(),
        staff=[(str(one.id), one.name or one.email or phrase("Name not given")) for one in staff],
        about=name,
        chosen=wanted.entries().words(),
        lines=lines,
        next_before=lines[-1].entry.id if len(rows) > PAGE else None,
    )
