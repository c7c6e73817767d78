"""Reads of launches beside the session's own."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.launch.models import Launch
from lti_tool.launch.session import CurrentLaunch


def has_newer_token(session: Session, here: CurrentLaunch) -> bool:
    """Tell whether the link of this launch has carried another placement token since."""
    newest = session.scalar(
        select(Launch.placement_token)
        .where(
            Launch.resource_link_id == here.resource_link_id,
            Launch.id > here.launch_id,  # UUIDv7: in the order of time
            Launch.placement_token.is_not(None),
        )
        .order_by(Launch.id.desc())
        .limit(1)
    )
    return newest is not None and newest != here.placement_token
