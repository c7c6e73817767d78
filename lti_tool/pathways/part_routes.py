"""The parts of a draft at the desk: the rules of one, and what is added to a group."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from lti_tool.core import web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId
from lti_tool.core.language import joined, phrase
from lti_tool.pathways import asking, composing, draft_pages, drafting, filling, outline
from lti_tool.pathways.errors import DraftChangedError, UnfitStepError
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, SomeOf
from lti_tool.pathways.outline import Group, GroupKind
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

MOST_FOUND = 50

blueprint = Blueprint(
    "draft_parts", __name__, url_prefix="/desk/<slug>/pathways/drafts/<uuid:draft_id>/parts"
)


@blueprint.get("/<uuid:part_id>")
@staff_page(Act.COMPOSE)
def edit_part(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> ResponseReturnValue:
    """Show the rules of one part as a form."""
    with transaction(here.institution_id) as session:
        node = outline.find(drafting.tree_of(drafting.get_draft(session, draft_id)), part_id)
    if node is None:
        raise NotFoundError(phrase("This part is not in the draft any more."))
    values = filling.stone_values(node) if isinstance(node, Earn) else filling.group_values(node)
    needs: list[UUID] = list(node.needs) if isinstance(node, Earn) else []
    return _part_page(here, draft_id, part_id, values, needs, {})


@blueprint.post("/<uuid:part_id>")
@staff_page(Act.COMPOSE)
def save_part(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> ResponseReturnValue:
    """Keep the rules of one part as typed."""
    values = request.form.to_dict()
    needs = _sent_ids("needs")
    if request.form.get("action") in {"find", "more"}:
        return _part_page(here, draft_id, part_id, values, needs, {})
    wrong: filling.Wrong = {}

    def put(tree: Group) -> Group | None:
        node = outline.find(tree, part_id)
        if node is None:
            return None
        changed, trouble = (
            filling.read_stone(node, values, needs)
            if isinstance(node, Earn)
            else filling.read_group(node, values)
        )
        wrong.update(trouble)
        return tree if trouble else outline.put(tree, changed)

    try:
        with transaction(here.institution_id) as session:
            composing.refuse_unknown(session, needs)
        drafting.change(
            here.institution_id, draft_id, put, seen=draft_pages.seen(), actor=here.actor
        )
    except DraftChangedError as error:
        return _part_clash(here, draft_id, part_id, values, needs, error)
    except UnfitStepError as error:
        return draft_pages.show_draft(here, draft_id, error=error), web.status_of(error)
    if wrong:
        return _part_page(here, draft_id, part_id, values, needs, wrong), 400
    return redirect(
        draft_pages.draft_url(here, draft_id, did="save", _anchor=f"part-{part_id}"), 303
    )


@blueprint.get("/<uuid:part_id>/add")
@staff_page(Act.COMPOSE)
def choose_parts(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> ResponseReturnValue:
    """Show the badges that can be added to a group, and the kinds of groups."""
    return _add_page(here, draft_id, part_id, None)


@blueprint.post("/<uuid:part_id>/add")
@staff_page(Act.COMPOSE)
def add_parts(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> ResponseReturnValue:
    """Add the badges that were ticked, or a group, to a group."""
    chosen = [AchievementId(one) for one in _sent_ids("achievement")]
    kind = request.form.get("group", "")
    if kind:
        new: list[Earn | Group] = [_new_group(kind)]
    else:
        new = [Earn(achievement_id=one) for one in chosen]
    if not new:
        return _add_page(here, draft_id, part_id, phrase("Choose at least one badge.")), 400
    try:
        with transaction(here.institution_id) as session:
            composing.refuse_unknown(session, chosen)
        drafting.change(
            here.institution_id,
            draft_id,
            lambda tree: outline.add(tree, part_id, new),
            seen=draft_pages.seen(),
            actor=here.actor,
        )
    except DraftChangedError as error:
        with transaction(here.institution_id) as session:
            names = composing.names_of(session, chosen)
        told = joined([phrase("“%(name)s”", name=name) for name in names], ", ")
        wanted = phrase("Add %(told)s.", told=told) if names else phrase("Add a group.")
        return draft_pages.show_clash(here, draft_id, wanted, error)
    except UnfitStepError as error:
        return draft_pages.show_draft(here, draft_id, error=error), web.status_of(error)
    if kind:
        return redirect(_part_url(here, draft_id, new[0].id), 303)
    return redirect(
        draft_pages.draft_url(here, draft_id, did="add", _anchor=f"part-{new[0].id}"), 303
    )


def _part_page(  # noqa: PLR0913, PLR0917 - all that the page is made of
    here: CurrentStaff,
    draft_id: UUID,
    part_id: UUID,
    values: filling.Values,
    needs: list[UUID],
    wrong: filling.Wrong,
) -> str:
    words = request.form.get("q", "").strip()[:200]
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        node = outline.find(composed.checked.tree, part_id)
        if node is None:
            raise NotFoundError(phrase("This part is not in the draft any more."))
        beside = (
            composing.list_beside(session, composed, node, needs, words)
            if isinstance(node, Earn)
            else []
        )
    seen = request.form.get("seen") if request.method == "POST" else None
    return render_template(
        "pathways/desk/edit_part.html",
        here=here,
        composed=composed,
        node=node,
        title=asking.title_of(node, composed.checked.names),
        values=values,
        rows=filling.kind_rows(values),
        kinds=filling.KINDS,
        needs=set(needs),
        beside=beside,
        words=words,
        wrong=wrong,
        problems=composed.problems_at(part_id),
        # What was typed belongs to the state that was seen then.
        seen=seen if seen is not None else composed.draft.version,
    )


def _add_page(here: CurrentStaff, draft_id: UUID, part_id: UUID, error: str | None) -> str:
    words = request.args.get("q", "").strip()[:200]
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        group = outline.find_group(composed.checked.tree, part_id)
        if group is None:
            raise NotFoundError(phrase("This group is not in the draft any more."))
        found = composing.search(session, words, limit=MOST_FOUND + 1)
    return render_template(
        "pathways/desk/add_parts.html",
        here=here,
        composed=composed,
        group=group,
        title=asking.title_of(group, composed.checked.names),
        found=found[:MOST_FOUND],
        there={part.achievement_id for part in group.parts if isinstance(part, Earn)},
        is_more=len(found) > MOST_FOUND,
        words=words,
        error=error,
        kinds=() if isinstance(group, CreditsAtLeast) else filling.KINDS,
    )


def _part_clash(  # noqa: PLR0913, PLR0917 - what was typed, where, and why it was not kept
    here: CurrentStaff,
    draft_id: UUID,
    part_id: UUID,
    values: filling.Values,
    needs: list[UUID],
    error: DraftChangedError,
) -> ResponseReturnValue:
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        node = outline.find(composed.checked.tree, part_id)
        both = composing.compare(session, node, values, needs) if node is not None else []
    title = phrase("a part that is not there any more")
    if node is not None:
        title = asking.title_of(node, composed.checked.names)
    return draft_pages.show_clash(
        here, draft_id, phrase("Change “%(title)s”.", title=title), error, both
    )


_NEW_GROUPS: dict[GroupKind, Callable[[], Group]] = {
    "all_of": lambda: AllOf(parts=()),
    "some_of": lambda: SomeOf(parts=(), choose=1),
    "credits_at_least": lambda: CreditsAtLeast(parts=(), credits=Decimal(1)),
}


def _new_group(kind: str) -> Group:
    made = next((make for known, make in _NEW_GROUPS.items() if known == kind), None)
    if made is None:
        raise BadRequest
    return made()


def _sent_ids(name: str) -> list[UUID]:
    found = (uuid_or_none(word) for word in request.form.getlist(name))
    return list(dict.fromkeys(one for one in found if one is not None))


def _part_url(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> str:
    return url_for(".edit_part", slug=here.institution_slug, draft_id=draft_id, part_id=part_id)
