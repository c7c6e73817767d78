"""An instructor's pages inside the LMS: an assessment's results, its grades."""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries as assessments
from lti_tool.core import clock, speaking, spreadsheet, web
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, UserId
from lti_tool.grading.queries import SyncState, find_column_state
from lti_tool.grading.services import ask_comparison, make_column, send_again
from lti_tool.instructor import listing, marking, queries
from lti_tool.instructor.attempts import course_of
from lti_tool.instructor.errors import NothingToReviewError
from lti_tool.instructor.forms import ResultsFilter, SendAgain
from lti_tool.instructor.queries import ResultRow
from lti_tool.launch.errors import NotForYourRoleError
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act, may
from lti_tool.people.services import note_reading
from lti_tool.platforms.queries import get_registration
from lti_tool.platforms.quirks import quirks_of
from lti_tool.platforms.rosters import find_roster

# What the institution decided about an activity is told so long where it is taught.
TOLD_FOR = timedelta(days=60)

blueprint = Blueprint("instructor", __name__, url_prefix="/l/<uuid:launch_id>")


@blueprint.get("/placement")
@launch_page(Act.SEE_RESULTS)
def show_placement(here: CurrentLaunch) -> ResponseReturnValue:
    """Show what everybody's attempts come to, and whether the grade has arrived."""
    return _results(here, "show_placement")


@blueprint.get("/results.csv")
@launch_page(Act.SEE_RESULTS)
def export_results(here: CurrentLaunch) -> ResponseReturnValue:
    """Give everybody's results along as a table; that somebody did is noted."""
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        rows = queries.list_results(session, placement)
    note_reading(
        here.institution_id,
        actor=Actor("user", here.user_id),
        act="export_results",
        object_kind="placement",
        object_id=placement.id,
        facts={"rows": len(rows)},
    )
    zone = speaking.current().zone
    return Response(
        spreadsheet.csv_document(
            listing.export_header(zone), [listing.exported(row, zone) for row in rows]
        ),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="results-{clock.now():%Y-%m-%d}.csv"'
        },
    )


@blueprint.get("/scores")
@launch_page(Act.SEE_RESULTS)
def show_scores(here: CurrentLaunch) -> ResponseReturnValue:
    """Show every grade: what we hold, what the platform acknowledged, and why not."""
    return _results(here, "show_scores")


@blueprint.post("/scores/send")
@launch_page(Act.RESEND_SCORES)
def send_scores(here: CurrentLaunch) -> ResponseReturnValue:
    """Send one learner's score again, or all that were refused.

    Never all there are: that would overwrite what an instructor changed in the gradebook.
    """
    wanted = web.read_form(SendAgain, request.form.to_dict())
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        rows = queries.list_results(session, placement)
    refused = [row.user_id for row in rows if row.state == SyncState.REFUSED]
    whose = refused if wanted.user is None else [UserId(wanted.user)]
    sent = sum(
        send_again(
            here.institution_id,
            placement.id,
            user_id,
            actor=Actor("user", here.user_id),
            over_teacher=wanted.over and wanted.user is not None,
        )
        for user_id in whose
    )
    return redirect(url_for(".show_scores", launch_id=here.launch_id, sent=sent), 303)


@blueprint.get("/review")
@launch_page(Act.SEE_OWN)
def review(here: CurrentLaunch) -> ResponseReturnValue:
    """Answer a submission review: from the gradebook to one learner's attempts.

    A learner may come here about their own work, and is led to it.
    """
    subject = here.settings.get("for_user")
    if subject is None:
        raise NothingToReviewError
    staff = may(here.roles, Act.SEE_RESULTS)
    with transaction(here.institution_id) as session:
        learner = queries.find_learner(session, here.user_id, subject)
        if not staff:
            if learner is None or learner.id != here.user_id:
                raise NotForYourRoleError(here.settings.get("return_url"))
            return redirect(url_for("learner.open_placement", launch_id=here.launch_id), 303)
        placement = queries.find_placement(session, here)
        if placement is None:  # nobody opened the activity before: there its link is bound
            return redirect(url_for("learner.open_placement", launch_id=here.launch_id), 303)
        course = queries.find_course_title(session, here.context_id)
        attempts = assessments.list_attempts(session, placement.id, learner.id) if learner else ()
    return render_template(
        "instructor/show_learner.html",
        launch_id=here.launch_id,
        course=course,
        placement=placement,
        name=learner.name if learner else None,
        attempts=attempts,
    )


@blueprint.get("/review/<uuid:attempt_id>")
@launch_page(Act.SEE_RESULTS)
def review_attempt(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Show one ended attempt of the learner whose work is reviewed, question by question."""
    subject = here.settings.get("for_user")
    if subject is None:
        raise NothingToReviewError
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        learner = queries.find_learner(session, here.user_id, subject)
        if learner is None:
            raise NothingToReviewError
        found = assessments.attempt_review(
            session, AttemptId(attempt_id), at=clock.now(), of_user=learner.id, whole=True
        )
        if found.attempt.placement_id != placement.id:  # another course's
            raise NothingToReviewError
        went = course_of(session, found.attempt)
    return render_template(
        "instructor/show_attempt.html",
        launch_id=here.launch_id,
        placement=placement,
        name=learner.name,
        back_url=url_for(".review", launch_id=here.launch_id),
        late={},
        review=found,
        went=went,
    )


@blueprint.post("/scores/compare")
@launch_page(Act.SEE_RESULTS)
def compare_scores(here: CurrentLaunch) -> ResponseReturnValue:
    """Have the gradebook, and who is in the course, read again; that takes some seconds."""
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
    ask_comparison(here.institution_id, placement.id)
    return redirect(url_for(".show_scores", launch_id=here.launch_id, compared=1), 303)


@blueprint.post("/scores/column")
@launch_page(Act.RESEND_SCORES)
def make_new_column(here: CurrentLaunch) -> ResponseReturnValue:
    """Make a gradebook column for an activity that has none, or had one, and send all there."""
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
    sent = make_column(here.institution_id, placement.id, actor=Actor("user", here.user_id))
    return redirect(url_for(".show_scores", launch_id=here.launch_id, sent=sent), 303)


def _results(here: CurrentLaunch, view: str) -> str:
    wanted = web.read_form(ResultsFilter, request.args.to_dict())
    with transaction(here.institution_id) as session:
        placement = queries.get_placement(session, here)
        course = queries.find_course_title(session, here.context_id)
        edition = assessments.get_edition(session, placement.edition_id)
        registration = get_registration(session, here.registration_id)
        roster = find_roster(session, placement.context_id)
        rows = queries.list_results(session, placement, roster)
        missing = queries.list_without_result(session, placement, roster)
        column = find_column_state(session, placement.id)
        asks_for_marking = marking.asks_for_marking(session, placement)
        to_mark = marking.count_waiting(session, placement)
        newer = assessments.list_newer_editions(session, placement.edition_id)
        deleted = queries.list_deleted(session, placement)
        decided = assessments.find_scored_by_institution(
            session, placement, since=clock.now() - TOLD_FOR
        )
    fitting = listing.in_order([row for row in rows if _fits(row, wanted)], wanted.sort)
    page = listing.page_of(fitting, after=wanted.after, before=wanted.before)
    return render_template(
        f"instructor/{view}.html",
        launch_id=here.launch_id,
        course=course,
        placement=placement,
        edition=edition,
        platform=registration.name,
        hint=quirks_of(registration.product).failing_hint,
        wanted=wanted,
        page=page,
        rows=page.rows,
        headings=_headings(here, view, wanted),
        fitting=len(fitting),
        counts={
            "all": len(rows),
            "begun": sum(row.attempts > 0 for row in rows),
            "results": sum(row.result is not None for row in rows),
            **{
                group: sum(row.is_among(group) for row in rows)
                for group in ("passed", "not_passed", "unmarked", "waiting", "open", "late")
            },
            **{
                state: sum(row.state == state for row in rows)
                for state in (
                    "refused",
                    "on_its_way",
                    "in_gradebook",
                    "differs",
                    "not_sent",
                    "none",
                )
            },
        },
        sent=request.args.get("sent", type=int),
        compared="compared" in request.args,
        column=column,
        roster=roster,
        missing=missing,
        asks_for_marking=asks_for_marking,
        to_mark=to_mark,
        newer=newer,
        deleted=deleted,
        decided=decided,
    )


def _headings(here: CurrentLaunch, view: str, wanted: ResultsFilter) -> dict[str, dict[str, str]]:
    """Return the headings of the columns by which the results can be sorted."""
    list_url = url_for(f".{view}", launch_id=here.launch_id)
    headings = {}
    for name in listing.SORTS:
        query = wanted.query(sort=listing.turned(wanted.sort, name))
        url = f"{list_url}?{urlencode(query)}" if query else list_url
        headings[name] = listing.heading(wanted.sort, name, url)
    return headings


def _fits(row: ResultRow, wanted: ResultsFilter) -> bool:
    named = wanted.q.casefold() in (row.name or "").casefold()
    return named and row.is_among(wanted.result) and (not wanted.state or row.state == wanted.state)
