"""Reading what attempts come to: results at a placement, and one attempt as shown afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from lti_tool.assessments import conditions, review, rules
from lti_tool.assessments.conditions import Conditions
from lti_tool.assessments.drafts import EditionDetails
from lti_tool.assessments.models import (
    Attachment,
    Attempt,
    PlacementResult,
    Response,
)
from lti_tool.assessments.queries.attempts import (
    get_attempt,
    get_placement,
    is_to_mark,
    list_attachments,
    list_form,
    list_given,
    list_responses,
)
from lti_tool.assessments.queries.conditions import conditions_of
from lti_tool.assessments.queries.editions import EditionSummary, get_details, get_edition
from lti_tool.assessments.queries.late import list_late
from lti_tool.assessments.review import CompetencyResult, ReviewedItem
from lti_tool.assessments.rules import Outcome
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, ItemVersionId, PlacementId, UserId
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerStanding:
    """Where one learner is at a placement. The result is None until an attempt has ended.

    `time_used` is from the beginning to the end of the attempt that ended last; `to_mark` counts
    those that wait for a person. `is_unmarked` where one was erased before anybody marked it: what
    it was worth, nobody can tell any more.
    """

    user_id: UserId
    attempts: int = 0
    is_open: bool = False
    last_submitted_at: datetime | None = None
    time_used: timedelta | None = None
    to_mark: int = 0
    is_unmarked: bool = False
    result: PlacementResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReview:
    """An ended attempt: the whole, by competency in the edition's order, by question.

    Attributes:
        band: the author's words for the whole; None for none, and until it is marked.
        items: empty while the conditions show no answers.
        conditions: of its placement; they say when more is shown.
        shows_answers, shows_feedback, shows_key: whether that is now.
        attachments: files sent in it, by id as `ReviewedItem.files` has it.
    """

    attempt: Attempt
    edition: EditionSummary
    competencies: tuple[CompetencyResult, ...]
    band: str | None
    items: tuple[ReviewedItem, ...]
    conditions: Conditions
    shows_answers: bool
    shows_feedback: bool
    shows_key: bool
    attachments: Mapping[str, Attachment]


# Of the attempt that ended last; nulls, of those that run, come last.
_LAST_TIME = func.array_agg(
    aggregate_order_by(
        Attempt.submitted_at - Attempt.started_at, Attempt.submitted_at.desc().nulls_last()
    )
)[1]


def find_result(
    session: Session, placement_id: PlacementId, user_id: UserId
) -> PlacementResult | None:
    """Return what a learner's ended attempts at a placement come to; None before the first."""
    return session.scalar(
        select(PlacementResult).where(
            PlacementResult.placement_id == placement_id,
            PlacementResult.user_id == user_id,
            PlacementResult.withdrawn_at.is_(None),
        )
    )


def list_results(session: Session, placement_id: PlacementId) -> list[LearnerStanding]:
    """Return everybody who has begun an attempt at a placement, in no order of names."""
    begun = (
        select(
            Attempt.user_id,
            func.count().label("attempts"),
            func.bool_or(Attempt.submitted_at.is_(None)).label("is_open"),
            func.max(Attempt.submitted_at).label("last_submitted_at"),
            _LAST_TIME.label("time_used"),
            func.count().filter(is_to_mark()).label("to_mark"),
            func.count().filter(Attempt.awaits_marking).label("not_marked"),
        )
        .where(Attempt.placement_id == placement_id)
        .group_by(Attempt.user_id)
        .subquery()
    )
    rows = session.execute(
        select(begun, PlacementResult)
        .outerjoin(
            PlacementResult,
            (PlacementResult.user_id == begun.c.user_id)
            & (PlacementResult.placement_id == placement_id)
            & PlacementResult.withdrawn_at.is_(None),
        )
        .order_by(begun.c.user_id)
    )
    return [
        LearnerStanding(
            user_id=UserId(user_id),
            attempts=attempts,
            is_open=is_open,
            last_submitted_at=last_submitted_at,
            time_used=time_used,
            to_mark=to_mark,
            is_unmarked=not_marked > to_mark,
            result=result,
        )
        for (
            user_id,
            attempts,
            is_open,
            last_submitted_at,
            time_used,
            to_mark,
            not_marked,
            result,
        ) in rows
    ]


def list_outcomes(session: Session, placement_id: PlacementId, user_id: UserId) -> list[Outcome]:
    """Return a learner's ended attempts at a placement, oldest first."""
    rows = session.execute(
        select(Attempt.points_earned, Attempt.points_possible, Attempt.passed)
        .where(
            Attempt.placement_id == placement_id,
            Attempt.user_id == user_id,
            Attempt.submitted_at.is_not(None),
        )
        .order_by(Attempt.number)
    )
    return [
        Outcome(earned=earned, possible=possible, passed=bool(passed))
        for earned, possible, passed in rows
        if earned is not None and possible is not None  # of an ended attempt they never are
    ]


def attempt_review(
    session: Session,
    attempt_id: AttemptId,
    *,
    at: datetime,
    of_user: UserId | None = None,
    whole: bool = False,
) -> AttemptReview:
    """Return an ended attempt as its learner may look back at it.

    Args:
        session: of the institution.
        attempt_id: of the attempt.
        at: now.
        of_user: whose it must be.
        whole: with everything, whatever its learner may see by now.

    Raises:
        NotFoundError: no such attempt, it is someone else's, or it has not ended.
    """
    attempt = get_attempt(session, attempt_id, of_user=of_user)
    if attempt.submitted_at is None:
        raise NotFoundError(phrase("This attempt has not ended yet."))
    placement = get_placement(session, attempt.placement_id)
    held = conditions_of(session, placement)
    settled = _is_settled(session, attempt, held)
    over = _is_window_over(session, placement.id, held, at)

    def shows(when: conditions.Shown) -> bool:
        return whole or conditions.is_shown(when, is_settled=settled, is_window_over=over)

    late = list_late(session, attempt_id)
    form = list_form(session, attempt)
    saved = list_responses(session, attempt_id)
    edition = get_edition(session, attempt.counting_edition_id)
    details = get_details(session, attempt.counting_edition_id)
    reviewed = review.review_items(
        form,
        {id_: stored.value for id_, stored in saved.items()},
        {id_: tuple(one.value) for id_, one in late.items()},
        shows_key=shows(held.key_shown),
        shows_feedback=shows(held.feedback_shown),
        given=list_given(session, attempt_id),
        kept_points=None if attempt.answers_gone_at is None else _points(session, attempt_id),
    )
    return AttemptReview(
        attempt=attempt,
        edition=edition,
        competencies=review.by_competency(edition.competencies, form, reviewed, details),
        band=_band(attempt, details),
        items=reviewed if shows(held.answers_shown) else (),
        conditions=held,
        shows_answers=shows(held.answers_shown),
        shows_feedback=shows(held.feedback_shown),
        shows_key=shows(held.key_shown),
        attachments=list_attachments(session, attempt_id),
    )


def _points(session: Session, attempt_id: AttemptId) -> dict[ItemVersionId, Decimal]:
    """Return what each answer of an ended attempt was worth; that stays when answers go."""
    rows = session.execute(
        select(Response.item_version_id, Response.points_earned).where(
            Response.attempt_id == attempt_id, Response.points_earned.is_not(None)
        )
    )
    return {row.item_version_id: row.points_earned for row in rows}


def _band(attempt: Attempt, details: EditionDetails) -> str | None:
    if attempt.awaits_marking or attempt.points_earned is None or not attempt.points_possible:
        return None
    return review.band_of(details, attempt.points_earned, attempt.points_possible)


def _is_settled(session: Session, attempt: Attempt, held: Conditions) -> bool:
    """Tell whether its learner has nothing left to win by knowing what is right."""
    outcomes = list_outcomes(session, attempt.placement_id, attempt.user_id)
    passed = any(outcome.passed for outcome in outcomes)
    return passed or (held.max_attempts is not None and len(outcomes) >= held.max_attempts)


def _is_window_over(
    session: Session, placement_id: PlacementId, held: Conditions, at: datetime
) -> bool:
    if held.closes_at is None:
        return False
    open_until = session.scalars(
        select(Attempt.closes_at).where(
            Attempt.placement_id == placement_id, Attempt.submitted_at.is_(None)
        )
    ).all()
    return conditions.is_window_over(held, open_until, at, rules.GRACE)
