"""From an attempt's answers and marks to its points, to the placement's result, and to events."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import queries, rules
from lti_tool.assessments.events import (
    AssessmentPassed,
    AssessmentPassLost,
    PlacementResultChanged,
)
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.queries import EditionSummary
from lti_tool.assessments.rules import Policy
from lti_tool.core import outbox
from lti_tool.core.db import Base
from lti_tool.core.ids import AssessmentId, InstitutionId, new_id


def score_attempt(
    session: Session, institution_id: InstitutionId, attempt: Attempt, at: datetime
) -> None:
    """Score a locked attempt that has ended, anew if it was before, and announce what changed."""
    had_passed, had_waited = bool(attempt.passed), attempt.awaits_marking
    edition = set_points(session, attempt)
    is_whole_now = had_waited and not attempt.awaits_marking
    renew_result(session, institution_id, attempt, edition.pass_mark, at, always=is_whole_now)
    if attempt.passed and not had_passed:
        outbox.record(
            session,
            AssessmentPassed(
                institution_id=institution_id,
                placement_id=attempt.placement_id,
                edition_id=attempt.counting_edition_id,
                assessment_id=edition.assessment_id,
                user_id=attempt.user_id,
                attempt_id=attempt.id,
                passed_at=attempt.submitted_at or at,
            ),
        )
    if had_passed and not attempt.passed:
        tell_pass_lost(session, institution_id, attempt, edition.assessment_id, at)


def tell_pass_lost(
    session: Session,
    institution_id: InstitutionId,
    attempt: Attempt,
    assessment_id: AssessmentId,
    at: datetime,
) -> None:
    """Announce that an attempt that had passed speaks for its learner no longer."""
    outbox.record(
        session,
        AssessmentPassLost(
            institution_id=institution_id,
            placement_id=attempt.placement_id,
            assessment_id=assessment_id,
            user_id=attempt.user_id,
            attempt_id=attempt.id,
            lost_at=at,
        ),
    )


def set_points(session: Session, attempt: Attempt) -> EditionSummary:
    """Score a locked attempt that has ended, and tell nobody; return the edition that counts."""
    with session.no_autoflush:  # an attempt that is closed has points: both are stored at once
        edition = queries.get_edition(session, attempt.counting_edition_id)
        responses = queries.list_responses(session, attempt.id)
        form = queries.list_form(session, attempt)
        given = queries.list_given(session, attempt.id)
    answers = {item_id: stored.value for item_id, stored in responses.items()}
    mark = rules.mark(form, answers, given)
    attempt.points_earned, attempt.points_possible = mark.earned, mark.possible
    attempt.passed = mark.passes(edition.pass_mark)
    attempt.awaits_marking = bool(mark.needs_marking)
    if responses:  # one of a question that a regrade left out has no points
        session.connection().execute(
            _SET_POINTS,
            [
                {"of_attempt": attempt.id, "of_item": item_id, "points": mark.by_item.get(item_id)}
                for item_id in responses
            ],
        )
    session.flush()  # what reads results counts this attempt
    return edition


def renew_result(  # noqa: PLR0913 - what is reduced, and when it is told
    session: Session,
    institution_id: InstitutionId,
    attempt: Attempt,
    pass_mark: Decimal,
    at: datetime,
    *,
    always: bool = False,
) -> None:
    """Reduce the learner's attempts to one result; announce it if it differs from before.

    Of no attempt that has ended there is none: what was announced before is withdrawn.

    Args:
        session: of the institution.
        institution_id: whose.
        attempt: of the learner at the placement.
        pass_mark: share of points, 0 to 1.
        at: now.
        always: announce it even if it does not: a grade that was held back may go now.
    """
    placement = queries.get_placement(session, attempt.placement_id)
    # Another attempt of the learner's may be scored just now: whoever reduces later sees it.
    session.connection().execute(
        _HOLD_RESULT, {"of_placement": placement.id, "of_user": attempt.user_id}
    )
    outcomes = queries.list_outcomes(session, placement.id, attempt.user_id)
    if not outcomes:
        _withdraw_result(session, institution_id, attempt, at)
        return
    result = rules.reduce_attempts(Policy(placement.policy), outcomes, pass_mark)
    version = session.connection().scalar(
        _UPSERT_RESULT,
        {
            "id": new_id(),
            "placement_id": placement.id,
            "user_id": attempt.user_id,
            "points_earned": result.earned,
            "points_possible": result.possible,
            "passed": result.passed,
            "changed_at": at,
        },
    )
    if version is None and always:
        stored = queries.find_result(session, placement.id, attempt.user_id)
        version = stored.version if stored else None
    if version is not None:
        outbox.record(
            session,
            PlacementResultChanged(
                institution_id=institution_id,
                placement_id=placement.id,
                user_id=attempt.user_id,
                version=version,
            ),
        )


def _withdraw_result(
    session: Session, institution_id: InstitutionId, attempt: Attempt, at: datetime
) -> None:
    """Say that a learner has no result at a placement any more, if there was one."""
    result = queries.find_result(session, attempt.placement_id, attempt.user_id)
    if result is None:
        return
    result.withdrawn_at = result.changed_at = at
    result.version += 1
    outbox.record(
        session,
        PlacementResultChanged(
            institution_id=institution_id,
            placement_id=attempt.placement_id,
            user_id=attempt.user_id,
            version=result.version,
        ),
    )


# Built once: building a statement costs more than running it.
_responses = Base.metadata.tables["responses"]
_results = Base.metadata.tables["placement_results"]
_SET_POINTS = (
    update(_responses)
    .where(
        _responses.c.attempt_id == bindparam("of_attempt"),
        _responses.c.item_version_id == bindparam("of_item"),
    )
    .values(points_earned=bindparam("points"))
)

# NO KEY: nothing else waits for it. Who has two attempts to score has a result of the first.
_HOLD_RESULT = (
    select(_results.c.id)
    .where(
        _results.c.placement_id == bindparam("of_placement"),
        _results.c.user_id == bindparam("of_user"),
    )
    .with_for_update(key_share=True)
)
_insert_result = insert(_results)
_OUTCOME = ("points_earned", "points_possible", "passed")
_UPSERT_RESULT = _insert_result.on_conflict_do_update(
    index_elements=["institution_id", "placement_id", "user_id"],
    set_={
        **{name: _insert_result.excluded[name] for name in (*_OUTCOME, "changed_at")},
        "version": _results.c.version + 1,
        "withdrawn_at": None,
    },
    # Nothing changed, nothing to announce: no row comes back.
    where=tuple_(*(_results.c[name] for name in _OUTCOME)).is_distinct_from(
        tuple_(*(_insert_result.excluded[name] for name in _OUTCOME))
    )
    | _results.c.withdrawn_at.is_not(None),
).returning(_results.c.version)
