"""Putting off one column that fails while the platform works: Moodle says 500 to a locked one."""

import random
from datetime import timedelta

from sqlalchemy import func, select, update

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.grading import rules
from lti_tool.grading.models import DesiredScore
from lti_tool.grading.rules import Answer
from lti_tool.grading.services.lanes import Lane, due_in

# A column that took a score so short a time ago shows that the platform works.
LATELY = timedelta(minutes=15)


def other_columns_work(lane: Lane, column: str) -> bool:
    """Tell whether the platform took scores for another column lately."""
    with transaction(lane.institution_id) as session:
        taken = select(DesiredScore.id).where(
            DesiredScore.registration_id == lane.registration_id,
            DesiredScore.line_item_url != column,
            DesiredScore.acknowledged_at > clock.now() - LATELY,
        )
        return bool(session.scalar(select(taken.exists())))


def other_columns_wait(lane: Lane, column: str) -> bool:
    """Tell whether scores for another column are due."""
    with transaction(lane.institution_id) as session:
        due = select(DesiredScore.id).where(
            *due_in(lane, clock.now()), DesiredScore.line_item_url != column
        )
        return bool(session.scalar(select(due.exists())))


def put_off_column(lane: Lane, column: str, answer: Answer) -> None:
    """Try a column's due scores again later, as if each had got this answer.

    So a column that is locked (Moodle says 500 to any score for one) costs a few tries.
    """
    now = clock.now()
    spread = random.random()  # noqa: S311 - spreads load, guards nothing
    with transaction(lane.institution_id) as session:
        due = select(func.max(DesiredScore.tries)).where(
            *due_in(lane, now), DesiredScore.line_item_url == column
        )
        wait = rules.delay((session.scalar(due) or 0) + 1, spread=spread)
        session.execute(
            update(DesiredScore)
            .where(*due_in(lane, now), DesiredScore.line_item_url == column)
            .values(
                tries=DesiredScore.tries + 1,
                due_at=now + wait,
                last_outcome=answer.outcome.value,
                last_status=answer.status,
                last_error=answer.reason,
            )
        )
