"""Forgetting what learners answered: after its time, or with the learner.

Attempts, points and results stay, so that counts, grades and awards stand.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from lti_tool.assessments import queries
from lti_tool.assessments.models import (
    Accommodation,
    Attachment,
    Attempt,
    AttemptTime,
    ItemMark,
    LateResponse,
    Response,
)
from lti_tool.assessments.services.files import key_of
from lti_tool.core import clock, db, purging, settings
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, InstitutionId, UserId
from lti_tool.core.storage import storage
from lti_tool.platforms.rounds import every_institution


def forget_answers() -> int:
    """Empty attempts that ended longer ago than answers are kept; returns how many.

    Does nothing where the settings keep them for ever. Called now and then.
    """
    days = settings.current().keep.answers_days
    if days == 0:
        return 0

    def some_of(institution_id: InstitutionId, limit: int) -> int:
        with transaction(institution_id) as session, queries.seeing_deleted(session):
            old = session.scalars(
                select(Attempt.id)
                .where(*_over(days))
                .order_by(Attempt.submitted_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            keys = _empty(session, old)
        _delete_files(keys)
        return len(old)

    return sum(
        purging.in_batches(partial(some_of, institution_id))
        for institution_id in every_institution()
    )


def count_forgettable() -> int:
    """Return how many attempts `forget_answers` would empty now."""
    days = settings.current().keep.answers_days
    if days == 0:
        return 0
    number = 0
    for institution_id in every_institution():
        with transaction(institution_id) as session, queries.seeing_deleted(session):
            number += session.scalar(select(func.count()).where(*_over(days))) or 0
    return number


def _over(days: int) -> tuple[ColumnElement[bool], ...]:
    before = clock.now() - timedelta(days=days)
    return (
        Attempt.answers_gone_at.is_(None),
        or_(
            and_(Attempt.submitted_at < before, Attempt.awaits_marking.is_(False)),
            Attempt.deleted_at < before,  # open or unmarked, nobody will finish it
        ),
    )


def erase_answers(institution_id: InstitutionId, user_ids: Collection[UserId]) -> None:
    """Empty every attempt of these users; one that is under way goes with all it has.

    What they were granted beyond others, which says something of them, goes too.
    """
    of_them = Attempt.user_id.in_(user_ids)
    with transaction(institution_id) as session, queries.seeing_deleted(session):
        attempts = session.scalars(select(Attempt.id).where(of_them).with_for_update()).all()
        keys = _empty(session, attempts)
        open_ones = select(Attempt.id).where(of_them, Attempt.submitted_at.is_(None))
        session.execute(delete(Response).where(Response.attempt_id.in_(open_ones)))
        session.execute(delete(Attempt).where(of_them, Attempt.submitted_at.is_(None)))
        session.execute(delete(Accommodation).where(Accommodation.id.in_(user_ids)))
    _delete_files(keys)


def _empty(session: Session, attempt_ids: Sequence[AttemptId]) -> list[str]:
    """Take out what was answered and what was said about it; returns the files' keys."""
    if not attempt_ids:
        return []
    files = session.scalars(
        delete(Attachment).where(Attachment.attempt_id.in_(attempt_ids)).returning(Attachment)
    ).all()
    session.execute(delete(LateResponse).where(LateResponse.attempt_id.in_(attempt_ids)))
    session.execute(delete(AttemptTime).where(AttemptTime.id.in_(attempt_ids)))
    session.execute(update(Response).where(Response.attempt_id.in_(attempt_ids)).values(value=[]))
    session.execute(update(ItemMark).where(ItemMark.attempt_id.in_(attempt_ids)).values(comment=""))
    # One that was not marked stays so: what it was worth, nobody can tell any more.
    session.execute(
        update(Attempt).where(Attempt.id.in_(attempt_ids)).values(answers_gone_at=clock.now())
    )
    return [key_of(db.tenant(), each) for each in files]


def _delete_files(keys: Sequence[str]) -> None:
    # After the commit: a process that dies here leaves files without rows, which are found.
    for key in keys:
        storage().delete(key)
