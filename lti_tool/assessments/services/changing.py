"""What whoever teaches may do to one attempt: more time, open it again, take what came late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import conditions, queries, rules
from lti_tool.assessments.errors import NotChangeableError
from lti_tool.assessments.models import Attempt, LateResponse, Response
from lti_tool.assessments.services.scoring import score_attempt
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AttemptId,
    InstitutionId,
    ItemVersionId,
    PlacementId,
    UserId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.platforms.models import User


@dataclass(frozen=True, slots=True)
class Why:
    """Who decided, and in what words."""

    actor: Actor
    reason: str


def grant_minutes(  # noqa: PLR0913 - what, why, and what was seen
    institution_id: InstitutionId,
    placement_id: PlacementId,
    attempt_id: AttemptId,
    minutes: int,
    why: Why,
    *,
    had: int,
) -> None:
    """Give an attempt that runs more time, for this once. It is on the page at its next save.

    Args:
        institution_id: whose.
        placement_id: where.
        attempt_id: of an attempt that runs.
        minutes: how many more.
        why: who decided, in what words.
        had: the granted minutes that whoever decided had seen, so that a form that is sent
            twice gives them once.

    Raises:
        NotFoundError: no such attempt at the placement.
        NotChangeableError: it has ended, its time and grace are over, or it has no end.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        attempt = _get(session, placement_id, attempt_id)
        if attempt.submitted_at is not None or not rules.accepts(attempt.closes_at, now):
            raise NotChangeableError(phrase("It has ended. You can open it again instead."))
        if attempt.granted_minutes != had:
            raise NotChangeableError(phrase("It has been given more time since you looked."))
        if attempt.closes_at is None:
            raise NotChangeableError(phrase("It has no time limit, so it needs no more time."))
        attempt.granted_minutes += minutes
        attempt.closes_at += timedelta(minutes=minutes)
        _note(session, "grant_minutes", attempt, minutes, why)


def reopen_attempt(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    attempt_id: AttemptId,
    minutes: int,
    why: Why,
) -> None:
    """Let a learner go on with an attempt that has ended, as its answers stand.

    The result and the grade stay what they are until it ends again.

    Args:
        institution_id: whose.
        placement_id: where.
        attempt_id: of an ended attempt.
        minutes: from now; where there is no time limit it has none again.
        why: who decided, in what words.

    Raises:
        NotFoundError: no such attempt at the placement.
        NotChangeableError: it is open, or another is, or a person has marked some of it.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        hold_learner(session, queries.get_attempt(session, attempt_id).user_id)
        attempt = _get(session, placement_id, attempt_id)
        if attempt.submitted_at is None:
            raise NotChangeableError(phrase("It is open already."))
        if queries.find_open_attempt(session, placement_id, attempt.user_id) is not None:
            raise NotChangeableError(phrase("The learner is at work on another attempt."))
        if attempt.answers_gone_at is not None or queries.standings(session, [attempt_id]):
            raise NotChangeableError(
                phrase("Its answers are gone, or somebody has marked some of them.")
            )
        ended = {"ended_at": attempt.submitted_at.isoformat(), "ended_by": attempt.ended_by}
        attempt.submitted_at = attempt.ended_by = None
        attempt.points_earned = attempt.points_possible = None
        attempt.awaits_marking = False
        if attempt.closes_at is not None:
            _let_run(session, attempt, now + timedelta(minutes=minutes))
        _note(session, "reopen_attempt", attempt, minutes, why, facts=ended)


def decide_late(  # noqa: PLR0913 - which answer, what, why
    institution_id: InstitutionId,
    placement_id: PlacementId,
    attempt_id: AttemptId,
    item_version_id: ItemVersionId,
    why: Why,
    *,
    take: bool,
) -> None:
    """Let an answer that came after the end count after all, or leave it out for good.

    Raises:
        NotFoundError: no such late answer at the placement.
        NotChangeableError: that was decided before, the attempt is open, or somebody has marked
            the answer that it would replace.
    """
    with transaction(institution_id) as session:
        attempt = _get(session, placement_id, attempt_id)
        late = queries.get_late(session, attempt_id, item_version_id)
        if late.is_taken is not None or attempt.submitted_at is None:
            raise NotChangeableError(phrase("This answer was decided about before."))
        if take and (attempt_id, item_version_id) in queries.standings(session, [attempt_id]):
            raise NotChangeableError(
                phrase("Somebody has marked the answer that was there in time.")
            )
        late.is_taken = take
        act = "take_late" if take else "leave_late"
        audit.record(
            session,
            actor=why.actor,
            act=act,
            object_kind="attempt",
            object_id=attempt_id,
            reason=why.reason,
        )
        if take:
            _replace(session, attempt_id, late)
            score_attempt(session, institution_id, attempt, clock.now())


def _replace(session: Session, attempt_id: AttemptId, late: LateResponse) -> None:
    """Store a late answer as the one that counts, newer than all that its page has sent."""
    stored = queries.list_responses(session, attempt_id, of_items=[late.item_version_id])
    before = stored.get(late.item_version_id)
    values = {
        "value": late.value,
        "save_id": late.save_id,
        "page_id": late.save_id,
        "sequence": before.sequence + 1 if before else 1,
        "saved_at": late.received_at,
    }
    session.execute(
        insert(Response)
        .values(id=new_id(), attempt_id=attempt_id, item_version_id=late.item_version_id, **values)
        .on_conflict_do_update(
            index_elements=["institution_id", "attempt_id", "item_version_id"], set_=values
        )
    )


def _get(session: Session, placement_id: PlacementId, attempt_id: AttemptId) -> Attempt:
    attempt = queries.get_attempt(session, attempt_id, lock=True)
    if attempt.placement_id != placement_id:
        raise NotFoundError(phrase("There is no such attempt at this activity."))
    return attempt


def hold_learner(session: Session, user_id: UserId) -> None:
    """Let the learner begin nothing until the transaction ends; before any attempt is locked.

    `open_attempt` waits for the same.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _let_run(session: Session, attempt: Attempt, until: datetime) -> None:
    """Grant as many minutes as bring the end to an instant."""
    placement = queries.get_placement(session, attempt.placement_id)
    held = queries.conditions_of(session, placement)
    allowance = queries.allowance_of(attempt)
    end = conditions.ends_at(attempt.started_at, allowance, held) or until
    attempt.granted_minutes += max(0, ceil((until - end) / timedelta(minutes=1)))
    attempt.closes_at = until


def _note(  # noqa: PLR0913 - what, why, and what else to remember
    session: Session,
    act: str,
    attempt: Attempt,
    minutes: int,
    why: Why,
    *,
    facts: Mapping[str, audit.Fact] = audit.NOTHING,
) -> None:
    audit.record(
        session,
        actor=why.actor,
        act=act,
        object_kind="attempt",
        object_id=attempt.id,
        reason=why.reason,
        facts={"minutes": minutes, **facts},
    )
