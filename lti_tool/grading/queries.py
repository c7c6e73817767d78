"""Reads of gradebook columns and of what we want in them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement
from lti_tool.core.ids import PlacementId, RegistrationId, UserId
from lti_tool.grading.models import DesiredScore
from lti_tool.platforms.models import Deployment, ResourceLink, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Where one user's score of a placement goes."""

    registration_id: RegistrationId
    line_item_url: str
    subject: str


class SyncState(StrEnum):
    """How a score stands with the platform."""

    IN_GRADEBOOK = "in_gradebook"
    ON_ITS_WAY = "on_its_way"
    TRYING_AGAIN = "trying_again"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """What we want in the gradebook for a user, and what the platform said.

    Attributes:
        acknowledged_at: when the platform last took a version, which may be an older one.
        last_error: in the platform's words, of the last try that failed.
    """

    user_id: UserId
    user_name: str | None
    given: Decimal
    maximum: Decimal
    state: SyncState
    changed_at: datetime
    acknowledged_at: datetime | None
    next_try_at: datetime | None
    last_status: int | None
    last_error: str | None


def find_column(session: Session, placement_id: PlacementId, user_id: UserId) -> Column | None:
    """Return where the user's score goes; None when the link has no gradebook column."""
    row = session.execute(
        select(Deployment.registration_id, ResourceLink.line_item_url, User.subject)
        .select_from(Placement)
        .join(ResourceLink, ResourceLink.id == Placement.resource_link_id)
        .join(Deployment, Deployment.id == ResourceLink.deployment_id)
        .join(User, User.id == user_id)
        .where(Placement.id == placement_id)
    ).one_or_none()
    if row is None or not row.line_item_url:  # Moodle sends "" for none (4.5)
        return None
    return Column(
        registration_id=row.registration_id, line_item_url=row.line_item_url, subject=row.subject
    )


def list_scores(session: Session, placement_id: PlacementId) -> list[ScoreRow]:
    """Return every score of a placement with its state, by the learner's name."""
    rows = session.execute(
        select(DesiredScore, User.name)
        .join(User, User.id == DesiredScore.user_id)
        .where(DesiredScore.placement_id == placement_id)
        .order_by(User.name, DesiredScore.user_id)
    )
    return [
        ScoreRow(
            user_id=score.user_id,
            user_name=name,
            given=score.given,
            maximum=score.maximum,
            state=_state(score),
            changed_at=score.changed_at,
            acknowledged_at=score.acknowledged_at,
            next_try_at=score.due_at if score.tries else None,
            last_status=score.last_status,
            last_error=score.last_error,
        )
        for score, name in rows
    ]


def _state(score: DesiredScore) -> SyncState:
    if score.refused_at is not None:
        return SyncState.REFUSED
    if score.acknowledged_version == score.version:
        return SyncState.IN_GRADEBOOK
    return SyncState.TRYING_AGAIN if score.tries else SyncState.ON_ITS_WAY
