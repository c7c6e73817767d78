"""What a copied course had before it was copied, where its links carry no token of ours."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement
from lti_tool.core.ids import PlacementId
from lti_tool.launch.session import CurrentLaunch
from lti_tool.platforms import queries as platforms
from lti_tool.platforms.models import Context, ResourceLink


def is_whole_course(session: Session, link: ResourceLink) -> bool:
    """Tell whether a link is the course's own: Canvas gives the course's id to its menu's links."""
    context = select(Context.platform_id).where(Context.id == link.context_id)
    return session.scalar(context) == link.platform_id


def find_copied(session: Session, here: CurrentLaunch) -> PlacementId | None:
    """Return the placement of the link that the launched one was copied from.

    By the link's own history, the latest first; else by the course's, where exactly one link of
    the same title had a placement. Both are asked of the same deployment only, for another
    numbers its links alike.
    """
    return _by_link(session, here) or _by_course(session, here)


def _by_link(session: Session, here: CurrentLaunch) -> PlacementId | None:
    ids = here.settings.get("link_history") or []
    rows = session.execute(
        select(ResourceLink.platform_id, Placement.id)
        .join(Placement, Placement.resource_link_id == ResourceLink.id)
        .where(ResourceLink.deployment_id == here.deployment_id, ResourceLink.platform_id.in_(ids))
    ).all()
    found = dict(rows)
    return next((found[platform_id] for platform_id in ids if platform_id in found), None)


def _by_course(session: Session, here: CurrentLaunch) -> PlacementId | None:
    ids = here.settings.get("course_history") or []
    # The menu's link is titled as the course is, and so is what Canvas launches from a page there.
    if not ids or here.resource_link_id is None:
        return None
    if is_whole_course(session, platforms.get_resource_link(session, here.resource_link_id)):
        return None
    title = select(ResourceLink.title).where(ResourceLink.id == here.resource_link_id)
    rows = session.execute(
        select(Context.platform_id, Placement.id)
        .join(Context, Context.id == Placement.context_id)
        .join(ResourceLink, ResourceLink.id == Placement.resource_link_id)
        .where(
            Context.deployment_id == here.deployment_id,
            Context.platform_id.in_(ids),
            ResourceLink.title == title.scalar_subquery(),
        )
    ).all()
    for course in ids:
        matching = [placement_id for platform_id, placement_id in rows if platform_id == course]
        if matching:
            return matching[0] if len(matching) == 1 else None
    return None
