"""The audit trail of an institution: read as sentences, taken along as a table."""

import json
from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.core import clock, spreadsheet, web
from lti_tool.core.db import transaction
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import trail
from lti_tool.registrar.forms import AuditFilter
from lti_tool.registrar.sentences import known_acts

PAGE = 50
EXPORT_BATCH = 1000
EXPORT_HEADER = ("When (UTC)", "Who", "What", "Reason", "Act", "Kind", "Id", "Facts")

blueprint = Blueprint("audit", __name__, url_prefix="/desk/<slug>")


@blueprint.get("/audit")
@staff_page(Act.SEE_AUDIT)
def show_audit(here: CurrentStaff) -> ResponseReturnValue:
    """Show who did what, the newest first, a page at a time."""
    wanted = web.read_form(AuditFilter, request.args.to_dict())
    with transaction(here.institution_id) as session:
        rows = trail.list_lines(
            session,
            act=wanted.act,
            since=wanted.since,
            until=wanted.until,
            before=wanted.before,
            limit=PAGE + 1,
        )
    lines = rows[:PAGE]
    return render_template(
        "registrar/show_audit.html",
        here=here,
        wanted=wanted,
        acts=known_acts(),
        lines=lines,
        next_before=lines[-1].entry.id if len(rows) > PAGE else None,
    )


@blueprint.get("/audit.csv")
@staff_page(Act.EXPORT)
def export_audit(here: CurrentStaff) -> ResponseReturnValue:
    """Hand out the entries that fit the filters; noted before they leave."""
    wanted = web.read_form(AuditFilter, request.args.to_dict())
    rows = list(_export(here, wanted))
    note_reading(
        here.institution_id,
        actor=here.actor,
        act="export_audit",
        object_kind="institution",
        object_id=here.institution_id,
        facts={"entries": len(rows), "only_act": wanted.act},
    )
    return Response(
        spreadsheet.csv_document(EXPORT_HEADER, rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="audit-{clock.now():%Y-%m-%d}.csv"'},
    )


def _export(here: CurrentStaff, wanted: AuditFilter) -> Iterator[tuple[str | None, ...]]:
    before = None
    while True:
        with transaction(here.institution_id) as session:
            lines = trail.list_lines(
                session,
                act=wanted.act,
                since=wanted.since,
                until=wanted.until,
                before=before,
                limit=EXPORT_BATCH,
            )
        for line in lines:
            entry = line.entry
            yield (
                f"{entry.recorded_at:%Y-%m-%d %H:%M:%S}",
                line.who,
                line.text,
                entry.reason,
                entry.act,
                entry.object_kind,
                str(entry.object_id),
                json.dumps(entry.facts, sort_keys=True) if entry.facts else None,
            )
        if len(lines) < EXPORT_BATCH:
            return
        before = lines[-1].entry.id
