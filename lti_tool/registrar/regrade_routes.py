"""Scoring every course by the newest edition of an assessment: looked at, decided, followed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.errors import RegradeUndecidedError
from lti_tool.assessments.models import RegradePlace, RegradeRun
from lti_tool.assessments.queries import RegradedPlace
from lti_tool.assessments.services import ask_regrade, confirm_regrade, drafting
from lti_tool.badges.outlook import Outlook, Passes, foresee
from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, AttemptId, UserId
from lti_tool.core.language import phrase
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

LONGEST_REASON = 1000

blueprint = Blueprint(
    "regrades", __name__, url_prefix="/desk/<slug>/assessments/<uuid:assessment_id>/regrade"
)


@blueprint.get("")
@staff_page(Act.REGRADE_EVERYWHERE)
def show_behind(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Show which courses use an earlier edition, and what was decided before."""
    id_ = AssessmentId(assessment_id)
    with transaction(here.institution_id) as session:
        assessment = drafting.get_assessment(session, id_)
        newest, behind = assessments.list_behind(session, id_)
        edition = None if newest is None else assessments.get_edition(session, newest)
        runs = [
            (run, assessments.list_places(session, run.id))
            for run in assessments.list_runs(session, id_)
        ]
    return render_template(
        "registrar/show_behind.html",
        here=here,
        assessment=assessment,
        edition=edition,
        behind=len(behind),
        runs=runs,
    )


@blueprint.post("")
@staff_page(Act.REGRADE_EVERYWHERE)
def ask(here: CurrentStaff, assessment_id: UUID) -> ResponseReturnValue:
    """Have it looked at what the newest edition would change everywhere."""
    with transaction(here.institution_id) as session:
        drafting.get_assessment(session, AssessmentId(assessment_id))
    run_id = ask_regrade(here.institution_id, AssessmentId(assessment_id), actor=here.actor)
    return redirect(_url(here, "show_run", assessment_id, run_id=run_id), 303)


@blueprint.get("/<uuid:run_id>")
@staff_page(Act.REGRADE_EVERYWHERE)
def show_run(here: CurrentStaff, assessment_id: UUID, run_id: UUID) -> ResponseReturnValue:
    """Show how far the look or the scoring is, and what it comes to, course by course."""
    return _page(here, assessment_id, run_id, None)


@blueprint.get("/<uuid:run_id>/state")
@staff_page(Act.REGRADE_EVERYWHERE)
def follow_run(here: CurrentStaff, assessment_id: UUID, run_id: UUID) -> ResponseReturnValue:
    """Tell a script how far it is."""
    with transaction(here.institution_id) as session:
        run = assessments.get_run(session, AssessmentId(assessment_id), run_id)
        places = assessments.list_places(session, run.id)
    return jsonify(state=_state(run, places), settled=run.state in {"looked", "done"})


@blueprint.post("/<uuid:run_id>")
@staff_page(Act.REGRADE_EVERYWHERE)
def confirm(here: CurrentStaff, assessment_id: UUID, run_id: UUID) -> ResponseReturnValue:
    """Have them scored, if a reason is given."""
    reason = request.form.get("reason", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON or "\0" in reason:
        told = phrase("Say why, in a few words: every instructor reads them.")
        return _page(here, assessment_id, run_id, told), 400
    try:
        confirm_regrade(
            here.institution_id,
            AssessmentId(assessment_id),
            run_id,
            reason=reason,
            actor=here.actor,
        )
    except RegradeUndecidedError as error:
        return _page(here, assessment_id, run_id, error.title), web.status_of(error)
    return redirect(_url(here, "show_run", assessment_id, run_id=run_id), 303)


def _page(here: CurrentStaff, assessment_id: UUID, run_id: UUID, error: str | None) -> str:
    id_ = AssessmentId(assessment_id)
    with transaction(here.institution_id) as session:
        assessment = drafting.get_assessment(session, id_)
        run = assessments.get_run(session, id_, run_id)
        edition = assessments.get_edition(session, run.edition_id)
        places = assessments.list_places(session, run.id)
        outlook = _outlook(session, id_, places) if run.state == "looked" else None
    by_outcome = {
        outcome: [one for one in places if one.place.outcome == outcome]
        for outcome in (None, "fits", "unfit", "done", "left")
    }
    return render_template(
        "registrar/show_regrade_run.html",
        here=here,
        assessment=assessment,
        run=run,
        edition=edition,
        places=places,
        fitting=by_outcome["fits"],
        left=[*by_outcome["unfit"], *by_outcome["left"]],
        done=by_outcome["done"],
        gone_through=len(places) - len(by_outcome["fits" if run.state == "scoring" else None]),
        attempts=sum(one.place.attempts for one in by_outcome["fits"]),
        results=sum(one.place.results_changed for one in by_outcome["fits"] + by_outcome["done"]),
        outlook=outlook,
        also=_also([*by_outcome["fits"], *by_outcome["done"]]),
        state=_state(run, places),
        error=error,
        reason=request.form.get("reason", ""),
    )


def _also(places: Sequence[RegradedPlace]) -> dict[str, list[RegradedPlace]]:
    """Return what of the rules changes besides, each sentence with the places it holds for."""
    found: dict[str, list[RegradedPlace]] = {}
    for one in places:
        for sentence in one.also:
            found.setdefault(sentence, []).append(one)
    return found


def _outlook(
    session: Session, assessment_id: AssessmentId, places: Sequence[RegradedPlace]
) -> Outlook:
    """Return what becomes of badges when all that fit are scored."""
    return foresee(
        session,
        assessment_id,
        [
            Passes(gives_badge=one.gives_badge, won=_whose(one.place, 1), lost=_whose(one.place, 2))
            for one in places
            if one.place.outcome == "fits"
        ],
    )


def _whose(place: RegradePlace, kind: int) -> dict[AttemptId, UserId]:
    return {
        AttemptId(UUID(attempt_id)): UserId(UUID(row[0]))
        for row in place.passes
        for attempt_id in row[kind]
    }


def _state(run: RegradeRun, places: Sequence[RegradedPlace]) -> str:
    left = "fits" if run.state == "scoring" else None
    return f"{run.state}-{sum(one.place.outcome == left for one in places)}"


def _url(here: CurrentStaff, view: str, assessment_id: UUID, **more: Any) -> str:  # noqa: ANN401 - of the address
    return url_for(f".{view}", slug=here.institution_slug, assessment_id=assessment_id, **more)
