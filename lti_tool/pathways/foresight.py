"""Reads for deciding and checking: what an award would change, and all that a standing rests on."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement
from lti_tool.badges.queries import list_holders
from lti_tool.core import clock
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, PathwayId, PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways import queries
from lti_tool.pathways.case import Case, CaseAward, CaseRuling
from lti_tool.pathways.expression import from_json, named
from lti_tool.pathways.facts import facts_of, levels_now
from lti_tool.pathways.models import Pathway, Progress
from lti_tool.pathways.rules import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One pathway on which the award counts.

    Attributes:
        achievement_name: what completing it awards.
        needed: stones somebody with nothing would need at least.
        before: stones missing now.
        after: stones missing then.
    """

    pathway_id: PathwayId
    title: str
    achievement_name: str
    needed: int
    before: int
    after: int


def foresee(
    session: Session, person_id: PersonId, achievement_id: AchievementId, *, gained: bool
) -> list[Foreseen]:
    """Return what gaining or losing an achievement would change, by title of the pathway."""
    found = [
        _foresee(session, pathway_id, person_id, achievement_id, gained=gained)
        for pathway_id in queries.list_pathways_of(session, person_id, achievement_id)
    ]
    return sorted(found, key=lambda one: (one.title, one.pathway_id))


def _foresee(
    session: Session,
    pathway_id: PathwayId,
    person_id: PersonId,
    achievement_id: AchievementId,
    *,
    gained: bool,
) -> Foreseen:
    pathway, name = session.execute(
        select(Pathway, Achievement.name)
        .join(Achievement, Achievement.id == Pathway.achievement_id)
        .where(Pathway.id == pathway_id)
    ).one()
    version_id = session.scalar(
        select(Progress.version_id).where(
            Progress.pathway_id == pathway_id, Progress.person_id == person_id
        )
    )
    if version_id is None:
        version_id = queries.get_newest_version(session, pathway_id).id
    version = queries.list_versions(session, [version_id])[version_id]
    expression = from_json(version.expression)
    facts = facts_of(session, pathway, expression, [person_id])[person_id]
    before = queries.judged(pathway, expression, facts)
    others = [award for award in facts.held if award.achievement_id != achievement_id]
    new = Held(
        award_id=AwardId(new_id()),
        achievement_id=achievement_id,
        awarded_at=clock.now(),
        level=levels_now(session, [achievement_id])[achievement_id],
    )
    then = facts.gaining(new) if gained else replace(facts, held=others)
    if gained and list_holders(session, achievement_id, [person_id], at=new.awarded_at):
        then = facts  # whoever holds it keeps it as it is
    after = queries.judged(pathway, expression, then)
    return Foreseen(
        pathway_id=pathway_id,
        title=pathway.title,
        achievement_name=name,
        needed=version.stones,
        before=before.evaluation.missing,
        after=after.evaluation.missing,
    )


def get_case(session: Session, pathway_id: PathwayId, person_id: PersonId) -> Case:
    """Return what a person's standing on a pathway follows from, now.

    Raises:
        NotFoundError: there is no such pathway, or the person is not on it.
    """
    version_id = session.scalar(
        select(Progress.version_id).where(
            Progress.pathway_id == pathway_id, Progress.person_id == person_id
        )
    )
    if version_id is None:
        raise NotFoundError(phrase("This person is not on this pathway."))
    version = queries.list_versions(session, [version_id])[version_id]
    expression = from_json(version.expression)
    pathway = queries.get_pathway(session, pathway_id)
    facts = facts_of(session, pathway, expression, [person_id])[person_id]
    return Case(
        expression=expression,
        awards=tuple(
            CaseAward(
                achievement_id=award.achievement_id,
                awarded_at=award.awarded_at,
                valid_until=award.valid_until,
                grade=award.grade,
                level=award.level,
                id=award.award_id,
            )
            for award in facts.held
        ),
        at=facts.judged_at,
        names=queries.achievement_names(
            session, named(expression).union(award.achievement_id for award in facts.held)
        ),
        rulings=tuple(
            CaseRuling(requirement_id=place, since=since)
            for place, since in facts.rulings.waived.items()
        )
        + tuple(
            CaseRuling(requirement_id=place, since=since, award_id=award_id)
            for place, (award_id, since) in facts.rulings.substitutes.items()
        ),
    )
