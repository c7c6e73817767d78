"""Reads of gradebook columns and of what we want in them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    ContextId,
    InstitutionId,
    PlacementId,
    RegistrationId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.language import phrase, recalled
from lti_tool.grading import ags
from lti_tool.grading.ags import Result
from lti_tool.grading.models import ERASED_SUBJECT, DesiredScore, GradebookColumn, SenderLane
from lti_tool.grading.rules import Outcome, grants
from lti_tool.platforms.models import Context, Deployment, Registration, ResourceLink, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A placement as the platform knows it: its link, course and column.

    Attributes:
        line_item_url: of its column; None when it has none.
        line_items_url: where columns are made; None when the platform did not say.
        scopes: what launches of the course grant; None or empty when they do not say.
    """

    institution_id: InstitutionId
    registration_id: RegistrationId
    platform_name: str
    product: str
    context_id: ContextId | None
    resource_link_id: ResourceLinkId
    resource_link_platform_id: str
    title: str
    points: Decimal
    line_item_url: str | None
    line_items_url: str | None
    memberships_url: str | None
    scopes: list[str] | None


class SyncState(StrEnum):
    """How a score stands with the platform."""

    IN_GRADEBOOK = "in_gradebook"
    ON_ITS_WAY = "on_its_way"
    TRYING_AGAIN = "trying_again"
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # and there is nothing that anybody could do about it
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """What we want in the gradebook for a user, and what the platform said.

    Attributes:
        given: None where there is no result any more, and the cell shall be empty.
        acknowledged_at: when the platform last took a version, which may be an older one.
        outcome: of the last try that failed.
        last_error: in the platform's words, of the last try that failed.
        held: what the gradebook held at `held_at`; None when it was not read since we sent.
    """

    user_id: UserId
    user_name: str | None
    subject: str
    given: Decimal | None
    maximum: Decimal
    state: SyncState
    changed_at: datetime
    acknowledged_at: datetime | None
    next_try_at: datetime | None
    outcome: Outcome | None
    last_status: int | None
    last_error: str | None
    tries: int
    held: Result | None
    held_at: datetime | None

    @property
    def is_to_be_cleared(self) -> bool:
        """Tell whether the platform has, or may have, a grade of which no attempt is left."""
        return self.given is None and self.state is not SyncState.IN_GRADEBOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnState:
    """A placement's column as a whole, and the way to it.

    Attributes:
        compared_at: when all of it was last read.
        compare_error: why it could not be read the last time.
        paused_until: nothing is sent before, since the platform fails or asked for patience.
        failing_since: when that began; None when the platform works.
        last_status: of the platform's last failure as a whole, with `platform_error`.
        clock_lead: seconds our clock is ahead of the platform's, at most; None if not known.
        rights: of ours in the gradebook, in short; none if the platform did not say.
    """

    line_item_url: str | None
    is_gone: bool
    may_score: bool
    may_make: bool
    compared_at: datetime | None
    compare_error: str | None
    paused_until: datetime | None
    failing_since: datetime | None
    platform_error: str | None
    last_status: int | None
    clock_lead: float | None
    rights: tuple[str, ...]


def has_column(session: Session, placement_id: PlacementId, user_id: UserId) -> bool:
    """Tell whether a user's score has a gradebook column to go to; a visitor's has none."""
    found = session.scalar(
        # Moodle sends "" for none (4.5).
        select(func.coalesce(func.nullif(ResourceLink.line_item_url, ""), GradebookColumn.made_url))
        .select_from(Placement)
        .join(ResourceLink, ResourceLink.id == Placement.resource_link_id)
        .join(User, User.id == user_id)
        .outerjoin(GradebookColumn, GradebookColumn.placement_id == Placement.id)
        .where(Placement.id == placement_id, User.is_visitor.is_(False))
    )
    return bool(found)


def get_place(session: Session, placement_id: PlacementId) -> Place:
    """Return a placement's link, course and column.

    Raises:
        NotFoundError: there is no such placement, or no link stands for it.
    """
    row = session.execute(
        select(
            Placement,
            ResourceLink,
            Registration,
            Context.line_items_url,
            Context.memberships_url,
            Context.service_scopes,
            GradebookColumn.made_url,
        )
        .join(ResourceLink, ResourceLink.id == Placement.resource_link_id)
        .join(Deployment, Deployment.id == ResourceLink.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .outerjoin(Context, Context.id == ResourceLink.context_id)
        .outerjoin(GradebookColumn, GradebookColumn.placement_id == Placement.id)
        .where(Placement.id == placement_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(phrase("No link of a course stands for this activity."))
    placement, link, registration, line_items_url, memberships_url, scopes, made_url = row
    return Place(
        institution_id=placement.institution_id,
        registration_id=registration.id,
        platform_name=registration.name,
        product=registration.product,
        context_id=link.context_id,
        resource_link_id=link.id,
        resource_link_platform_id=link.platform_id,
        title=placement.title,
        points=placement.points,
        line_item_url=link.line_item_url or made_url,
        line_items_url=line_items_url,
        memberships_url=memberships_url,
        scopes=scopes,
    )


def find_column_state(session: Session, placement_id: PlacementId) -> ColumnState | None:
    """Return how a placement's column stands; None when no link stands for the placement."""
    try:
        place = get_place(session, placement_id)
    except NotFoundError:
        return None
    column = session.scalar(
        select(GradebookColumn).where(GradebookColumn.placement_id == placement_id)
    )
    lane = session.scalar(
        select(SenderLane).where(
            SenderLane.registration_id == place.registration_id,
            SenderLane.institution_id == place.institution_id,
        )
    )
    return ColumnState(
        line_item_url=place.line_item_url,
        is_gone=place.line_item_url is not None
        and is_gone(session, placement_id, place.line_item_url),
        may_score=grants(place.scopes, ags.SCORE_SCOPE),
        may_make=place.line_items_url is not None and grants(place.scopes, ags.LINE_ITEM_SCOPE),
        compared_at=column.compared_at if column else None,
        compare_error=_recalled(column.compare_error if column else None),
        paused_until=lane.paused_until if lane and lane.failing_since else None,
        failing_since=lane.failing_since if lane else None,
        platform_error=_recalled(lane.last_error if lane else None),
        last_status=lane.last_status if lane else None,
        clock_lead=lane.clock_lead if lane else None,
        rights=tuple(scope.rpartition("/")[2] for scope in place.scopes or ()),
    )


def is_gone(session: Session, placement_id: PlacementId, line_item_url: str) -> bool:
    """Tell whether the platform said of one of its scores that this column is no longer there."""
    gone = select(DesiredScore.id).where(
        DesiredScore.placement_id == placement_id,
        DesiredScore.line_item_url == line_item_url,
        DesiredScore.last_outcome == Outcome.COLUMN_GONE.value,
    )
    return bool(session.scalar(select(gone.exists())))


def list_line_item_urls(session: Session, placement_id: PlacementId) -> list[str]:
    """Return the columns in which scores of a placement are wanted: one, hardly ever more."""
    return list(
        session.scalars(
            select(DesiredScore.line_item_url)
            .where(DesiredScore.placement_id == placement_id)
            .distinct()
        )
    )


def list_placements_with_scores(
    session: Session, registration_id: RegistrationId
) -> list[PlacementId]:
    """Return placements whose scores changed within half a year, longest unseen first."""
    seen = func.min(GradebookColumn.compared_at)
    return list(
        session.scalars(
            select(DesiredScore.placement_id)
            .outerjoin(GradebookColumn, GradebookColumn.placement_id == DesiredScore.placement_id)
            .where(
                DesiredScore.registration_id == registration_id,
                DesiredScore.changed_at > func.now() - func.make_interval(0, 6),
            )
            .group_by(DesiredScore.placement_id)
            .order_by(seen.asc().nulls_first(), DesiredScore.placement_id)
        )
    )


def list_scores(session: Session, placement_id: PlacementId) -> list[ScoreRow]:
    """Return every score of a placement with its state, by the learner's name."""
    rows = session.execute(
        select(DesiredScore, User.name)
        .join(User, User.id == DesiredScore.user_id)
        .where(DesiredScore.placement_id == placement_id)
        .order_by(User.name, DesiredScore.user_id)
    )
    return [_row(score, name) for score, name in rows]


def list_scores_of(
    session: Session, user_ids: Collection[UserId]
) -> dict[tuple[PlacementId, UserId], ScoreRow]:
    """Return every score of these users, by placement and user."""
    rows = session.execute(
        select(DesiredScore, User.name)
        .join(User, User.id == DesiredScore.user_id)
        .where(DesiredScore.user_id.in_(user_ids))
    )
    return {(score.placement_id, score.user_id): _row(score, name) for score, name in rows}


def _row(score: DesiredScore, name: str | None) -> ScoreRow:
    return ScoreRow(
        user_id=score.user_id,
        user_name=name,
        subject=score.subject,
        given=score.given,
        maximum=score.maximum,
        state=_state(score),
        changed_at=score.changed_at,
        acknowledged_at=score.acknowledged_at,
        next_try_at=score.due_at if score.last_outcome else None,
        outcome=Outcome(score.last_outcome) if score.last_outcome else None,
        last_status=score.last_status,
        last_error=_recalled(score.last_error),
        tries=score.tries,
        held=_held(score),
        held_at=score.held_at,
    )


def _held(score: DesiredScore) -> Result | None:
    if score.held_at is None:
        return None
    return Result(score=score.held_points, maximum=score.held_maximum)


def _state(score: DesiredScore) -> SyncState:
    if score.refused_at is not None:
        is_let_be = score.subject == ERASED_SUBJECT or score.last_outcome == Outcome.REPLACED
        return SyncState.NOT_SENT if is_let_be else SyncState.REFUSED
    if score.acknowledged_version == score.version:
        held = _held(score)
        if held is None or held.equals(score.given, score.maximum):
            return SyncState.IN_GRADEBOOK
        return SyncState.DIFFERS
    return SyncState.TRYING_AGAIN if score.last_outcome else SyncState.ON_ITS_WAY


def _recalled(text: str | None) -> str | None:
    return recalled(text) if text else text
