"""What the pages of a draft have in common: the draft itself, and two who change it at once."""

from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.language import phrase
from lti_tool.core.speaking import say
from lti_tool.pathways import asking, composing, drafting, filling, graph
from lti_tool.pathways.errors import DraftChangedError
from lti_tool.people.staff_session import CurrentStaff


def show_draft(
    here: CurrentStaff,
    draft_id: UUID,
    *,
    error: ToolError | None = None,
    wrong: filling.Wrong | None = None,
    note: str = "",
) -> str:
    """Return the page of a draft: its outline, its graph, what is wrong, what was refused."""
    with transaction(here.institution_id) as session:
        draft = drafting.get_draft(session, draft_id)
        composed = composing.compose(session, draft)
        is_new = draft.pathway_id is None
        crowns = drafting.list_crowns(session, draft.achievement_id) if is_new else []
    checked = composed.checked
    return render_template(
        "pathways/desk/edit_draft.html",
        here=here,
        composed=composed,
        crowns=[("", phrase("Choose later")), *((str(one.id), one.name) for one in crowns)],
        picture=graph.draw(checked.tree, checked.names, composed.by_pathway, say),
        asking=asking,
        error=error,
        wrong=wrong or {},
        note=note,
        did=request.args.get("did"),
    )


def show_clash(
    here: CurrentStaff,
    draft_id: UUID,
    wanted: str,
    error: DraftChangedError,
    both: list[tuple[str, str, str]] | None = None,
) -> ResponseReturnValue:
    """Show a draft as it is now beside what was to be changed, to be sent again or left."""
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        changed_by = composing.changers(session, [composed.draft])
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in {"csrf_token", "seen"}
    ]
    page = render_template(
        "pathways/desk/show_clash.html",
        here=here,
        composed=composed,
        changed_by=changed_by,
        asking=asking,
        wanted=wanted,
        both=both or [],
        fields=fields,
        action=request.path,
        error=error,
    )
    return page, web.status_of(error)


def seen() -> int:
    """Return which state of the draft the page showed that was sent.

    Raises:
        BadRequest: it does not say.
    """
    word = request.form.get("seen", "")
    if not word.isdecimal() or len(word) > 9:  # noqa: PLR2004 - as wide as the column
        raise BadRequest
    return int(word)


def draft_url(
    here: CurrentStaff,
    draft_id: UUID,
    **more: Any,  # noqa: ANN401 - of the address
) -> str:
    """Return the address of a draft's page."""
    return url_for("composing.edit_draft", slug=here.institution_slug, draft_id=draft_id, **more)
