"""Trying an assessment as a learner: on the real pages, and then it never was.

A trial has a placement of its own that no link leads to, so that no list, grade or badge can
count it. It goes with all it has when it is handed in or left, when the next one begins, and
after half a day.
"""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_tool.assessments import queries
from lti_tool.assessments.models import Attachment, Attempt, LateResponse, Placement, Response
from lti_tool.assessments.queries import AttemptReview
from lti_tool.assessments.rules import Ending
from lti_tool.assessments.services.attempts import open_attempt
from lti_tool.assessments.services.files import key_of
from lti_tool.assessments.services.placing import create_placement
from lti_tool.assessments.services.scoring import set_points
from lti_tool.core import clock, db
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, EditionId, InstitutionId, PlacementId, UserId
from lti_tool.core.storage import storage
from lti_tool.platforms.rounds import every_institution

LONGEST = timedelta(hours=12)


def begin_trial(institution_id: InstitutionId, edition_id: EditionId, user_id: UserId) -> AttemptId:
    """Begin a trial of a published edition; an earlier one of the same person goes.

    Raises:
        NotFoundError: the institution has no such published edition.
    """
    with transaction(institution_id) as session:
        title = queries.get_edition(session, edition_id).title
        own = select(Placement.id).where(Placement.is_trial, Placement.created_by == user_id)
        keys = _forget(session, list(session.scalars(own)))
    _delete_files(keys)
    placement_id = create_placement(
        institution_id,
        edition_id,
        context_id=None,
        created_by=user_id,
        title=title,
        gives_badge=False,
        is_trial=True,
    )
    return open_attempt(institution_id, placement_id, user_id)


def end_trial(
    institution_id: InstitutionId, attempt_id: AttemptId, *, user_id: UserId
) -> AttemptReview | None:
    """Return what a trial came to, with all that a learner might ever see, and forget it.

    Returns:
        None where the attempt is a real one; it is left as it is.

    Raises:
        NotFoundError: they have no such attempt: a trial that was handed in before.
    """
    now = clock.now()
    if queries.is_real(institution_id, attempt_id, user_id):
        return None
    with transaction(institution_id) as session:
        attempt = queries.get_attempt(session, attempt_id, of_user=user_id, lock=True)
        if not queries.get_placement(session, attempt.placement_id).is_trial:
            return None  # looked at again before anything is forgotten
        attempt.submitted_at, attempt.ended_by = now, Ending.LEARNER
        set_points(session, attempt)
        review = queries.attempt_review(session, attempt_id, at=now, whole=True)
        keys = _forget(session, [attempt.placement_id])
    _delete_files(keys)
    return review


def forget_trials() -> int:
    """Forget trials that nobody handed in; returns how many. Called now and then."""
    before, forgotten = clock.now() - LONGEST, 0
    for institution_id in every_institution():
        with transaction(institution_id) as session:
            old = select(Placement.id).where(Placement.is_trial, Placement.created_at < before)
            placement_ids = list(session.scalars(old))
            keys = _forget(session, placement_ids)
        _delete_files(keys)
        forgotten += len(placement_ids)
    return forgotten


def _forget(session: Session, placement_ids: list[PlacementId]) -> list[str]:
    """Take out trials and all they have; returns the files' keys."""
    if not placement_ids:
        return []
    attempts = select(Attempt.id).where(Attempt.placement_id.in_(placement_ids))
    # Whoever saves an answer just now is waited for.
    session.execute(attempts.with_for_update())
    files = session.scalars(
        delete(Attachment).where(Attachment.attempt_id.in_(attempts)).returning(Attachment)
    ).all()
    keys = [key_of(db.tenant(), each) for each in files]
    for table in (Response, LateResponse):
        session.execute(delete(table).where(table.attempt_id.in_(attempts)))
    session.execute(delete(Attempt).where(Attempt.placement_id.in_(placement_ids)))
    session.execute(delete(Placement).where(Placement.id.in_(placement_ids)))
    session.expunge_all()  # what was read is returned and no longer stored
    return keys


def _delete_files(keys: list[str]) -> None:
    for key in keys:
        storage().delete(key)
