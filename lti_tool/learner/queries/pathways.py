"""Where a learner's badges lead: every pathway of the institution, as far as they have come."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments.models import Attempt, Edition, Placement
from lti_tool.badges.models import Achievement
from lti_tool.core import clock
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    ContextId,
    PersonId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.language import phrase
from lti_tool.launch.models import Launch
from lti_tool.learner import cairns
from lti_tool.pathways import rules
from lti_tool.pathways.expression import Requirement, from_json, named
from lti_tool.pathways.facts import facts_of
from lti_tool.pathways.models import Pathway, PathwayVersion, Progress
from lti_tool.pathways.queries import judged
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import Context


def list_cairns(
    session: Session,
    *,
    person_id: PersonId | None,
    user_id: UserId,
    context_id: ContextId | None,
    resource_link_id: ResourceLinkId | None = None,
) -> list[cairns.Cairn]:
    """Return all pathways as this learner has come: under way, those with most earned first.

    Those that are complete come after them, and last those that are not begun.

    Args:
        session: of the learner's institution.
        person_id: None for a user whom nothing was awarded yet.
        user_id: whose attempts are meant.
        context_id: the course whose activities can be named.
        resource_link_id: of the activity that the learner has just opened.
    """
    later = aliased(PathwayVersion)
    is_newest = ~exists().where(
        later.pathway_id == PathwayVersion.pathway_id, later.number > PathwayVersion.number
    )
    rows = session.execute(
        select(Pathway, Achievement, PathwayVersion, Progress.completed_at)
        .join(Achievement, Achievement.id == Pathway.achievement_id)
        .join(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
        .outerjoin(
            Progress, (Progress.pathway_id == Pathway.id) & (Progress.person_id == person_id)
        )
        # Whoever began stays on the version they began.
        .where(
            or_(Progress.version_id == PathwayVersion.id, and_(Progress.id.is_(None), is_newest))
        )
    ).all()
    expressions = {version.id: from_json(version.expression) for _, _, version, _ in rows}
    known = _known(
        session,
        {one for tree in expressions.values() for one in named(tree)},
        places=_places(session, user_id, context_id, resource_link_id),
        elsewhere=_elsewhere(session, person_id, context_id),
    )
    found = [
        cairns.build(
            pathway_id=pathway.id,
            title=pathway.title,
            crown=crown.name,
            crown_type=crown.achievement_type,
            completed_at=completed_at,
            fewest=version.stones,
            evaluation=_judged(session, pathway, expressions[version.id], person_id),
            known=known,
        )
        for pathway, crown, version, completed_at in rows
    ]
    return sorted(
        found,
        key=lambda cairn: (
            ("under_way", "complete", "open").index(cairn.state),
            -cairn.earned / cairn.needed,
            cairn.title,
            cairn.id,
        ),
    )


def _judged(
    session: Session, pathway: Pathway, expression: Requirement, person_id: PersonId | None
) -> rules.Evaluation:
    """Judge as the rows that the desk sees are: with decisions, and by the pathway's policy."""
    if person_id is None:
        return rules.evaluate(expression, [], clock.now())
    facts = facts_of(session, pathway, expression, [person_id])[person_id]
    return judged(pathway, expression, facts).evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An activity of the course: its name there, and whether it was opened and begun."""

    title: str
    opened: bool
    begun: bool
    is_here: bool


def _places(
    session: Session,
    user_id: UserId,
    context_id: ContextId | None,
    resource_link_id: ResourceLinkId | None,
) -> dict[AssessmentId, _Place]:
    """Return the activities of this course by assessment."""
    begun = (
        select(Attempt.id)
        .where(Attempt.placement_id == Placement.id, Attempt.user_id == user_id)
        .exists()
    )
    opened = Placement.resource_link_id.is_not(None)
    return {
        assessment_id: _Place(
            title=title,
            opened=is_open,
            begun=is_begun,
            is_here=link_id is not None and link_id == resource_link_id,
        )
        for assessment_id, title, is_open, is_begun, link_id in session.execute(
            select(
                Edition.assessment_id, Placement.title, opened, begun, Placement.resource_link_id
            )
            .join(Edition, Edition.id == Placement.edition_id)
            .where(Placement.context_id == context_id)
            # Placed twice: name the one they are in, else the one that was begun, else an opened
            # one, else the first.
            .order_by(
                func.coalesce(Placement.resource_link_id == resource_link_id, false()),
                begun,
                opened,
                Placement.id.desc(),
            )
        )
    }


def _elsewhere(
    session: Session, person_id: PersonId | None, context_id: ContextId | None
) -> dict[AssessmentId, tuple[str, str]]:
    """Return the activities of the person's other courses: course and title, by assessment."""
    if person_id is None:
        return {}
    own = select(PersonUser.id).where(PersonUser.person_id == person_id)
    tried = (
        select(Placement.context_id)
        .join(Attempt, Attempt.placement_id == Placement.id)
        .where(Attempt.user_id.in_(own))
    )
    came = select(Launch.context_id).where(Launch.user_id.in_(own))
    rows = session.execute(
        select(Edition.assessment_id, Context.title, Placement.title)
        .join(Edition, Edition.id == Placement.edition_id)
        .join(Context, Context.id == Placement.context_id)
        .where(
            Placement.resource_link_id.is_not(None),
            Placement.context_id.is_distinct_from(context_id),
            or_(Placement.context_id.in_(tried), Placement.context_id.in_(came)),
        )
        .order_by(Placement.id.desc())
    )
    return {
        assessment_id: (course or phrase("another one"), title)
        for assessment_id, course, title in rows
    }


def _known(
    session: Session,
    achievement_ids: set[AchievementId],
    *,
    places: Mapping[AssessmentId, _Place],
    elsewhere: Mapping[AssessmentId, tuple[str, str]],
) -> dict[AchievementId, cairns.Known]:
    leads = dict(session.execute(select(Pathway.achievement_id, Pathway.id)).all())
    known: dict[AchievementId, cairns.Known] = {}
    for one in session.scalars(select(Achievement).where(Achievement.id.in_(achievement_ids))):
        place = places.get(one.assessment_id) if one.assessment_id else None
        course, other_title = (
            elsewhere.get(one.assessment_id, (None, None)) if one.assessment_id else (None, None)
        )
        known[one.id] = cairns.Known(
            name=one.name,
            placed_as=place.title if place else None,
            opened=place is not None and place.opened,
            begun=place is not None and place.begun,
            by_itself=one.assessment_id is None,
            is_here=place is not None and place.is_here,
            other_course=course,
            other_title=other_title,
            own_pathway=leads.get(one.id),
        )
    return known
