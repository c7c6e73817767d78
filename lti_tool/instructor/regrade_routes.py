"""Regrading a placement by a newer edition: what it would change, learner by learner; then done."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.errors import RegradeOutdatedError
from lti_tool.assessments.regrading import Change, Regrade
from lti_tool.assessments.services import regrade, try_regrade
from lti_tool.badges.outlook import BadgeChange, Outlook, Passes, foresee
from lti_tool.core import web
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction, uuid_or_none
from lti_tool.core.ids import EditionId
from lti_tool.core.language import phrase
from lti_tool.instructor import queries
from lti_tool.instructor.forms import RegradeForm
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act
from lti_tool.platforms.models import User

blueprint = Blueprint("regrading", __name__, url_prefix="/l/<uuid:launch_id>/regrade")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A change and whose it is."""

    change: Change
    name: str | None
    badge: BadgeChange


@blueprint.get("")
@launch_page(Act.REGRADE)
def show_regrade(here: CurrentLaunch) -> ResponseReturnValue:
    """Show what a newer edition would change."""
    wanted = uuid_or_none(request.args.get("edition", ""))
    return _page(here, EditionId(wanted) if wanted else None)


@blueprint.post("")
@launch_page(Act.REGRADE)
def do_regrade(here: CurrentLaunch) -> ResponseReturnValue:
    """Score everything here by the newer edition from now on."""
    form = web.read_form(RegradeForm, request.form.to_dict())
    edition_id = EditionId(form.edition)
    if not form.reason:
        return _page(here, edition_id, reason_problem=phrase("Say why, in a few words.")), 400
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
    try:
        changed = regrade(
            here.institution_id,
            placement.id,
            edition_id,
            digest=form.digest,
            reason=form.reason,
            actor=Actor("user", here.user_id),
        )
    except RegradeOutdatedError as error:
        return _page(here, edition_id, reason=form.reason, problem=error), web.status_of(error)
    return redirect(url_for(".show_regrade", launch_id=here.launch_id, changed=changed), 303)


def _page(
    here: CurrentLaunch,
    edition_id: EditionId | None,
    *,
    reason: str = "",
    reason_problem: str | None = None,
    problem: RegradeOutdatedError | None = None,
) -> str:
    dry_run: Regrade | None = None
    outlook = Outlook(by_user={}, earned=0, to_review=0)
    rows: list[_Row] = []
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        course = queries.find_course_title(session, here.context_id)
        edition = assessments.get_edition(session, placement.edition_id)
        newer = assessments.list_newer_editions(session, placement.edition_id)
        if edition_id is None and newer:
            edition_id = newer[0].edition_id
        if edition_id is not None and newer:
            dry_run = try_regrade(session, placement, edition_id)
            of_users = select(User.id, User.name).where(
                User.id.in_([change.user_id for change in dry_run.changes])
            )
            names = {row.id: row.name for row in session.execute(of_users)}
            outlook = foresee(
                session, edition.assessment_id, [Passes.of(placement, dry_run.changes)]
            )
            rows = [
                _Row(
                    change=one,
                    name=names.get(one.user_id),
                    badge=outlook.by_user.get(one.user_id, BadgeChange.NONE),
                )
                for one in dry_run.changes
            ]
    return render_template(
        "instructor/show_regrade.html",
        launch_id=here.launch_id,
        course=course,
        placement=placement,
        edition=edition,
        newer=newer,
        chosen=edition_id,
        dry_run=dry_run,
        rows=sorted(rows, key=lambda row: (row.name is None, (row.name or "").casefold())),
        outlook=outlook,
        reason=reason,
        reason_problem=reason_problem,
        problem=problem,
        changed=request.args.get("changed", type=int),
    )
