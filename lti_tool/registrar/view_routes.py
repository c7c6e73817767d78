"""Saved views of the desk: named, listed, shared, renamed, deleted. Opening one is a plain link."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways import queries as pathways
from lti_tool.people import saved_views
from lti_tool.people.models import SavedView
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import dashboard, queries
from lti_tool.registrar.forms import AuditFilter, ViewForm, WhichLearners

_NO_NAME = phrase("Enter a name that you will know it by.")

blueprint = Blueprint("views", __name__, url_prefix="/desk/<slug>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A view as the desk lists it; `of`: the pathway that it is of, or the page."""

    view: SavedView
    url: str
    of: str
    is_own: bool


@blueprint.get("/views")
@staff_page(Act.SEE_PROGRESS)
def list_views(here: CurrentStaff) -> ResponseReturnValue:
    """Show one's own views, and those that others share."""
    with transaction(here.institution_id) as session:
        found = saved_views.list_views(session, here.staff_id)
        titles = queries.pathway_titles(session, {one.target for one in found if one.target})
    return render_template(
        "registrar/list_views.html",
        here=here,
        views=[
            Listed(
                view=one,
                url=url_of(here, one),
                of=titles.get(one.target, "") if one.target else phrase("Audit trail"),
                is_own=one.staff_id == here.staff_id,
            )
            for one in found
            if one.page != "audit" or here.may(Act.SEE_AUDIT)
        ],
    )


@blueprint.route("/pathways/<uuid:pathway_id>/views/new", methods=["GET", "POST"])
@staff_page(Act.SEE_PROGRESS)
def save_pathway(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Ask for the name of a pathway's dashboard as it is filtered; then keep it."""
    filters = web.read_form(WhichLearners, request.values.to_dict()).filters()
    with transaction(here.institution_id) as session:
        head = pathways.get_head(session, PathwayId(pathway_id))
        choices = dashboard.list_choices(session, head, filters)
    words: dict[str, Any] = {name: word for name, word in filters.words().items() if name != "q"}
    labels = dashboard.labels(filters, choices)
    back = url_for(
        "registrar.show_pathway", slug=here.institution_slug, pathway_id=pathway_id, **words
    )
    return _save(
        here,
        page="pathway",
        target=pathway_id,
        words=words,
        labels=[label for name, label in labels.items() if name != "q"],
        of=head.title,
        back=back,
        leaves_out="q" in labels,
    )


@blueprint.route("/audit/views/new", methods=["GET", "POST"])
@staff_page(Act.SEE_AUDIT)
def save_audit(here: CurrentStaff) -> ResponseReturnValue:
    """The same for the audit trail."""
    wanted = web.read_form(AuditFilter, request.values.to_dict())
    words: dict[str, Any] = wanted.entries().words()
    back = url_for("audit.show_audit", slug=here.institution_slug, **words)
    return _save(
        here,
        page="audit",
        target=None,
        words=words,
        labels=wanted.labels(),
        of=phrase("Audit trail"),
        back=back,
        leaves_out=False,
    )


@blueprint.post("/views/<uuid:saved_view_id>")
@staff_page(Act.SEE_PROGRESS)
def change(here: CurrentStaff, saved_view_id: UUID) -> ResponseReturnValue:
    """Rename a view, share it or keep it to oneself; or delete it."""
    form = web.read_form(ViewForm, request.form.to_dict())
    clears = here.may(Act.DECIDE)
    if form.delete:
        saved_views.delete_view(here.institution_id, here.staff_id, saved_view_id, clears=clears)
    elif form.name:
        saved_views.change_view(
            here.institution_id,
            here.staff_id,
            saved_view_id,
            name=form.name,
            shared=form.shared,
            clears=clears,
        )
    else:
        # Without a name it keeps the one it has, if it is theirs.
        with transaction(here.institution_id) as session:
            saved_views.get_view(session, here.staff_id, saved_view_id, clears=clears)
    return redirect(url_for(".list_views", slug=here.institution_slug), 303)


def url_of(here: CurrentStaff, view: SavedView) -> str:
    """Return the address of what a view shows."""
    words = view.query
    if view.target is None:
        return url_for("audit.show_audit", slug=here.institution_slug, **words)
    return url_for(
        "registrar.show_pathway", slug=here.institution_slug, pathway_id=view.target, **words
    )


def _save(  # noqa: PLR0913 - what the two pages differ in
    here: CurrentStaff,
    *,
    page: str,
    target: UUID | None,
    words: dict[str, Any],
    labels: list[str],
    of: str,
    back: str,
    leaves_out: bool,
) -> ResponseReturnValue:
    form = web.read_form(ViewForm, request.form.to_dict())
    if request.method == "POST" and form.name:
        saved_views.save_view(
            here.institution_id,
            here.staff_id,
            form.view or new_id(),
            page=page,
            target=target,
            name=form.name,
            query=words,
            shared=form.shared,
        )
        return redirect(url_for(".list_views", slug=here.institution_slug), 303)
    sent = request.method == "POST"
    answer = render_template(
        "registrar/save_view.html",
        here=here,
        place="audit" if page == "audit" else "pathways",
        action=request.path,
        words=words,
        labels=labels,
        of=of,
        back=back,
        leaves_out=leaves_out,
        form=form,
        view_id=form.view or new_id(),
        error=_NO_NAME if sent else None,
    )
    return (answer, 400) if sent else answer
