"""How a platform has been doing lately, from what launches, tokens and scores left behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from lti_tool.administration.queries import is_ours_alone
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.grading.models import SenderLane
from lti_tool.launch.errors import words_of
from lti_tool.launch.models import Launch, LaunchRefusal
from lti_tool.platforms.models import AccessToken

LOOKS_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why messages were refused, how often, and when last."""

    words: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many came on one day (UTC)."""

    day: datetime
    launches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The last seven days of one platform.

    Attributes:
        age_seconds: of messages when they came, the middle one: below 0 its clock is ahead.
        clock_lead: seconds our clock is ahead of its gradebook's, at most.
        token_seconds: how long it took for the last token.
        paused_until: no scores are sent until then, for it fails or asked for patience.
        failures: pauses in a row.
        last_status: of the answer that made the last pause.
    """

    days: list[Day]
    refused: list[Refused]
    age_seconds: float | None
    clock_lead: float | None
    token_seconds: float | None
    paused_until: datetime | None
    failures: int
    last_status: int | None


def get_health(
    session: Session, institution_id: InstitutionId, registration_id: RegistrationId, at: datetime
) -> Health:
    """Return how a platform has been doing, as far as it is this institution's to know."""
    day = func.date_trunc("day", Launch.created_at, "UTC")
    recent = and_(Launch.registration_id == registration_id, Launch.created_at > at - LOOKS_BACK)
    days = session.execute(
        select(day, func.count()).where(recent).group_by(day).order_by(day.desc())
    )
    age = session.scalar(
        select(func.percentile_cont(0.5).within_group(Launch.age_seconds)).where(recent)
    )
    token = session.scalar(
        select(AccessToken.took_seconds)
        .where(
            AccessToken.registration_id == registration_id, AccessToken.took_seconds.is_not(None)
        )
        .order_by(AccessToken.asked_at.desc())
        .limit(1)
    )
    lane = session.get(SenderLane, (registration_id, institution_id))
    return Health(
        days=[Day(day=row[0], launches=row[1]) for row in days],
        refused=_refused(session, institution_id, registration_id, at),
        age_seconds=age,
        clock_lead=lane.clock_lead if lane else None,
        token_seconds=token,
        paused_until=lane.paused_until if lane and (lane.paused_until or at) > at else None,
        failures=lane.failures if lane else 0,
        last_status=lane.last_status if lane else None,
    )


def _refused(
    session: Session, institution_id: InstitutionId, registration_id: RegistrationId, at: datetime
) -> list[Refused]:
    whose = LaunchRefusal.institution_id == institution_id
    if is_ours_alone(session, institution_id, registration_id):
        whose = or_(whose, LaunchRefusal.institution_id.is_(None))
    times = func.sum(LaunchRefusal.times)
    rows = session.execute(
        select(LaunchRefusal.code, times, func.max(LaunchRefusal.last_at))
        .where(
            LaunchRefusal.registration_id == registration_id,
            LaunchRefusal.last_at > at - LOOKS_BACK,
            whose,
        )
        .group_by(LaunchRefusal.code)
        .order_by(times.desc())
    )
    return [Refused(words=words_of(row[0]), times=row[1], last_at=row[2]) for row in rows]
