"""Which version people are on, at the desk: what moving them would change, moving them, how far."""

from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from lti_tool.core import web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.ids import PathwayId, PathwayVersionId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways import composing, queries
from lti_tool.pathways.deciding import migrating
from lti_tool.pathways.errors import MoveDecidedError
from lti_tool.pathways.models import PathwayMove
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

LONGEST_REASON = 1000

blueprint = Blueprint(
    "moving", __name__, url_prefix="/desk/<slug>/pathways/<uuid:pathway_id>/moves"
)


@blueprint.post("")
@staff_page(Act.DECIDE)
def ask_move(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Have it looked at what moving people to a version would change."""
    to, from_ = (uuid_or_none(request.form.get(name, "")) for name in ("version", "from"))
    if to is None:
        raise BadRequest
    move_id = migrating.ask_move(
        here.institution_id,
        PathwayId(pathway_id),
        PathwayVersionId(to),
        PathwayVersionId(from_) if from_ else None,
        actor=here.actor,
    )
    return redirect(_url(here, "show_move", pathway_id, move_id), 303)


@blueprint.get("/<uuid:move_id>")
@staff_page(Act.DECIDE)
def show_move(here: CurrentStaff, pathway_id: UUID, move_id: UUID) -> ResponseReturnValue:
    """Show how far the look or the move is, and who gains and who loses by it."""
    return _page(here, pathway_id, move_id, None)


@blueprint.get("/<uuid:move_id>/state")
@staff_page(Act.DECIDE)
def follow_move(here: CurrentStaff, pathway_id: UUID, move_id: UUID) -> ResponseReturnValue:
    """Tell a script how far it is."""
    with transaction(here.institution_id) as session:
        move = migrating.get_move(session, PathwayId(pathway_id), move_id)
    return jsonify(state=_state(move), settled=move.state in {"looked", "moved"})


@blueprint.post("/<uuid:move_id>")
@staff_page(Act.DECIDE)
def confirm_move(here: CurrentStaff, pathway_id: UUID, move_id: UUID) -> ResponseReturnValue:
    """Move them, if a reason is given."""
    reason = request.form.get("reason", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        told = phrase("Enter why: whoever reads a record later has only these words.")
        return _page(here, pathway_id, move_id, told), 400
    try:
        migrating.confirm_move(
            here.institution_id,
            PathwayId(pathway_id),
            move_id,
            reason=reason,
            spares=request.form.get("spares") == "1",
            actor=here.actor,
        )
    except MoveDecidedError as error:
        return _page(here, pathway_id, move_id, error.sentence), web.status_of(error)
    return redirect(_url(here, "show_move", pathway_id, move_id), 303)


def _page(here: CurrentStaff, pathway_id: UUID, move_id: UUID, error: str | None) -> str:
    with transaction(here.institution_id) as session:
        pathway = queries.get_pathway(session, PathwayId(pathway_id))
        move = migrating.get_move(session, pathway.id, move_id)
        versions = {
            row.version.id: row.version.number
            for row in composing.list_version_rows(session, pathway.id)
        }
        known = [(PersonId(UUID(one)), before, after) for one, before, after in move.named]
        names = people.display_names(session, [one for one, _, _ in known])
    changed = [
        (one, names.get(one, phrase("Name not given")), before, after)
        for one, before, after in known
    ]
    return render_template(
        "pathways/desk/show_move.html",
        here=here,
        pathway=pathway,
        move=move,
        to_number=versions[move.version_id],
        from_number=versions.get(move.from_version_id) if move.from_version_id else None,
        gaining=[one for one in changed if one[3] == 0],
        losing=[one for one in changed if one[2] == 0],
        state=_state(move),
        error=error,
        reason=request.form.get("reason", ""),
    )


def _state(move: PathwayMove) -> str:
    return f"{move.state}-{move.looked}"


def _url(here: CurrentStaff, view: str, pathway_id: UUID, move_id: UUID, **more: Any) -> str:  # noqa: ANN401 - of the address
    return url_for(
        f".{view}", slug=here.institution_slug, pathway_id=pathway_id, move_id=move_id, **more
    )
