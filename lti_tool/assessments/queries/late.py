"""Reading answers that arrived after the end."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, LateResponse
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, ItemVersionId, PlacementId, UserId
from lti_tool.core.language import phrase


def get_late(
    session: Session, attempt_id: AttemptId, item_version_id: ItemVersionId
) -> LateResponse:
    """Return the answer to a question that arrived after its attempt had ended.

    Raises:
        NotFoundError: there is none.
    """
    found = session.scalar(
        select(LateResponse).where(
            LateResponse.attempt_id == attempt_id,
            LateResponse.item_version_id == item_version_id,
        )
    )
    if found is None:
        raise NotFoundError(phrase("No answer to that question came late."))
    return found


def list_late(session: Session, attempt_id: AttemptId) -> dict[ItemVersionId, LateResponse]:
    """Return what arrived after an attempt's end and does not count, by question."""
    rows = session.scalars(
        select(LateResponse).where(
            LateResponse.attempt_id == attempt_id, LateResponse.is_taken.is_not(True)
        )
    )
    return {row.item_version_id: row for row in rows}


def count_late(session: Session, placement_id: PlacementId) -> Mapping[UserId, int]:
    """Return how many late answers of each learner nobody has decided about."""
    rows = session.execute(
        select(Attempt.user_id, func.count())
        .join(LateResponse, LateResponse.attempt_id == Attempt.id)
        .where(Attempt.placement_id == placement_id, LateResponse.is_taken.is_(None))
        .group_by(Attempt.user_id)
    )
    return {row[0]: row[1] for row in rows}
