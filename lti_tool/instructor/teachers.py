"""Who teaches in a course, as far as we have met them."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, ItemMark, Placement
from lti_tool.core.ids import UserId
from lti_tool.launch.models import Launch
from lti_tool.launch.session import CurrentLaunch
from lti_tool.people.rules import Act, Role, may
from lti_tool.platforms.models import User

_TEACHING = [role for role in Role if may(frozenset({role}), Act.MARK)]


def list_teachers(
    session: Session, here: CurrentLaunch, placement: Placement
) -> list[tuple[UserId, str | None]]:
    """Return who may lead the marking at a placement, by name.

    Whoever came to the course as a teacher lately, placed something or has marked there, leads
    already, or asks.
    """
    known = [here.user_id, *([placement.lead_id] if placement.lead_id else [])]
    came = select(Launch.user_id).where(
        or_(*(Launch.roles.contains([role.value]) for role in _TEACHING))
    )
    at_link = came.where(Launch.resource_link_id == here.resource_link_id)
    query = or_(User.id.in_(known), User.id.in_(at_link))
    if placement.context_id is not None:
        in_course = came.where(Launch.context_id == placement.context_id)
        of_course = Placement.context_id == placement.context_id
        placed = select(Placement.created_by).where(of_course, Placement.is_trial.is_(False))
        marked = (
            select(ItemMark.marked_by)
            .join(Attempt, Attempt.id == ItemMark.attempt_id)
            .join(Placement, Placement.id == Attempt.placement_id)
            .where(of_course)
        )
        others = (in_course, placed, marked)
        query = or_(query, *(User.id.in_(each) for each in others))
    rows = [(user.id, user.name) for user in session.scalars(select(User).where(query))]
    return sorted(rows, key=lambda one: (one[1] is None, (one[1] or "").casefold(), one[0]))
