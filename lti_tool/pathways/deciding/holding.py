"""Badges that people on a pathway hold: withdrawn, or put where they are to count, of many."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Award
from lti_tool.badges.queries import get_achievement
from lti_tool.badges.services import withdraw_award
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, InstitutionId, PathwayId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways import queries
from lti_tool.pathways.deciding.decision import Change, Decision, by_version, foresee
from lti_tool.pathways.deciding.moving import allocate
from lti_tool.pathways.expression import Requirement, from_json
from lti_tool.pathways.facts import Facts, facts_of, list_held

_NOT_HELD = phrase("They do not hold this badge.")


def preview_withdrawal(
    session: Session,
    pathway_id: PathwayId,
    achievement_id: AchievementId,
    person_ids: Collection[PersonId],
) -> list[Change]:
    """Return what withdrawing an achievement would change, for those of these who hold it.

    Raises:
        NotFoundError: there is no such pathway or achievement here.
    """
    get_achievement(session, achievement_id)
    holders = set(_standing(session, achievement_id, person_ids))

    def without(_: Requirement, facts: Facts) -> Facts:
        rest = [award for award in facts.held if award.achievement_id != achievement_id]
        return Facts(held=rest, rulings=facts.rulings)

    return foresee(session, pathway_id, sorted(holders), without)


def withdraw(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    person_id: PersonId,
    *,
    since: datetime,
    decision: Decision,
) -> None:
    """Withdraw every award of an achievement that a person holds; undo by giving it back.

    Args:
        institution_id: whose.
        achievement_id: what.
        person_id: of whom.
        since: when it was asked for: one withdrawn since in the same words was by this decision,
            whose worker stopped before it could say so.
        decision: who, why.

    Raises:
        NotFoundError: they hold none.
    """
    with transaction(institution_id) as session:
        awards = _standing(session, achievement_id, [person_id]).get(person_id, [])
        done = session.scalar(
            select(Award.id).where(
                Award.person_id == person_id,
                Award.achievement_id == achievement_id,
                Award.withdrawn_at >= since,
                Award.withdrawn_reason == decision.reason,
            )
        )
    if not awards and done is None:
        raise NotFoundError(_NOT_HELD)
    for award_id in awards:
        withdraw_award(institution_id, award_id, reason=decision.reason, actor=decision.actor)


def preview_allocation(
    session: Session,
    pathway_id: PathwayId,
    achievement_id: AchievementId,
    person_ids: Collection[PersonId],
) -> list[Change]:
    """Return what letting an achievement count here would change, for those who hold it.

    Raises:
        NotFoundError: there is no such pathway or achievement here, or it shares with no other.
    """
    get_achievement(session, achievement_id)
    pathway = queries.get_pathway(session, pathway_id)
    if pathway.sharing is None:
        raise NotFoundError(phrase("This pathway shares its awards with no other."))
    holders = set(_standing(session, achievement_id, person_ids))
    found = []
    for version, people in by_version(session, pathway_id, sorted(holders)):
        expression = from_json(version.expression)
        held = [
            (person_id, award)
            for person_id, award in list_held(session, expression, people)
            if award.achievement_id == achievement_id
        ]
        for person_id, facts in facts_of(session, pathway, expression, people).items():
            here = {award.award_id for award in facts.held}
            more = [
                award for owner, award in held if owner == person_id and award.award_id not in here
            ]
            then = Facts(held=[*facts.held, *more], rulings=facts.rulings)
            found.append(
                Change(
                    person_id=person_id,
                    before=queries.judged(pathway, expression, facts).evaluation.missing,
                    after=queries.judged(pathway, expression, then).evaluation.missing,
                )
            )
    return sorted(found, key=lambda one: one.person_id)


def allocate_held(
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    person_id: PersonId,
    achievement_id: AchievementId,
    *,
    decision: Decision,
) -> None:
    """Let an achievement that a person holds count in this pathway, as `allocate` does.

    Raises:
        NotFoundError: they do not hold it, or what `allocate` says.
    """
    with transaction(institution_id) as session:
        if not _standing(session, achievement_id, [person_id]):
            raise NotFoundError(_NOT_HELD)
    allocate(institution_id, pathway_id, person_id, achievement_id, decision=decision)


def _standing(
    session: Session, achievement_id: AchievementId, person_ids: Collection[PersonId]
) -> Mapping[PersonId, list[AwardId]]:
    found: dict[PersonId, list[AwardId]] = {}
    for person_id, award_id in session.execute(
        select(Award.person_id, Award.id)
        .where(
            Award.person_id.in_(person_ids),
            Award.achievement_id == achievement_id,
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
        .order_by(Award.id)
    ):
        found.setdefault(person_id, []).append(award_id)
    return found
