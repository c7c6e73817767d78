"""Placing an edition in a course, and finding the placement again when it is launched."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Shown
from lti_tool.assessments.events import PlacementPutBack
from lti_tool.assessments.models import Placement
from lti_tool.assessments.rules import Policy
from lti_tool.core import clock, outbox
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    ContextId,
    EditionId,
    InstitutionId,
    PlacementId,
    ResourceLinkId,
    UserId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.platforms.models import ResourceLink


def create_placement(  # noqa: PLR0913 - the choices of one form
    institution_id: InstitutionId,
    edition_id: EditionId,
    *,
    context_id: ContextId | None,
    created_by: UserId | None,
    title: str,
    points: Decimal = Decimal(100),
    policy: Policy = Policy.BEST,
    max_attempts: int | None = None,
    gives_badge: bool = True,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    is_trial: bool = False,
) -> PlacementId:
    """Place an edition in a course. It is bound to its resource link at the first launch.

    Args:
        institution_id: whose edition it is.
        edition_id: a published one.
        context_id: the course; None when the platform named none.
        created_by: the instructor; None when no person did it.
        title: as the course shows it.
        points: what the course's gradebook gives for it.
        policy: which attempt counts.
        max_attempts: None for as many as people like.
        gives_badge: whether passing here earns what the assessment can earn.
        opens_at: the first instant to begin at, aware; None for always.
        closes_at: the instant of the end, later than `opens_at`; None for never.
        is_trial: only for a look at the pages.

    Raises:
        NotFoundError: the institution has no such published edition.
    """
    with transaction(institution_id) as session:
        queries.get_edition(session, edition_id)
        scheme = queries.get_details(session, edition_id).scheme
        placement = Placement(
            edition_id=edition_id,
            context_id=context_id,
            resource_link_id=None,
            copied_from_id=None,
            title=title,
            points=points,
            policy=policy,
            max_attempts=max_attempts,
            gives_badge=gives_badge,
            opens_at=opens_at,
            closes_at=closes_at,
            is_trial=is_trial,
            markers=scheme.markers,
            mark_tolerance=scheme.tolerance,
            asks_lead=scheme.asks_lead,
            created_by=created_by,
            created_at=clock.now(),
        )
        session.add(placement)
        session.flush()  # fills the id in
        return placement.id


def bind_placement(
    session: Session,
    placement_id: PlacementId,
    resource_link_id: ResourceLinkId,
    context_id: ContextId | None,
) -> Placement:
    """Return the placement that a resource link stands for, by the token it carries.

    The first launch binds the placement. A course copy carries the same token on
    another link: it gets a placement of its own with the same edition and rules, so
    that two courses never share results. A link whose token was exchanged for another
    placement's is bound anew; what was done under the old one stays there, and is found
    again only by that link: its grades are announced then, for the column has others.

    Args:
        session: of the institution.
        placement_id: what the launch's placement token says.
        resource_link_id: the link that was launched.
        context_id: the course it was launched from.

    Raises:
        NotFoundError: the institution has no such placement.
    """
    bound = queries.find_placement_of_link(session, resource_link_id)
    if bound is not None and placement_id in {bound.id, bound.copied_from_id}:
        return bound
    # Whoever comes with another token at the same moment waits, and sees what was done here.
    of_link = select(ResourceLink.id).where(ResourceLink.id == resource_link_id)
    session.execute(of_link.with_for_update(key_share=True))
    bound = queries.find_placement_of_link(session, resource_link_id)
    if bound is not None and placement_id in {bound.id, bound.copied_from_id}:
        return bound
    placement = session.scalar(
        select(Placement)
        .where(Placement.id == placement_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if placement is None:
        raise NotFoundError(phrase("There is no such activity."))
    if bound is not None:
        bound.resource_link_id, bound.former_link_id = None, resource_link_id
        session.flush()  # the link must be free before it is given away again
    earlier = _find_earlier(session, placement_id, resource_link_id)
    if earlier is not None:
        earlier.resource_link_id = resource_link_id
        outbox.record(
            session,
            PlacementPutBack(institution_id=earlier.institution_id, placement_id=earlier.id),
        )
        return earlier
    is_new = placement.resource_link_id is None and placement.former_link_id is None
    if is_new and placement.context_id in {None, context_id}:
        placement.resource_link_id = resource_link_id
        placement.context_id = context_id
        return placement
    return _copy(session, placement, resource_link_id, context_id)


def _find_earlier(
    session: Session, placement_id: PlacementId, resource_link_id: ResourceLinkId
) -> Placement | None:
    """Return a placement, or its copy, that this link led to before it was given another token."""
    return session.scalar(
        select(Placement)
        .where(
            or_(Placement.id == placement_id, Placement.copied_from_id == placement_id),
            Placement.former_link_id == resource_link_id,
            Placement.resource_link_id.is_(None),
        )
        .order_by(Placement.created_at, Placement.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _copy(
    session: Session,
    placement: Placement,
    resource_link_id: ResourceLinkId,
    context_id: ContextId | None,
) -> Placement:
    session.execute(
        insert(Placement)
        .values(
            id=new_id(),
            edition_id=placement.edition_id,
            context_id=context_id,
            resource_link_id=resource_link_id,
            copied_from_id=placement.id,
            title=placement.title,
            points=placement.points,
            policy=placement.policy,
            max_attempts=placement.max_attempts,
            minutes=placement.minutes,
            cooldown_minutes=placement.cooldown_minutes,
            # A window is of its course: the copy is usually for another term.
            answers_shown=_without_window(placement.answers_shown),
            feedback_shown=_without_window(placement.feedback_shown),
            key_shown=_without_window(placement.key_shown),
            cuts_extra_time=placement.cuts_extra_time,
            gives_badge=placement.gives_badge,
            markers=placement.markers,
            mark_tolerance=placement.mark_tolerance,
            # Who leads the marking is of its course, too: the copy is told by who teaches there.
            asks_lead=placement.asks_lead,
            created_by=placement.created_by,
            created_at=clock.now(),
        )
        # Two learners launch a copied course at once: the second finds what the first made.
        .on_conflict_do_nothing()
    )
    copy = queries.find_placement_of_link(session, resource_link_id)
    if copy is None:
        raise RuntimeError("a link with a placement, and none to be found")
    return copy


def _without_window(shown: str) -> str:
    """Return when something is shown in a copy: without an end of its own, it waits for none."""
    return Shown.SETTLED if shown == Shown.AFTER_WINDOW else shown
