"""Setting what holds at a placement, and how much time a person has."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import conditions, queries
from lti_tool.assessments.conditions import LARGEST_FACTOR, LONGEST_MINUTES, Conditions
from lti_tool.assessments.errors import ImpossibleConditionsError
from lti_tool.assessments.models import Accommodation, Attempt
from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services.scoring import renew_result
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import InvalidRequestError, NotFoundError
from lti_tool.core.ids import InstitutionId, PlacementId, UserId
from lti_tool.core.language import phrase
from lti_tool.platforms.models import User


def set_conditions(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    wanted: Conditions,
    *,
    policy: Policy,
    actor: Actor,
) -> None:
    """Set a placement's own conditions. Attempts that run get more time by it, never less.

    Where another attempt counts than before, results follow at once.

    Raises:
        NotFoundError: the institution has no such placement.
        ImpossibleConditionsError: they loosen the edition's, or contradict themselves.
    """
    with transaction(institution_id) as session:
        placement = queries.get_placement(session, placement_id, lock=True)
        limits = queries.get_edition(session, placement.edition_id).limits
        if found := conditions.problems(limits, wanted):
            raise ImpossibleConditionsError({one.field: one.sentence for one in found})
        placement.minutes = wanted.minutes
        placement.max_attempts = wanted.max_attempts
        placement.cooldown_minutes = wanted.cooldown_minutes
        placement.answers_shown = wanted.answers_shown
        placement.feedback_shown = wanted.feedback_shown
        placement.key_shown = wanted.key_shown
        placement.opens_at, placement.closes_at = wanted.opens_at, wanted.closes_at
        placement.cuts_extra_time = wanted.cuts_extra_time
        is_other_policy = placement.policy != policy
        placement.policy = policy
        audit.record(
            session,
            actor=actor,
            act="set_conditions",
            object_kind="placement",
            object_id=placement_id,
            facts=_facts(wanted, policy),
        )
        session.flush()  # what holds is read anew below
        for attempt in queries.list_open(session, placement_id=placement_id):
            renew_end(session, attempt)
        if is_other_policy:
            edition = queries.get_edition(session, placement.edition_id)
            ended = {
                attempt.user_id: attempt
                for attempt in queries.list_attempts(session, placement_id)
                if attempt.submitted_at is not None
            }
            for attempt in ended.values():
                renew_result(session, institution_id, attempt, edition.pass_mark, clock.now())


def _facts(wanted: Conditions, policy: Policy) -> dict[str, str | int | bool | None]:
    def instant(value: datetime | None) -> str | None:
        return None if value is None else value.isoformat(timespec="seconds")

    return {
        "minutes": wanted.minutes,
        "max_attempts": wanted.max_attempts,
        "cooldown_minutes": wanted.cooldown_minutes,
        "looking_back": wanted.answers_shown.value,
        "feedback": wanted.feedback_shown.value,
        "solutions": wanted.key_shown.value,
        "opens_at": instant(wanted.opens_at),
        "closes_at": instant(wanted.closes_at),
        "cuts_extra_time": wanted.cuts_extra_time,
        "policy": policy.value,
    }


def set_accommodation(
    institution_id: InstitutionId,
    user_id: UserId,
    *,
    factor: Decimal,
    extra_minutes: int,
    actor: Actor,
) -> None:
    """Give whoever a user is more time, in every course, in attempts that run as well.

    Args:
        institution_id: whose person it is.
        user_id: any of the person's users.
        factor: of the time that everybody has, from 1 to `LARGEST_FACTOR`.
        extra_minutes: on top of that; with 1 and 0 nothing is left of an accommodation.
        actor: who set it. Why is not kept: it is nothing that a course should know.

    Raises:
        NotFoundError: the institution has no such user.
        InvalidRequestError: no accommodation can be that large, or negative.
    """
    if not (1 <= factor <= LARGEST_FACTOR and 0 <= extra_minutes <= LONGEST_MINUTES):
        raise InvalidRequestError(phrase("There is no accommodation like this."))
    with transaction(institution_id) as session:
        if session.scalar(select(User.id).where(User.id == user_id)) is None:
            raise NotFoundError(phrase("There is no such learner."))
        values = {"factor": factor, "extra_minutes": extra_minutes, "set_at": clock.now()}
        session.execute(
            insert(Accommodation)
            .values(id=user_id, **values)
            .on_conflict_do_update(index_elements=["id", "institution_id"], set_=values)
        )
        audit.record(
            session,
            actor=actor,
            act="set_accommodation",
            object_kind="user",
            object_id=user_id,
        )
        for attempt in queries.list_open(session, of_same_person=user_id):
            attempt.factor, attempt.extra_minutes = factor, extra_minutes
            renew_end(session, attempt)


def renew_end(session: Session, attempt: Attempt) -> None:
    """Give a locked attempt that runs the end that it has now; what was promised stays."""
    placement = queries.get_placement(session, attempt.placement_id)
    held = queries.conditions_of(session, placement)
    new = conditions.ends_at(attempt.started_at, queries.allowance_of(attempt), held)
    attempt.closes_at = conditions.renewed_end(attempt.closes_at, new)
