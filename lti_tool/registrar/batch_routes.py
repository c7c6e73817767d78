"""One decision about many learners of a pathway: chosen, tried without effect, made, followed."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PathwayId, PathwayVersionId, PersonId, new_id
from lti_tool.core.language import marked, phrase
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.deciding import Decision, migrating
from lti_tool.pathways.deciding.batch import (
    ask_batch,
    get_batch,
    is_asked,
    list_skipped,
    preview_batch,
)
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import batches, queries
from lti_tool.registrar.forms import BatchAskedFor, BatchForm, MoveForm, WhichLearners

# Of whom a dry run looks at the first; the pages of more would take too long.
MOST_LOOKED_AT = 1000
MOST_SHOWN = 25
_NO_REASON = phrase("Enter why: whoever reads their records later has only these words.")
_MORE = marked("Meanwhile these are %(now)s people instead of %(before)s. Look again, then decide.")
_OTHERS = phrase("Meanwhile these are other people, though as many. Look again, then decide.")

blueprint = Blueprint("batches", __name__, url_prefix="/desk/<slug>/pathways/<uuid:pathway_id>")


@blueprint.get("/decide")
@staff_page(Act.DECIDE)
def ask(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Ask what to decide about the learners who fit; then show what that will do."""
    wanted = web.read_form(BatchAskedFor, request.args.to_dict())
    return _ask(here, PathwayId(pathway_id), wanted)


@blueprint.post("/decide")
@staff_page(Act.DECIDE)
def decide(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Have it decided about all of them, if they are those of whom the page said so."""
    form = web.read_form(BatchForm, request.form.to_dict())
    wanted = PathwayId(pathway_id)
    asked = form.asked(wanted)
    if asked is None or not form.reason:
        return _ask(here, wanted, form, _NO_REASON), 400
    follows = url_for(
        ".follow", slug=here.institution_slug, pathway_id=pathway_id, batch_id=form.decision
    )
    with transaction(here.institution_id) as session:
        if is_asked(session, form.decision):
            return redirect(follows, 303)  # sent again, when others may fit than before
        chosen = _chosen(session, wanted, form)
        if batches.list_choices(session, wanted).words(form.what) is None:
            raise NotFoundError(phrase("This pathway has nothing of this kind to decide."))
    if len(chosen) != form.people:
        return _ask(here, wanted, form, phrase(_MORE, now=len(chosen), before=form.people)), 409
    if _digest(chosen) != form.whom:
        return _ask(here, wanted, form, _OTHERS), 409
    ask_batch(
        here.institution_id,
        asked,
        chosen,
        decision=Decision(id=form.decision, reason=form.reason, actor=here.actor),
    )
    return redirect(follows, 303)


@blueprint.post("/decide/move")
@staff_page(Act.DECIDE)
def move(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Have a job look at what moving the learners who fit to a version would change."""
    form = web.read_form(MoveForm, request.form.to_dict())
    with transaction(here.institution_id) as session:
        pathways.get_pathway(session, PathwayId(pathway_id))
        chosen = _chosen(session, PathwayId(pathway_id), form) if form.filters().words() else None
    move_id = migrating.ask_move(
        here.institution_id,
        PathwayId(pathway_id),
        PathwayVersionId(form.version),
        None,
        only=chosen,
        actor=here.actor,
    )
    return redirect(
        url_for(
            "moving.show_move", slug=here.institution_slug, pathway_id=pathway_id, move_id=move_id
        ),
        303,
    )


@blueprint.get("/decisions/<uuid:batch_id>")
@staff_page(Act.DECIDE)
def follow(here: CurrentStaff, pathway_id: UUID, batch_id: UUID) -> ResponseReturnValue:
    """Show how far a decision about many is, and about whom nothing could be decided."""
    with transaction(here.institution_id) as session:
        head = pathways.get_head(session, PathwayId(pathway_id))
        standing = get_batch(session, batch_id)
        if standing.batch.pathway_id != head.pathway_id:
            raise NotFoundError(phrase("There is no such decision."))
        skipped = list_skipped(session, batch_id, limit=MOST_SHOWN)
        contacts = queries.list_contacts(session, [person_id for person_id, _ in skipped])
    return render_template(
        "registrar/follow_batch.html",
        here=here,
        pathway=head,
        standing=standing,
        skipped=[
            (person_id, contacts.get(person_id, queries.NOBODY), why) for person_id, why in skipped
        ],
    )


def _chosen(session: Session, pathway_id: PathwayId, wanted: WhichLearners) -> list[PersonId]:
    which = queries.which(wanted.filters())
    return pathways.list_people_in(session, pathway_id, which)


def _digest(chosen: Sequence[PersonId]) -> str:
    """Return by what the same people are known again, in order of id."""
    return hashlib.sha256(b"".join(one.bytes for one in chosen)).hexdigest()


def _ask(
    here: CurrentStaff, pathway_id: PathwayId, wanted: BatchAskedFor, error: str | None = None
) -> str:
    asked = wanted.asked(pathway_id)
    with transaction(here.institution_id) as session:
        head = pathways.get_head(session, pathway_id)
        chosen = _chosen(session, pathway_id, wanted)
        choices = batches.list_choices(session, pathway_id)
        words = choices.words(wanted.what)
        if asked is not None and words is None:
            raise NotFoundError(phrase("This pathway has nothing of this kind to decide."))
        looked_at = chosen[:MOST_LOOKED_AT]
        changes = preview_batch(session, asked, looked_at) if asked else []
        shown = changes[:MOST_SHOWN]
        contacts = queries.list_contacts(session, [change.person_id for change in shown])
    return render_template(
        "registrar/ask_batch.html",
        here=here,
        pathway=head,
        wanted=wanted,
        chosen=wanted.filters().words(),
        people=len(chosen),
        whom=_digest(chosen),
        choices=choices,
        words=words,
        sentences=batches.consequences(asked.act, words or "", len(chosen), len(looked_at), changes)
        if asked
        else [],
        changes=[(change, contacts.get(change.person_id, queries.NOBODY)) for change in shown],
        decision_id=wanted.decision if isinstance(wanted, BatchForm) else new_id(),
        reason=wanted.reason if isinstance(wanted, BatchForm) else "",
        error=error,
    )
