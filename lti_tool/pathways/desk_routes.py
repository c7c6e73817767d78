"""Composing pathways at the desk: drafts, their outline, what is wrong with it, publishing.

Every change is a form post that says which state of the draft its page showed. Of two who change
it at once the second sees both, and decides.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from lti_tool.core import web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.errors import NotFoundError, ToolError
from lti_tool.core.ids import AchievementId, PathwayId, PathwayVersionId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways import asking, composing, drafting, filling, graph, outline, trying
from lti_tool.pathways.drafting import LONGEST_TITLE
from lti_tool.pathways.errors import (
    CyclicPathwayError,
    DraftChangedError,
    ImpossiblePathwayError,
    PathwayExistsError,
    UnfitStepError,
)
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, SomeOf
from lti_tool.pathways.outline import STEPS, Group, GroupKind, Step
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page

MOST_FOUND = 50
LONGEST_NOTE = 1000

blueprint = Blueprint("composing", __name__, url_prefix="/desk/<slug>/pathways")

_STEP_WORDS: dict[Step, str] = {
    "up": "Move “{}” up.",
    "down": "Move “{}” down.",
    "in": "Move “{}” into the group beside it.",
    "out": "Move “{}” out of its group.",
    "remove": "Take out “{}”, with all that is in it.",
}


@blueprint.get("/drafts")
@staff_page(Act.COMPOSE)
def list_drafts(here: CurrentStaff) -> ResponseReturnValue:
    """Show every draft, and how to begin one."""
    return _list(here, "", None, {})


@blueprint.post("/drafts")
@staff_page(Act.COMPOSE)
def begin_draft(here: CurrentStaff) -> ResponseReturnValue:
    """Begin a new pathway."""
    title, achievement, wrong = _sent_name()
    if wrong:
        return _list(here, title, achievement, wrong), 400
    draft_id = drafting.begin(here.institution_id, title, achievement, actor=here.actor)
    return redirect(_url(here, draft_id), 303)


@blueprint.post("/<uuid:pathway_id>/drafts")
@staff_page(Act.COMPOSE)
def begin_version(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Begin a pathway's next version from one that it has."""
    version_id = uuid_or_none(request.form.get("version", ""))
    draft_id = drafting.begin_version(
        here.institution_id,
        PathwayId(pathway_id),
        PathwayVersionId(version_id) if version_id else None,
        actor=here.actor,
    )
    return redirect(_url(here, draft_id), 303)


@blueprint.get("/drafts/<uuid:draft_id>")
@staff_page(Act.COMPOSE)
def edit_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Show a draft: its outline, its graph, and what is wrong with it."""
    return _page(here, draft_id)


@blueprint.post("/drafts/<uuid:draft_id>")
@staff_page(Act.COMPOSE)
def change_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Move a part or take it out, as a button says; or take back what was done last."""
    action = request.form.get("action", "")
    try:
        if action == "undo":
            drafting.undo(here.institution_id, draft_id, seen=_seen(), actor=here.actor)
            return redirect(_url(here, draft_id, did="undo"), 303)
        word, _, rest = action.partition("-")
        step = next((known for known in STEPS if known == word), None)
        part_id = uuid_or_none(rest)
        if step is None or part_id is None:
            raise BadRequest
        drafting.change(
            here.institution_id,
            draft_id,
            lambda tree: outline.take(tree, part_id, step),
            seen=_seen(),
            actor=here.actor,
        )
    except DraftChangedError as error:
        return _clash(here, draft_id, _what(here, draft_id, action), error)
    except UnfitStepError as error:
        return _page(here, draft_id, error=error), web.status_of(error)
    anchor = "outline" if step == "remove" else f"part-{part_id}"
    return redirect(_url(here, draft_id, did=step, _anchor=anchor), 303)


@blueprint.post("/drafts/<uuid:draft_id>/name")
@staff_page(Act.COMPOSE)
def name_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Say what a new pathway is called, and what completing it awards."""
    title, achievement, wrong = _sent_name()
    if wrong:
        return _page(here, draft_id, wrong=wrong), 400
    try:
        drafting.name(
            here.institution_id, draft_id, title, achievement, seen=_seen(), actor=here.actor
        )
    except DraftChangedError as error:
        return _clash(here, draft_id, f"Call the pathway “{title}”.", error)
    except UnfitStepError as error:
        return _page(here, draft_id, error=error), web.status_of(error)
    return redirect(_url(here, draft_id, did="name"), 303)


@blueprint.get("/drafts/<uuid:draft_id>/parts/<uuid:part_id>")
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


@blueprint.post("/drafts/<uuid:draft_id>/parts/<uuid:part_id>")
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
        drafting.change(here.institution_id, draft_id, put, seen=_seen(), actor=here.actor)
    except DraftChangedError as error:
        return _part_clash(here, draft_id, part_id, values, needs, error)
    except UnfitStepError as error:
        return _page(here, draft_id, error=error), web.status_of(error)
    if wrong:
        return _part_page(here, draft_id, part_id, values, needs, wrong), 400
    return redirect(_url(here, draft_id, did="save", _anchor=f"part-{part_id}"), 303)


@blueprint.get("/drafts/<uuid:draft_id>/parts/<uuid:part_id>/add")
@staff_page(Act.COMPOSE)
def choose_parts(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> ResponseReturnValue:
    """Show the badges that can be added to a group, and the kinds of groups."""
    return _add_page(here, draft_id, part_id, None)


@blueprint.post("/drafts/<uuid:draft_id>/parts/<uuid:part_id>/add")
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
        return _add_page(here, draft_id, part_id, "Choose at least one badge."), 400
    try:
        with transaction(here.institution_id) as session:
            composing.refuse_unknown(session, chosen)
        drafting.change(
            here.institution_id,
            draft_id,
            lambda tree: outline.add(tree, part_id, new),
            seen=_seen(),
            actor=here.actor,
        )
    except DraftChangedError as error:
        with transaction(here.institution_id) as session:
            names = composing.names_of(session, chosen)
        told = ", ".join(f"“{name}”" for name in names) or "a group"
        return _clash(here, draft_id, f"Add {told}.", error)
    except UnfitStepError as error:
        return _page(here, draft_id, error=error), web.status_of(error)
    if kind:
        return redirect(_part_url(here, draft_id, new[0].id), 303)
    return redirect(_url(here, draft_id, did="add", _anchor=f"part-{new[0].id}"), 303)


@blueprint.post("/drafts/<uuid:draft_id>/publish")
@staff_page(Act.COMPOSE)
def publish_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Publish a draft, if it is sound."""
    note = request.form.get("note", "").strip()
    if not 0 < len(note) <= LONGEST_NOTE:
        told = f"Say in up to {LONGEST_NOTE} characters what is new: learners and staff read it."
        return _page(here, draft_id, wrong={"note": told}, note=note), 400
    try:
        pathway_id = drafting.publish(
            here.institution_id, draft_id, note=note, seen=_seen(), actor=here.actor
        )
    except DraftChangedError as error:
        return _clash(here, draft_id, "Publish the draft as you saw it.", error)
    except (
        ImpossiblePathwayError,
        CyclicPathwayError,
        PathwayExistsError,
        UnfitStepError,
    ) as error:
        return _page(here, draft_id, error=error, note=note), web.status_of(error)
    return redirect(
        url_for(
            "composing.show_rules", slug=here.institution_slug, pathway_id=pathway_id, did="publish"
        ),
        303,
    )


@blueprint.route("/drafts/<uuid:draft_id>/discard", methods=["GET", "POST"])
@staff_page(Act.COMPOSE)
def discard_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Throw a draft away; ask first."""
    if request.method == "POST":
        try:
            drafting.discard(here.institution_id, draft_id, seen=_seen())
        except DraftChangedError as error:
            return _clash(here, draft_id, "Throw the draft away.", error)
        return redirect(url_for(".list_drafts", slug=here.institution_slug, did="discard"), 303)
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
    return render_template("pathways/desk/discard_draft.html", here=here, composed=composed)


@blueprint.get("/drafts/<uuid:draft_id>/try")
@staff_page(Act.SEE_RECORD)
def try_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Show how a learner would stand by a draft: find one, then see; that it was seen is noted."""
    words = request.args.get("q", "").strip()[:200]
    person_id = uuid_or_none(request.args.get("person", ""))
    trial, name = None, ""
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        found = people.search_people(session, words, limit=MOST_FOUND) if words else []
        names = people.display_names(session, found)
        if person_id is not None:
            person = people.get_person(session, PersonId(person_id))
            name = people.display_names(session, [person.id]).get(person.id, "Name not given")
            if composed.checked.is_fit:
                trial = trying.try_on(session, composed, person.id)
    if person_id is not None and trial is not None:
        note_reading(
            here.institution_id,
            actor=here.actor,
            act="try_pathway",
            object_kind="person",
            object_id=person_id,
        )
    checked = composed.checked
    return render_template(
        "pathways/desk/try_draft.html",
        here=here,
        composed=composed,
        words=words,
        found=[(one, names.get(one, "Name not given")) for one in found],
        name=name,
        trial=trial,
        picture=graph.draw(checked.tree, checked.names, composed.by_pathway),
    )


@blueprint.get("/<uuid:pathway_id>/rules")
@staff_page(Act.SEE_PROGRESS)
def show_rules(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Show what a pathway asks for, as graph and outline, and all its versions."""
    with transaction(here.institution_id) as session:
        shown = composing.show_version(
            session, PathwayId(pathway_id), uuid_or_none(request.args.get("version", ""))
        )
        drafts = drafting.list_drafts(session, PathwayId(pathway_id))
    return render_template(
        "pathways/desk/show_rules.html",
        here=here,
        shown=shown,
        drafts=drafts,
        did=request.args.get("did"),
        asking=asking,
    )


def _list(
    here: CurrentStaff, title: str, achievement: AchievementId | None, wrong: filling.Wrong
) -> str:
    with transaction(here.institution_id) as session:
        drafts = drafting.list_drafts(session)
        crowns = drafting.list_crowns(session)
        changers = composing.changers(session, [row.draft for row in drafts])
    return render_template(
        "pathways/desk/list_drafts.html",
        here=here,
        drafts=drafts,
        crowns=[("", "Choose later"), *((str(one.id), one.name) for one in crowns)],
        changers=changers,
        title=title,
        achievement=str(achievement or ""),
        wrong=wrong,
        did=request.args.get("did"),
    )


def _page(
    here: CurrentStaff,
    draft_id: UUID,
    *,
    error: ToolError | None = None,
    wrong: filling.Wrong | None = None,
    note: str = "",
) -> str:
    with transaction(here.institution_id) as session:
        draft = drafting.get_draft(session, draft_id)
        composed = composing.compose(session, draft)
        crowns = drafting.list_crowns(session) if draft.pathway_id is None else []
    checked = composed.checked
    return render_template(
        "pathways/desk/edit_draft.html",
        here=here,
        composed=composed,
        crowns=[("", "Choose later"), *((str(one.id), one.name) for one in crowns)],
        picture=graph.draw(checked.tree, checked.names, composed.by_pathway),
        asking=asking,
        error=error,
        wrong=wrong or {},
        note=note,
        did=request.args.get("did"),
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


def _clash(
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
    title = "a part that is not there any more"
    if node is not None:
        title = asking.title_of(node, composed.checked.names)
    return _clash(here, draft_id, f"Change “{title}”.", error, both)


def _what(here: CurrentStaff, draft_id: UUID, action: str) -> str:
    if action == "undo":
        return "Take back the last change."
    word, _, rest = action.partition("-")
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
    part_id = uuid_or_none(rest)
    node = outline.find(composed.checked.tree, part_id) if part_id else None
    title = "a part that is not there any more"
    if node is not None:
        title = asking.title_of(node, composed.checked.names)
    return next(words for step, words in _STEP_WORDS.items() if step == word).format(title)


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


def _sent_name() -> tuple[str, AchievementId | None, filling.Wrong]:
    title = request.form.get("title", "").strip()
    achievement_id = uuid_or_none(request.form.get("achievement", ""))
    wrong: filling.Wrong = {}
    if not 0 < len(title) <= LONGEST_TITLE:
        wrong["title"] = f"Enter a name of up to {LONGEST_TITLE} characters."
    return title, AchievementId(achievement_id) if achievement_id else None, wrong


def _sent_ids(name: str) -> list[UUID]:
    found = (uuid_or_none(word) for word in request.form.getlist(name))
    return list(dict.fromkeys(one for one in found if one is not None))


def _seen() -> int:
    word = request.form.get("seen", "")
    if not word.isdecimal() or len(word) > 9:  # noqa: PLR2004 - as wide as the column
        raise BadRequest
    return int(word)


def _url(here: CurrentStaff, draft_id: UUID, **more: Any) -> str:  # noqa: ANN401 - of the address
    return url_for(".edit_draft", slug=here.institution_slug, draft_id=draft_id, **more)


def _part_url(here: CurrentStaff, draft_id: UUID, part_id: UUID) -> str:
    return url_for(".edit_part", slug=here.institution_slug, draft_id=draft_id, part_id=part_id)
