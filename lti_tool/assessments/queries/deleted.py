"""Reading attempts that were deleted: hidden by the database from all who do not ask for them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt
from lti_tool.core.db import switch
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, PlacementId, UserId
from lti_tool.core.language import phrase

_SEES = "app.sees_deleted"
# For a statement of its own (`db.run_in`).
SEEING_DELETED: Mapping[str, str] = MappingProxyType({_SEES: "on"})


@contextmanager
def seeing_deleted(session: Session) -> Iterator[None]:
    """Within this, every statement of the session sees deleted attempts among the others.

    Until the transaction ends if it fails: nothing is read after that.
    """
    switch(session, _SEES, "on")
    yield
    session.flush()  # what was changed may be a row that is hidden afterwards
    switch(session, _SEES, "")


def list_deleted(
    session: Session, placement_id: PlacementId, user_id: UserId | None = None
) -> Sequence[Attempt]:
    """Return deleted attempts at a placement, of one learner or all, the last deleted first."""
    query = select(Attempt).where(
        Attempt.placement_id == placement_id, Attempt.deleted_at.is_not(None)
    )
    if user_id is not None:
        query = query.where(Attempt.user_id == user_id)
    with seeing_deleted(session):
        return session.scalars(query.order_by(Attempt.deleted_at.desc(), Attempt.id)).all()


def get_deleted(
    session: Session, placement_id: PlacementId, attempt_id: AttemptId, *, lock: bool = False
) -> Attempt:
    """Return a deleted attempt at a placement.

    Raises:
        NotFoundError: there is none of this id there.
    """
    query = select(Attempt).where(
        Attempt.id == attempt_id,
        Attempt.placement_id == placement_id,
        Attempt.deleted_at.is_not(None),
    )
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    with seeing_deleted(session):
        attempt = session.scalar(query)
    if attempt is None:
        raise NotFoundError(phrase("There is no such deleted attempt at this activity."))
    return attempt


def was_deleted(session: Session, attempt_id: AttemptId, of_user: UserId) -> bool:
    """Tell whether a learner had an attempt of this id that was deleted."""
    query = select(Attempt.id).where(
        Attempt.id == attempt_id, Attempt.user_id == of_user, Attempt.deleted_at.is_not(None)
    )
    with seeing_deleted(session):
        return session.scalar(query) is not None
