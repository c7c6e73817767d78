"""What saving and handing in ask of the database, past SQLAlchemy: it is what learners do most."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from lti_tool.assessments.queries.attempts import absence_of, stored_of
from lti_tool.assessments.rules import Save, Stored
from lti_tool.core import db
from lti_tool.core.db import run, run_in
from lti_tool.core.driver import statement
from lti_tool.core.ids import AttemptId, InstitutionId, ItemVersionId, UserId, new_id

# NO KEY: the foreign keys of its responses may still be checked meanwhile.
_HOLD = statement("""
    SELECT form, submitted_at, closes_at FROM attempts
    WHERE id = :attempt_id AND user_id = :user_id FOR NO KEY UPDATE
""")
# By itself: read with the lock it would be what was there before anybody waited for it.
_FIND = statement("""
    SELECT item_version_id, value, flagged, save_id, page_id, sequence, saved_at FROM responses
    WHERE attempt_id = :attempt_id AND item_version_id = ANY(:item_version_ids)
""")
_PUT = statement("""
    INSERT INTO responses (institution_id, id, attempt_id, item_version_id, value, flagged,
        save_id, page_id, sequence, saved_at)
    VALUES (:institution_id, :id, :attempt_id, :item_version_id, CAST(:value AS jsonb), :flagged,
        :save_id, :page_id, :sequence, :saved_at)
    ON CONFLICT (institution_id, attempt_id, item_version_id) DO UPDATE SET
        value = excluded.value, flagged = excluded.flagged, save_id = excluded.save_id,
        page_id = excluded.page_id, sequence = excluded.sequence, saved_at = excluded.saved_at
""")
_IS_TRIAL = statement("""
    SELECT p.is_trial FROM attempts AS a
    JOIN placements AS p ON p.institution_id = a.institution_id AND p.id = a.placement_id
    WHERE a.id = :attempt_id AND a.user_id = :user_id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a save has to know of its attempt, which stays locked until the transaction ends."""

    form: list[dict[str, Any]]
    submitted_at: datetime | None
    closes_at: datetime | None


def hold_attempt(session: Session, attempt_id: AttemptId, user_id: UserId) -> Held:
    """Lock a learner's attempt: until the transaction ends nobody else saves to it or ends it.

    Raises:
        NotFoundError: no such attempt, or it is someone else's.
        AttemptDeletedError: it is of this user, and was deleted.
    """
    rows = run(session, _HOLD, {"attempt_id": attempt_id, "user_id": user_id})
    if not rows:
        raise absence_of(session, attempt_id, user_id)
    return Held(form=rows[0].form, submitted_at=rows[0].submitted_at, closes_at=rows[0].closes_at)


def is_real(institution_id: InstitutionId, attempt_id: AttemptId, user_id: UserId) -> bool:
    """Tell whether a learner has this attempt and it is no trial. In a transaction of its own."""
    rows = run_in(institution_id, _IS_TRIAL, {"attempt_id": attempt_id, "user_id": user_id})
    return any(not row.is_trial for row in rows)


def find_stored(
    session: Session, attempt_id: AttemptId, item_version_ids: Sequence[ItemVersionId]
) -> dict[ItemVersionId, Stored]:
    """Return what is saved of these questions of an attempt, by question."""
    values = {"attempt_id": attempt_id, "item_version_ids": list(item_version_ids)}
    return {row.item_version_id: stored_of(row) for row in run(session, _FIND, values)}


def put_response(session: Session, attempt_id: AttemptId, save: Save, at: datetime) -> Stored:
    """Store an answer in place of what is there, and return the copy."""
    values = {
        "institution_id": db.tenant(),
        "id": new_id(),
        "attempt_id": attempt_id,
        "item_version_id": save.item_version_id,
        "value": json.dumps(save.value),
        "flagged": save.flagged,
        "save_id": save.save_id,
        "page_id": save.page_id,
        "sequence": save.sequence,
        "saved_at": at,
    }
    run(session, _PUT, values)
    return Stored(
        item_version_id=save.item_version_id,
        value=save.value,
        flagged=save.flagged,
        save_id=save.save_id,
        page_id=save.page_id,
        sequence=save.sequence,
        saved_at=at,
    )
