"""What waits to be sent, and which platforms fail: for operators."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.grading.models import ERASED_SUBJECT, DesiredScore, SenderLane
from lti_tool.grading.rules import Outcome
from lti_tool.platforms.models import Institution, Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits to be sent to one platform for one institution.

    Attributes:
        due_since: of the score that is due longest; None when none waits.
        refused: for good, until somebody does something.
        failing_since: when the platform stopped taking anything; None when it works.
    """

    platform_name: str
    waiting: int
    due_since: datetime | None
    refused: int
    failing_since: datetime | None
    platform_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """A lane as its own row tells it, without a look at its scores.

    Attributes:
        due_at: when there is something to do next; None when nothing waits.
        acknowledged: scores taken, ever.
        refused: scores refused for good, ever.
    """

    registration_id: RegistrationId
    institution_id: InstitutionId
    platform_name: str
    slug: str
    due_at: datetime | None
    is_failing: bool
    acknowledged: int
    refused: int


def is_given_up() -> ColumnElement[bool]:
    """Say which scores were refused for good, so that somebody has to do something.

    Nobody has about who was erased, nor where the link leads to another activity by now.
    """
    return and_(
        DesiredScore.refused_at.is_not(None),
        DesiredScore.subject != ERASED_SUBJECT,
        DesiredScore.last_outcome.is_distinct_from(Outcome.REPLACED.value),
    )


def list_lane_states(session: Session) -> list[LaneState]:
    """Return all lanes; of no institution, so in a system transaction."""
    rows = session.execute(
        select(SenderLane, Registration.name, Institution.slug)
        .join(Registration, Registration.id == SenderLane.registration_id)
        .join(Institution, Institution.id == SenderLane.institution_id)
        .order_by(Institution.slug, SenderLane.registration_id)
    )
    return [
        LaneState(
            registration_id=lane.registration_id,
            institution_id=lane.institution_id,
            platform_name=name,
            slug=slug,
            due_at=lane.due_at,
            is_failing=lane.failing_since is not None,
            acknowledged=lane.acknowledged,
            refused=lane.refused,
        )
        for lane, name, slug in rows
    ]


def count_due(
    session: Session, registration_id: RegistrationId, now: datetime
) -> tuple[int, datetime | None]:
    """Return how many scores are due, and since when the first is; of one institution."""
    number, since = session.execute(
        select(func.count(), func.min(DesiredScore.due_at)).where(
            DesiredScore.registration_id == registration_id, DesiredScore.due_at <= now
        )
    ).one()
    return number, since


def list_lanes(session: Session) -> list[tuple[RegistrationId, InstitutionId]]:
    """Return all lanes; of no institution, so in a system transaction."""
    rows = session.execute(select(SenderLane.registration_id, SenderLane.institution_id))
    return [(row.registration_id, row.institution_id) for row in rows]


def get_backlog(
    session: Session,
    registration_id: RegistrationId,
    institution_id: InstitutionId,
    *,
    due_before: datetime,
) -> Backlog:
    """Return what waits in a lane since `due_before`, in a transaction of its institution."""
    name, failing_since, error = session.execute(
        select(Registration.name, SenderLane.failing_since, SenderLane.last_error)
        .join(Registration, Registration.id == SenderLane.registration_id)
        .where(
            SenderLane.registration_id == registration_id,
            SenderLane.institution_id == institution_id,
        )
    ).one()
    waiting, due_since, refused = session.execute(
        select(
            func.count().filter(DesiredScore.due_at <= due_before),
            func.min(DesiredScore.due_at),
            func.count().filter(is_given_up()),
        ).where(DesiredScore.registration_id == registration_id)
    ).one()
    return Backlog(
        platform_name=name,
        waiting=waiting,
        due_since=due_since,
        refused=refused,
        failing_since=failing_since,
        platform_error=error,
    )
