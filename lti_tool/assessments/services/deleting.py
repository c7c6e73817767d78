"""Deleting an attempt, looked at first, and putting it back. Its row stays, hidden from everything.

Attempts are numbered without gaps: those after a deleted one move up, and back when it returns.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lti_tool.assessments import queries, rules
from lti_tool.assessments.errors import DeletionOutdatedError, NotChangeableError
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.rules import Outcome, Policy
from lti_tool.assessments.services.changing import Why, hold_learner
from lti_tool.assessments.services.regrading import find_problems
from lti_tool.assessments.services.scoring import renew_result, score_attempt, tell_pass_lost
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, InstitutionId, PlacementId, UserId
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What deleting an attempt would come to.

    Attributes:
        attempt: which.
        before: the learner's result at the placement now; None if there is none.
        after: and then.
        remaining: how many attempts would be left.
    """

    attempt: Attempt
    before: Outcome | None
    after: Outcome | None
    remaining: int

    @property
    def digest(self) -> str:
        """Return a word that differs whenever it would come to something else."""
        told = (
            self.attempt.id,
            self.attempt.submitted_at,
            self.attempt.passed,
            self.before,
            self.after,
        )
        return hashlib.sha256(repr((*told, self.remaining)).encode()).hexdigest()


def try_deletion(
    session: Session, placement_id: PlacementId, attempt_id: AttemptId, *, lock: bool = False
) -> Deletion:
    """Return what deleting an attempt would come to; with `lock`, hold it until the end.

    Raises:
        NotFoundError: no such attempt at the placement.
    """
    attempt = queries.get_attempt(session, attempt_id, lock=lock)
    if attempt.placement_id != placement_id:
        raise NotFoundError(phrase("There is no such attempt at this activity."))
    placement = queries.get_placement(session, placement_id)
    edition = queries.get_edition(session, placement.edition_id)
    attempts = queries.list_attempts(session, placement_id, attempt.user_id)
    others = [one for one in attempts if one.id != attempt_id]
    outcomes = [
        Outcome(earned=one.points_earned, possible=one.points_possible, passed=bool(one.passed))
        for one in others
        if one.points_earned is not None and one.points_possible is not None
    ]
    return Deletion(
        attempt=attempt,
        before=_result(session, placement_id, attempt.user_id),
        after=rules.reduce_attempts(Policy(placement.policy), outcomes, edition.pass_mark)
        if outcomes
        else None,
        remaining=len(others),
    )


def delete_attempt(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    attempt_id: AttemptId,
    why: Why,
    *,
    digest: str,
) -> None:
    """Take an attempt out of everything that shows or counts attempts. It can be put back.

    The result is reduced from what is left, or withdrawn, and the gradebook follows. A badge
    that it had earned is put before a person.

    Args:
        institution_id: whose.
        placement_id: where.
        attempt_id: ended or not.
        why: who decided, in what words.
        digest: of what whoever decides has seen would follow.

    Raises:
        NotFoundError: no such attempt at the placement; it may be deleted already.
        DeletionOutdatedError: something else would follow by now.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        user_id = queries.get_attempt(session, attempt_id).user_id
        hold_learner(session, user_id)
        deletion = try_deletion(session, placement_id, attempt_id, lock=True)
        if deletion.digest != digest:
            raise DeletionOutdatedError
        attempt = deletion.attempt
        placement = queries.get_placement(session, placement_id)
        edition = queries.get_edition(session, placement.edition_id)
        later = [
            one
            for one in queries.list_attempts(session, placement_id, user_id)
            if one.number > attempt.number
        ]
        with queries.seeing_deleted(session):
            attempt.deleted_at = now
            session.flush()  # its number is free for the next
            for one in later:
                one.number -= 1
                session.flush()
        renew_result(session, institution_id, attempt, edition.pass_mark, now, always=True)
        if attempt.passed:
            tell_pass_lost(session, institution_id, attempt, edition.assessment_id, now)
        _note(session, "delete_attempt", attempt, why, deletion.before, deletion.after)


def restore_attempt(
    institution_id: InstitutionId, placement_id: PlacementId, attempt_id: AttemptId, why: Why
) -> None:
    """Put a deleted attempt back to where it was, and score it as others are scored by now.

    Raises:
        NotFoundError: no such deleted attempt at the placement.
        NotChangeableError: its answers are gone, the learner is at work on another, or another
            edition is in use by now that cannot score it.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        hold_learner(session, queries.get_deleted(session, placement_id, attempt_id).user_id)
        placement = queries.get_placement(session, placement_id, keep=True)
        attempt = queries.get_deleted(session, placement_id, attempt_id, lock=True)
        if attempt.answers_gone_at is not None:
            raise NotChangeableError(phrase("Its answers are no longer kept."))
        others = queries.list_attempts(session, placement_id, attempt.user_id)
        if attempt.submitted_at is None and any(one.submitted_at is None for one in others):
            raise NotChangeableError(phrase("The learner is at work on another attempt."))
        is_outdated = placement.edition_id != attempt.counting_edition_id
        if is_outdated and find_problems(session, attempt, placement.edition_id):
            raise NotChangeableError(
                phrase("Another edition is in use by now that cannot score it.")
            )
        before = _result(session, placement_id, attempt.user_id)
        _put_back(session, attempt, others)
        if is_outdated:
            attempt.scored_by_id = placement.edition_id
        if attempt.submitted_at is not None:
            attempt.passed = None  # a pass is announced anew
            score_attempt(session, institution_id, attempt, now)
        after = _result(session, placement_id, attempt.user_id)
        _note(session, "restore_attempt", attempt, why, before, after)


def _put_back(session: Session, attempt: Attempt, others: Sequence[Attempt]) -> None:
    """Give a deleted attempt its place among the others, by when each was begun."""
    place = 1 + sum(one.started_at < attempt.started_at for one in others)
    with queries.seeing_deleted(session):
        for one in sorted(others, key=lambda one: one.number, reverse=True):
            if one.number >= place:
                one.number += 1
                session.flush()  # from the last on, so that no two have one number
        attempt.number, attempt.deleted_at = place, None


def _result(session: Session, placement_id: PlacementId, user_id: UserId) -> Outcome | None:
    found = queries.find_result(session, placement_id, user_id)
    if found is None:
        return None
    return Outcome(earned=found.points_earned, possible=found.points_possible, passed=found.passed)


def _note(  # noqa: PLR0913, PLR0917 - what a decision consists of
    session: Session,
    act: str,
    attempt: Attempt,
    why: Why,
    before: Outcome | None,
    after: Outcome | None,
) -> None:
    audit.record(
        session,
        actor=why.actor,
        act=act,
        object_kind="attempt",
        object_id=attempt.id,
        reason=why.reason,
        facts={
            "number": attempt.number,
            "points_before": str(before.earned) if before else None,
            "points_after": str(after.earned) if after else None,
        },
    )
