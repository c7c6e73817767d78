"""Composing pathways at the desk: drafts, their outline, what is wrong with it, publishing.

Every change is a form post that says which state of the draft its page showed. Of two who change
it at once the second sees both, and decides.
"""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from lti_tool.core import web
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.ids import AchievementId, PathwayId, PathwayVersionId, PersonId
from lti_tool.core.language import marked, phrase
from lti_tool.core.speaking import say
from lti_tool.pathways import (
    asking,
    composing,
    draft_pages,
    drafting,
    filling,
    graph,
    outline,
    trying,
)
from lti_tool.pathways.drafting import LONGEST_TITLE
from lti_tool.pathways.errors import (
    CyclicPathwayError,
    DraftChangedError,
    ImpossiblePathwayError,
    PathwayExistsError,
    UnfitStepError,
)
from lti_tool.pathways.outline import STEPS, Step
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page

MOST_FOUND = 50
LONGEST_NOTE = 1000

blueprint = Blueprint("composing", __name__, url_prefix="/desk/<slug>/pathways")

_STEP_WORDS: dict[Step, str] = {
    "up": marked("Move “%(title)s” up."),
    "down": marked("Move “%(title)s” down."),
    "in": marked("Move “%(title)s” into the group beside it."),
    "out": marked("Move “%(title)s” out of its group."),
    "remove": marked("Take out “%(title)s”, with all that is in it."),
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
    return redirect(draft_pages.draft_url(here, draft_id), 303)


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
    return redirect(draft_pages.draft_url(here, draft_id), 303)


@blueprint.get("/drafts/<uuid:draft_id>")
@staff_page(Act.COMPOSE)
def edit_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Show a draft: its outline, its graph, and what is wrong with it; or what it became."""
    with transaction(here.institution_id) as session:
        published = drafting.find_published(session, draft_id)
    if published is not None:
        return redirect(
            url_for("composing.show_rules", slug=here.institution_slug, pathway_id=published)
        )
    return draft_pages.show_draft(here, draft_id)


@blueprint.post("/drafts/<uuid:draft_id>")
@staff_page(Act.COMPOSE)
def change_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Move a part or take it out, as a button says; or take back what was done last."""
    action = request.form.get("action", "")
    try:
        if action == "undo":
            drafting.undo(here.institution_id, draft_id, seen=draft_pages.seen(), actor=here.actor)
            return redirect(draft_pages.draft_url(here, draft_id, did="undo"), 303)
        word, _, rest = action.partition("-")
        step = next((known for known in STEPS if known == word), None)
        part_id = uuid_or_none(rest)
        if step is None or part_id is None:
            raise BadRequest
        drafting.change(
            here.institution_id,
            draft_id,
            lambda tree: outline.take(tree, part_id, step),
            seen=draft_pages.seen(),
            actor=here.actor,
        )
    except DraftChangedError as error:
        return draft_pages.show_clash(here, draft_id, _what(here, draft_id, action), error)
    except UnfitStepError as error:
        return draft_pages.show_draft(here, draft_id, error=error), web.status_of(error)
    anchor = "outline" if step == "remove" else f"part-{part_id}"
    return redirect(draft_pages.draft_url(here, draft_id, did=step, _anchor=anchor), 303)


@blueprint.post("/drafts/<uuid:draft_id>/name")
@staff_page(Act.COMPOSE)
def name_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Say what a new pathway is called, and what completing it awards."""
    title, achievement, wrong = _sent_name()
    if wrong:
        return draft_pages.show_draft(here, draft_id, wrong=wrong), 400
    try:
        drafting.name(
            here.institution_id,
            draft_id,
            title,
            achievement,
            seen=draft_pages.seen(),
            actor=here.actor,
        )
    except DraftChangedError as error:
        return draft_pages.show_clash(
            here, draft_id, phrase("Call the pathway “%(title)s”.", title=title), error
        )
    except UnfitStepError as error:
        return draft_pages.show_draft(here, draft_id, error=error), web.status_of(error)
    return redirect(draft_pages.draft_url(here, draft_id, did="name"), 303)


@blueprint.post("/drafts/<uuid:draft_id>/publish")
@staff_page(Act.COMPOSE)
def publish_draft(here: CurrentStaff, draft_id: UUID) -> ResponseReturnValue:
    """Publish a draft, if it is sound."""
    note = request.form.get("note", "").strip()
    if not 0 < len(note) <= LONGEST_NOTE:
        told = phrase(
            "Say in up to %(most)s characters what is new: learners and staff read it.",
            most=LONGEST_NOTE,
        )
        return draft_pages.show_draft(here, draft_id, wrong={"note": told}, note=note), 400
    try:
        pathway_id = drafting.publish(
            here.institution_id, draft_id, note=note, seen=draft_pages.seen(), actor=here.actor
        )
    except DraftChangedError as error:
        return draft_pages.show_clash(
            here, draft_id, phrase("Publish the draft as you saw it."), error
        )
    except (
        ImpossiblePathwayError,
        CyclicPathwayError,
        PathwayExistsError,
        UnfitStepError,
    ) as error:
        return draft_pages.show_draft(here, draft_id, error=error, note=note), web.status_of(error)
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
            drafting.discard(here.institution_id, draft_id, seen=draft_pages.seen())
        except DraftChangedError as error:
            return draft_pages.show_clash(here, draft_id, phrase("Throw the draft away."), error)
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
            name = people.display_names(session, [person.id]).get(
                person.id, phrase("Name not given")
            )
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
        found=[(one, names.get(one, phrase("Name not given"))) for one in found],
        name=name,
        trial=trial,
        picture=graph.draw(checked.tree, checked.names, composed.by_pathway, say),
    )


@blueprint.get("/<uuid:pathway_id>/rules")
@staff_page(Act.SEE_PROGRESS)
def show_rules(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Show what a pathway asks for, as graph and outline, and all its versions."""
    with transaction(here.institution_id) as session:
        shown = composing.show_version(
            session,
            PathwayId(pathway_id),
            uuid_or_none(request.args.get("version", "")),
            say=say,
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
        crowns = drafting.list_crowns(session, achievement)
        changers = composing.changers(session, [row.draft for row in drafts])
    return render_template(
        "pathways/desk/list_drafts.html",
        here=here,
        drafts=drafts,
        crowns=[("", phrase("Choose later")), *((str(one.id), one.name) for one in crowns)],
        changers=changers,
        title=title,
        achievement=str(achievement or ""),
        wrong=wrong,
        did=request.args.get("did"),
    )


def _what(here: CurrentStaff, draft_id: UUID, action: str) -> str:
    if action == "undo":
        return phrase("Take back the last change.")
    word, _, rest = action.partition("-")
    with transaction(here.institution_id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
    part_id = uuid_or_none(rest)
    node = outline.find(composed.checked.tree, part_id) if part_id else None
    title = phrase("a part that is not there any more")
    if node is not None:
        title = asking.title_of(node, composed.checked.names)
    said = next(words for step, words in _STEP_WORDS.items() if step == word)
    return phrase(said, title=title)


def _sent_name() -> tuple[str, AchievementId | None, filling.Wrong]:
    title = request.form.get("title", "").strip()
    achievement_id = uuid_or_none(request.form.get("achievement", ""))
    wrong: filling.Wrong = {}
    if not 0 < len(title) <= LONGEST_TITLE:
        wrong["title"] = phrase("Enter a name of up to %(most)s characters.", most=LONGEST_TITLE)
    return title, AchievementId(achievement_id) if achievement_id else None, wrong
