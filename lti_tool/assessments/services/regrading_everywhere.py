"""Scoring every course by the newest edition: looked at first, then decided and done, by a job.

One placement after the other, each in a transaction of its own: where a job is stopped, the next
goes on. What would come out differently from what was looked at is left alone and named. Nothing
is shown to learners earlier than their course showed it before.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments import queries
from lti_tool.assessments.errors import NothingToRegradeError, RegradeUndecidedError
from lti_tool.assessments.events import RegradeAsked
from lti_tool.assessments.models import Assessment, RegradePlace, RegradeRun
from lti_tool.assessments.services.regrading import regrade_in, try_regrade
from lti_tool.core import audit, clock, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import TemporaryError, ToolError
from lti_tool.core.ids import AssessmentId, InstitutionId, new_id

RUN_SECONDS = 10.0


def ask_regrade(
    institution_id: InstitutionId, assessment_id: AssessmentId, *, actor: Actor
) -> UUID:
    """Have a job look at what the newest edition would change, course by course.

    Returns:
        What to follow it by: the run that is looked at or done already, if there is one.

    Raises:
        NothingToRegradeError: no course uses an earlier edition; or there is no such assessment.
    """
    with transaction(institution_id) as session:
        # Locked, so that two who ask at once get one run.
        session.scalar(
            select(Assessment.id).where(Assessment.id == assessment_id).with_for_update()
        )
        running = session.scalar(
            select(RegradeRun.id).where(
                RegradeRun.assessment_id == assessment_id,
                RegradeRun.state.in_(["looking", "scoring"]),
            )
        )
        if running is not None:
            return running
        newest, behind = queries.list_behind(session, assessment_id)
        if newest is None or not behind:
            raise NothingToRegradeError
        run = RegradeRun(
            id=new_id(),
            assessment_id=assessment_id,
            edition_id=newest,
            state="looking",
            asked_by=actor.id,
            asked_at=clock.now(),
        )
        session.add(run)
        session.flush()  # the places point at it
        session.add_all(
            RegradePlace(
                run_id=run.id,
                placement_id=one.id,
                edition_before_id=one.edition_id,
                note=[],
                passes=[],
            )
            for one in behind
        )
        outbox.record(session, RegradeAsked(institution_id=institution_id, run_id=run.id))
    return run.id


def confirm_regrade(
    institution_id: InstitutionId,
    assessment_id: AssessmentId,
    run_id: UUID,
    *,
    reason: str,
    actor: Actor,
) -> None:
    """Score the courses that were looked at, by a job. A second time changes nothing.

    Args:
        institution_id: whose.
        assessment_id: which.
        run_id: as it was looked at.
        reason: in words, for good.
        actor: who decides.

    Raises:
        NotFoundError: there is no such run.
        RegradeUndecidedError: it is not looked at to the end yet.
    """
    with transaction(institution_id) as session:
        run = queries.get_run(session, assessment_id, run_id, lock=True)
        if run.state in {"scoring", "done"}:
            return
        if run.state != "looked":
            raise RegradeUndecidedError
        run.state, run.reason = "scoring", reason.strip()
        run.decided_by, run.decided_at = actor.id, clock.now()
        audit.record(
            session,
            actor=actor,
            act="regrade_everywhere",
            object_kind="assessment",
            object_id=assessment_id,
            reason=reason.strip(),
            facts={"edition": str(run.edition_id)},
        )
        outbox.record(session, RegradeAsked(institution_id=institution_id, run_id=run.id))


def go_on_regrading(institution_id: InstitutionId, run_id: UUID) -> None:
    """Look at a run's next placements or score them, for a while, then have whoever is free go on.

    Safe beside itself, and after a worker died in the middle.
    """
    event = RegradeAsked(institution_id=institution_id, run_id=run_id)
    outbox.go_on(
        institution_id, event, lambda: _next_place(institution_id, run_id), seconds=RUN_SECONDS
    )


def _next_place(institution_id: InstitutionId, run_id: UUID) -> bool:
    """Do the next placement; return whether there may be more."""
    tried = None
    try:
        with transaction(institution_id) as session:
            found = _claimed(session, run_id)
            if found is None:
                return False
            run, place = found
            tried = place.placement_id
            if run.state == "looking":
                _look(session, run, place)
            else:
                _score(session, run, place)
    except TemporaryError:
        raise  # whoever goes on tries it again
    except ToolError as error:
        with transaction(institution_id) as session:
            found = _claimed(session, run_id)
            # A job beside this one may have said so meanwhile: then another one is next.
            if found is not None and found[1].placement_id == tried:
                _, place = found
                place.outcome = "unfit" if place.outcome is None else "left"
                place.note = [str(error)]
    return True


def _claimed(session: Session, run_id: UUID) -> tuple[RegradeRun, RegradePlace] | None:
    """Return a run, locked, with its next placement; finish the run if there is none."""
    run = session.scalar(select(RegradeRun).where(RegradeRun.id == run_id).with_for_update())
    if run is None or run.state not in {"looking", "scoring"}:
        return None
    due = RegradePlace.outcome.is_(None) if run.state == "looking" else _FITS
    place = session.scalar(
        select(RegradePlace)
        .where(RegradePlace.run_id == run_id, due)
        .order_by(RegradePlace.placement_id)
        .limit(1)
    )
    if place is not None:
        return run, place
    if run.state == "scoring":
        run.finished_at = clock.now()
    run.state = "looked" if run.state == "looking" else "done"
    return None


_FITS = RegradePlace.outcome == "fits"


def _look(session: Session, run: RegradeRun, place: RegradePlace) -> None:
    placement = queries.get_placement(session, place.placement_id)
    seen = try_regrade(session, placement, run.edition_id, holds_back=True)
    place.digest, place.attempts = seen.digest, seen.attempts
    if seen.problems:
        place.outcome, place.note = "unfit", [*map(str, seen.problems)]
        return
    place.outcome, place.results_changed = "fits", seen.results_changed
    place.note = [*map(str, seen.also)]
    place.passes = [
        [str(one.user_id), [*map(str, one.won)], [*map(str, one.lost)]]
        for one in seen.changes
        if one.won or one.lost
    ]


def _score(session: Session, run: RegradeRun, place: RegradePlace) -> None:
    place.results_changed = regrade_in(
        session,
        place.placement_id,
        run.edition_id,
        digest=place.digest or "",
        reason=run.reason or "",
        # Only the desk decides about all courses: whoever did is staff.
        actor=Actor("staff", run.decided_by) if run.decided_by else audit.SYSTEM,
        holds_back=True,
    )
    place.outcome, place.done_at = "done", clock.now()
