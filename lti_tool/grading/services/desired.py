"""What the gradebook should hold: written down here, sent by whoever holds the lane."""

from datetime import datetime

from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement, PlacementResult
from lti_tool.assessments.queries import find_result
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    ContextId,
    DesiredScoreId,
    InstitutionId,
    PlacementId,
    UserId,
    new_id,
)
from lti_tool.grading.models import DesiredScore
from lti_tool.grading.queries import Column, find_column
from lti_tool.grading.rules import Outcome, comment_on
from lti_tool.grading.services.lanes import wake

NOT_GRANTED = "Cairn was not given the right to write grades in this course."


def desire_score(
    institution_id: InstitutionId, placement_id: PlacementId, user_id: UserId
) -> DesiredScoreId | None:
    """Write down what the gradebook should hold for a user, from their current result.

    Runs at least once and in any order: it reads the present, and an older result never
    replaces a newer one.

    Returns:
        The row; None when there is nothing new to send, no result, or no gradebook column.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        result = find_result(session, placement_id, user_id)
        column = find_column(session, placement_id, user_id)
        if result is None or column is None:
            return None
        row_id = _upsert(session, institution_id, result, column, now)
        if row_id is not None and column.may_score:
            wake(session, column.registration_id, institution_id, now)
    return row_id


def _upsert(
    session: Session,
    institution_id: InstitutionId,
    result: PlacementResult,
    column: Column,
    now: datetime,
) -> DesiredScoreId | None:
    new = insert(DesiredScore).values(
        institution_id=institution_id,
        id=new_id(),
        registration_id=column.registration_id,
        placement_id=result.placement_id,
        user_id=result.user_id,
        subject=column.subject,
        line_item_url=column.line_item_url,
        given=result.points_earned,
        maximum=result.points_possible,
        comment=comment_on(passed=result.passed),
        over_teacher=False,
        result_version=result.version,
        version=1,
        timestamp_version=0,
        acknowledged_version=0,
        restored_version=0,
        tries=0,
        changed_at=now,
        # Without the right to send it is kept, and sent once a launch brings the right.
        due_at=now if column.may_score else None,
        refused_at=None if column.may_score else now,
        last_outcome=None if column.may_score else Outcome.NOT_GRANTED.value,
        last_error=None if column.may_score else NOT_GRANTED,
    )
    replaced = (
        "given maximum comment result_version changed_at due_at refused_at last_outcome last_error"
        " registration_id subject line_item_url over_teacher tries"
    )
    has_changed = or_(
        DesiredScore.result_version < new.excluded.result_version,
        DesiredScore.line_item_url != new.excluded.line_item_url,
        # The right came, or went before the score was sent.
        (DesiredScore.last_outcome == Outcome.NOT_GRANTED.value)
        & new.excluded.last_outcome.is_(None),
    )
    return session.scalar(
        new.on_conflict_do_update(
            index_elements=["institution_id", "placement_id", "user_id"],
            set_={name: new.excluded[name] for name in replaced.split()}
            | {"version": DesiredScore.version + 1, "held_at": None, "last_status": None},
            where=(DesiredScore.result_version <= new.excluded.result_version) & has_changed,
        ).returning(DesiredScore.id)
    )


def desire_scores_of_context(institution_id: InstitutionId, context_id: ContextId) -> int:
    """Want every result of a course in its gradebook, as a launch has just described it.

    A link that gets its column only later, a column at another address, a right that was
    given: the results that exist already are sent then.

    Returns:
        How many scores are new or different.
    """
    with transaction(institution_id) as session:
        found = session.execute(
            select(PlacementResult.placement_id, PlacementResult.user_id)
            .join(Placement, Placement.id == PlacementResult.placement_id)
            .where(Placement.context_id == context_id)
        ).all()
    wanted = [desire_score(institution_id, *one) for one in found]
    return len([row_id for row_id in wanted if row_id is not None])


def send_again(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    user_id: UserId | None = None,
    *,
    actor: audit.Actor,
    over_teacher: bool = False,
) -> int:
    """Make a placement's scores due now, refused ones included; one user's or all.

    A score that was acknowledged is sent anew under a new timestamp.

    Args:
        institution_id: whose placement it is.
        placement_id: all its scores, or
        user_id: one user's.
        actor: who asks for it.
        over_teacher: take the place of a grade that was given by hand, where a platform
            lets us (Canvas).

    Returns:
        How many will be sent.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        query = (
            update(DesiredScore)
            .where(
                DesiredScore.placement_id == placement_id,
                DesiredScore.last_outcome.is_distinct_from(Outcome.NOT_GRANTED.value),
            )
            .values(
                due_at=now,
                tries=0,
                refused_at=None,
                last_outcome=None,
                over_teacher=over_teacher,
                version=case(
                    (
                        DesiredScore.acknowledged_version == DesiredScore.version,
                        DesiredScore.version + 1,
                    ),
                    else_=DesiredScore.version,
                ),
            )
            .returning(DesiredScore.registration_id)
        )
        if user_id is not None:
            query = query.where(DesiredScore.user_id == user_id)
        registrations = session.scalars(query).all()
        for registration_id in set(registrations):
            wake(session, registration_id, institution_id, now, at_once=True)
        audit.record(
            session,
            actor=actor,
            act="resend_scores",
            object_kind="placement",
            object_id=placement_id,
            facts={"scores": len(registrations)},
        )
    return len(registrations)
