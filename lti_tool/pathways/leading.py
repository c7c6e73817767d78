"""What an achievement counts toward: the pathways that name it, and what those lead to in turn."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement
from lti_tool.badges.stacking import Larger, Stacks
from lti_tool.core.ids import AchievementId, PersonId
from lti_tool.pathways.models import Pathway, PathwayStone, PathwayVersion, Progress
from lti_tool.pathways.queries import is_newest

_Steps = dict[AchievementId, list[Achievement]]


def list_larger(
    session: Session,
    achievement_ids: Collection[AchievementId],
    person_id: PersonId | None = None,
) -> Stacks:
    """Return what these achievements count toward, the nearest first.

    Decisive is the version the person is on; for others, and for newcomers, the newest.
    """
    steps: _Steps = {}
    asked = set(achievement_ids)
    while asked:
        found = _one_step(session, asked, person_id)
        steps |= {one: found.get(one, []) for one in asked}
        asked = {larger.id for several in found.values() for larger in several} - steps.keys()
    return {one: tuple(_reached(one, steps)) for one in achievement_ids}


def _one_step(
    session: Session, achievement_ids: Collection[AchievementId], person_id: PersonId | None
) -> _Steps:
    rows = session.execute(
        select(PathwayStone.achievement_id, Achievement)
        .join(PathwayVersion, PathwayVersion.id == PathwayStone.version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .join(Achievement, Achievement.id == Pathway.achievement_id)
        .outerjoin(
            Progress, and_(Progress.pathway_id == Pathway.id, Progress.person_id == person_id)
        )
        .where(
            PathwayStone.achievement_id.in_(achievement_ids),
            # What is asked for beside a stone opens it, and counts for nothing itself.
            PathwayStone.is_beside.is_(False),
            or_(Progress.version_id == PathwayVersion.id, and_(Progress.id.is_(None), is_newest())),
        )
        .order_by(Achievement.name, Achievement.id)
    )
    steps: defaultdict[AchievementId, list[Achievement]] = defaultdict(list)
    for stone, larger in rows:
        if larger not in steps[stone]:
            steps[stone].append(larger)
    return steps


def _reached(of: AchievementId, steps: _Steps) -> Iterator[Larger]:
    """Yield what an achievement leads to, the nearest first, each once."""
    # One learner's older version beside newer ones might lead around in a circle.
    known, ahead = {of}, [of]
    while ahead:
        reached = [larger for one in ahead for larger in steps[one]]
        ahead = []
        for one in reached:
            if one.id not in known:
                known.add(one.id)
                ahead.append(one.id)
                yield Larger(
                    achievement_id=one.id,
                    name=one.name,
                    is_beyond=one not in steps[of],
                )
