"""Scores of a placement whose link was given another one: its column is the other's by now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement
from lti_tool.grading.models import DesiredScore
from lti_tool.grading.rules import Outcome


def drop_replaced(session: Session, due: Sequence[ColumnElement[bool]], now: datetime) -> None:
    """Send nothing that is due for such a placement. Put back, all its scores are sent again.

    Else one that waited through an outage would land on the other's grade, or after the
    resend of the one that was put back.
    """
    replaced = select(Placement.id).where(
        Placement.id == DesiredScore.placement_id, Placement.resource_link_id.is_(None)
    )
    session.execute(
        update(DesiredScore)
        .where(*due, replaced.exists())
        .values(
            due_at=None,
            refused_at=now,
            last_outcome=Outcome.REPLACED.value,
            last_status=None,
            last_error=None,
        )
    )
