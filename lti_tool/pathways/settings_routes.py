"""A pathway's settings at the desk: its name, what a lapse does, confirming, sharing of awards."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways import policies, queries, sweeping
from lti_tool.pathways.deciding import Decision, set_confirmation
from lti_tool.pathways.models import Pathway
from lti_tool.pathways.policies import LONGEST_SHARING, LONGEST_TITLE
from lti_tool.pathways.stand import LapsePolicy
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

MOST_NOTICE_DAYS = 366
LONGEST_REASON = 1000

blueprint = Blueprint("pathway_settings", __name__, url_prefix="/desk/<slug>/pathways")

FIELDS = ("title", "lapse_policy", "notice_days", "confirms", "sharing")


@blueprint.get("/<uuid:pathway_id>/settings")
@staff_page(Act.SEE_PROGRESS)
def show_settings(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Show what is decided about a pathway over all its versions."""
    return _page(here, pathway_id, None, {})


@blueprint.post("/<uuid:pathway_id>/settings")
@staff_page(Act.DECIDE)
def save_settings(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Change what was changed on the page; what somebody else changed meanwhile stays."""
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    reason = request.form.get("reason", "").strip()
    wrong = _wrong(typed, reason)
    if wrong:
        return _page(here, pathway_id, {**typed, "reason": reason}, wrong), 400
    with transaction(here.institution_id) as session:
        pathway = queries.get_pathway(session, PathwayId(pathway_id))
    decision = Decision(id=new_id(), reason=reason, actor=here.actor)
    touched = {name for name in FIELDS if typed[name] != request.form.get(f"was_{name}", "")}
    if "title" in touched:
        policies.set_title(here.institution_id, pathway.id, typed["title"], decision=decision)
    if touched & {"lapse_policy", "notice_days"}:
        now = values_of(pathway)
        sweeping.set_lapse_policy(
            here.institution_id,
            pathway.id,
            LapsePolicy(
                typed["lapse_policy"] if "lapse_policy" in touched else now["lapse_policy"]
            ),
            notice_days=int(
                typed["notice_days"] if "notice_days" in touched else now["notice_days"]
            ),
            decision=decision,
        )
    if "confirms" in touched:
        set_confirmation(
            here.institution_id, pathway.id, confirms=typed["confirms"] == "1", decision=decision
        )
    if "sharing" in touched:
        policies.set_sharing(
            here.institution_id, pathway.id, typed["sharing"] or None, decision=decision
        )
    return redirect(
        url_for(".show_settings", slug=here.institution_slug, pathway_id=pathway_id, saved=1), 303
    )


def values_of(pathway: Pathway) -> dict[str, str]:
    """Return what the fields of a pathway's settings hold."""
    return {
        "title": pathway.title,
        "lapse_policy": pathway.lapse_policy,
        "notice_days": str(pathway.notice_days),
        "confirms": "1" if pathway.confirms_completion else "",
        "sharing": pathway.sharing or "",
    }


def _wrong(typed: Mapping[str, str], reason: str) -> dict[str, str]:
    wrong = {}
    if not 0 < len(typed["title"]) <= LONGEST_TITLE:
        wrong["title"] = phrase("Enter a name of up to %(most)s characters.", most=LONGEST_TITLE)
    if typed["lapse_policy"] not in set(LapsePolicy):
        wrong["lapse_policy"] = phrase("Choose one.")
    days = typed["notice_days"]
    is_number = days.isdecimal() and days.isascii() and len(days) <= len(str(MOST_NOTICE_DAYS))
    if not (is_number and int(days) <= MOST_NOTICE_DAYS):
        wrong["notice_days"] = phrase(
            "Enter a number of days, 0 to %(most)s.", most=MOST_NOTICE_DAYS
        )
    if len(typed["sharing"]) > LONGEST_SHARING:
        wrong["sharing"] = phrase("Enter up to %(most)s characters.", most=LONGEST_SHARING)
    if not 0 < len(reason) <= LONGEST_REASON:
        wrong["reason"] = phrase(
            "Enter why: whoever reads the audit trail later has only these words."
        )
    return wrong


def _page(
    here: CurrentStaff, pathway_id: UUID, typed: dict[str, str] | None, wrong: dict[str, str]
) -> str:
    with transaction(here.institution_id) as session:
        pathway = queries.get_pathway(session, PathwayId(pathway_id))
        words = policies.list_words(session)
        waiting = sweeping.count_due(session, pathway.id)
    now = values_of(pathway)
    return render_template(
        "pathways/desk/show_settings.html",
        here=here,
        pathway=pathway,
        values={"reason": "", **now, **(typed or {})},
        was={name: request.form.get(f"was_{name}", now[name]) for name in FIELDS},
        wrong=wrong,
        words=words,
        waiting=waiting,
        saved="saved" in request.args,
    )
