"""Reading what holds at a placement, and how much time somebody has."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.conditions import Allowance, Conditions, strictest
from lti_tool.assessments.models import Accommodation, Attempt, Placement
from lti_tool.assessments.queries.editions import get_edition
from lti_tool.core.ids import PlacementId, UserId
from lti_tool.people.models import PersonUser


def conditions_of(session: Session, placement: Placement) -> Conditions:
    """Return what holds at a placement: its own conditions, tightened by its edition's."""
    return strictest(get_edition(session, placement.edition_id).limits, own_conditions(placement))


def own_conditions(placement: Placement) -> Conditions:
    """Return what a placement says for itself; None and the loosest: as the edition has it."""
    return Conditions.read(placement)


def find_accommodation(session: Session, user_id: UserId) -> Accommodation | None:
    """Return the newest accommodation that was set for whoever a user is."""
    person_id = select(PersonUser.person_id).where(PersonUser.id == user_id).scalar_subquery()
    same = select(PersonUser.id).where(PersonUser.person_id == person_id)
    return session.scalar(
        select(Accommodation)
        .where(or_(Accommodation.id == user_id, Accommodation.id.in_(same)))
        .order_by(Accommodation.set_at.desc(), Accommodation.id)
        .limit(1)
    )


def allowance_for(session: Session, conditions: Conditions, user_id: UserId) -> Allowance:
    """Return the time an attempt of a user's gets that begins now."""
    more = find_accommodation(session, user_id)
    if more is None:
        return Allowance(minutes=conditions.minutes)
    return Allowance(
        minutes=conditions.minutes, factor=more.factor, extra_minutes=more.extra_minutes
    )


def allowance_of(attempt: Attempt) -> Allowance:
    """Return the time of an attempt that has begun."""
    return Allowance(
        minutes=attempt.minutes,
        factor=attempt.factor,
        extra_minutes=attempt.extra_minutes,
        granted_minutes=attempt.granted_minutes,
    )


def list_open(
    session: Session,
    *,
    placement_id: PlacementId | None = None,
    of_same_person: UserId | None = None,
) -> list[Attempt]:
    """Return open attempts, locked, in the order of their ids so that nobody waits in a circle.

    Args:
        session: of the institution.
        placement_id: only those at this one.
        of_same_person: only those of whoever this user is.
    """
    query = select(Attempt).where(Attempt.submitted_at.is_(None))
    if placement_id is not None:
        query = query.where(Attempt.placement_id == placement_id)
    if of_same_person is not None:
        person_id = select(PersonUser.person_id).where(PersonUser.id == of_same_person)
        same = select(PersonUser.id).where(PersonUser.person_id == person_id.scalar_subquery())
        query = query.where(or_(Attempt.user_id == of_same_person, Attempt.user_id.in_(same)))
    locked = query.order_by(Attempt.id).with_for_update(key_share=True)
    return list(session.scalars(locked.execution_options(populate_existing=True)))
