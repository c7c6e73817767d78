"""Tables of the desk to take along: asked for whom and why, noted, then handed out while read.

Nothing leaves before it is noted, and no row is read before it is asked for.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core import clock, speaking, spreadsheet, web
from lti_tool.core.cells import Cell
from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId
from lti_tool.core.language import phrase
from lti_tool.pathways import queries as pathways
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import exports, trail
from lti_tool.registrar.exports import Export, Kind
from lti_tool.registrar.forms import ExportForm, TableAsked, WhichLearners
from lti_tool.registrar.sentences import EXPORTS

# Of those before, on the page that lists what may be taken along.
MOST_BEFORE = 20
_NO_RECIPIENT = phrase("Enter who gets the table.")
_NO_ADDRESS = phrase("Enter an office or an organisation, not an e-mail address.")
_NO_PURPOSE = phrase("Enter what it is for.")

blueprint = Blueprint("exports", __name__, url_prefix="/desk/<slug>")


@blueprint.get("/exports")
@staff_page(Act.EXPORT)
def list_exports(here: CurrentStaff) -> ResponseReturnValue:
    """Show every table that may be taken along, and what was."""
    with transaction(here.institution_id) as session:
        before = trail.list_lines(session, acts=sorted(EXPORTS), limit=MOST_BEFORE)
    return render_template(
        "registrar/list_exports.html",
        here=here,
        titles=exports.TITLES,
        hints=exports.HINTS,
        before=before,
    )


@blueprint.route(
    "/exports/<any(people,pathways,awards,decisions,waiting,matches,audit):kind>",
    methods=["GET", "POST"],
)
@staff_page(Act.EXPORT)
def take(here: CurrentStaff, kind: str) -> ResponseReturnValue:
    """Ask for whom and why; then hand the table out."""
    wanted = web.read_form(TableAsked, request.values.to_dict())
    export = exports.export(Kind(kind), words=wanted.q, wanted=wanted.entries())
    return _take(here, export, "institution", here.institution_id, back=_page_of(here, export))


@blueprint.route("/pathways/<uuid:pathway_id>/export", methods=["GET", "POST"])
@staff_page(Act.EXPORT)
def take_learners(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """The same for the learners on a pathway who fit."""
    wanted = web.read_form(WhichLearners, request.values.to_dict())
    with transaction(here.institution_id) as session:
        pathway = pathways.get_pathway(session, PathwayId(pathway_id))
    export = exports.of_pathway(pathway.id, pathway.title, wanted.filters())
    back = url_for(
        "registrar.show_pathway",
        slug=here.institution_slug,
        pathway_id=pathway_id,
        **export.filters,
    )
    return _take(here, export, "pathway", pathway_id, back=back)


def _page_of(here: CurrentStaff, export: Export) -> str:
    """Return the page that shows what a table holds, filtered alike, or else the list of tables."""
    page = {
        "export_people": "registrar.show_people",
        "export_pathways": "registrar.show_dashboard",
        "export_waiting": "waiting.show_waiting",
        "export_matches": "identity.list_matches",
        "export_audit": "audit.show_audit",
    }.get(export.act, ".list_exports")
    filters = {} if page == ".list_exports" else export.filters
    return url_for(page, slug=here.institution_slug, **filters)


def _take(
    here: CurrentStaff, export: Export, object_kind: str, object_id: UUID, *, back: str
) -> ResponseReturnValue:
    if request.method != "POST":
        return _ask(here, export, ExportForm(), {}, back)
    form = web.read_form(ExportForm, request.form.to_dict())
    errors = {
        **({} if form.recipient else {"recipient": _NO_RECIPIENT}),
        **({"recipient": _NO_ADDRESS} if "@" in form.recipient else {}),
        **({} if form.purpose else {"purpose": _NO_PURPOSE}),
    }
    if errors:
        return _ask(here, export, form, errors, back), 400
    note_reading(
        here.institution_id,
        actor=here.actor,
        act=export.act,
        object_kind=object_kind,
        object_id=object_id,
        reason=form.purpose,
        facts={
            "recipient": form.recipient,
            "format": form.format.value,
            # What was searched for may be somebody's name, which does not stay here.
            **{
                f"only_{name}": value[:100]
                for name, value in export.filters.items()
                if name != "q" and "@" not in value
            },
            **({"searched": True} if "q" in export.filters else {}),
        },
    )
    pieces = spreadsheet.document(
        form.format,
        speaking.say(export.title),
        [speaking.say(words) for words in export.header],
        _said(here, export),
    )
    first = next(pieces, b"")  # what cannot be read at all is told on a page
    name = re.sub(r"[^a-z0-9]+", "-", export.file.lower()).strip("-") or "table"
    filename = f"{name}-{clock.now():%Y-%m-%d}.{form.format.value}"
    return Response(
        itertools.chain([first], pieces),
        mimetype=spreadsheet.MIMETYPES[form.format],
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def _said(here: CurrentStaff, export: Export) -> Iterator[Sequence[Cell]]:
    """Return the rows in the language and zone of who asked; they are read after the request."""
    reader = speaking.current()
    rows = export.rows(here.institution_id)
    return ([exports.told(value, reader) for value in row] for row in rows)


def _ask(
    here: CurrentStaff, export: Export, form: ExportForm, errors: dict[str, str], back: str
) -> str:
    return render_template(
        "registrar/ask_export.html",
        here=here,
        export=export,
        form=form,
        errors=errors,
        action=request.path,
        back=back,
    )
