"""One requirement for one person: waived, or met by another award of theirs."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges.queries import get_award
from lti_tool.core import clock, db
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AwardId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import queries, recounting
from lti_tool.pathways.deciding.decision import (
    Change,
    Decision,
    by_version,
    foresee,
    lock_progress,
    note,
)
from lti_tool.pathways.errors import RuledAlreadyError, UnknownRequirementError
from lti_tool.pathways.expression import Earn, Requirement, from_json, nodes
from lti_tool.pathways.facts import Facts, facts_of
from lti_tool.pathways.models import (
    PathwayRuling,
)


def waive(  # noqa: PLR0913 - what a decision consists of
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    person_id: PersonId,
    requirement_id: UUID,
    *,
    decision: Decision,
    award_id: AwardId | None = None,
) -> UUID:
    """Let a requirement count as met for one person, or let another of their awards stand for it.

    Args:
        institution_id: whose.
        pathway_id: which pathway the person is on.
        person_id: who.
        requirement_id: a stone or a group of the version they are on.
        decision: who, why.
        award_id: of the person, to count in place of a stone's achievement while it is valid;
            None: nothing needs to be held.

    Returns:
        What to pass to `undo_ruling`. The same decision twice is one.

    Raises:
        NotFoundError: the person is not on this pathway.
        UnknownRequirementError: their version has no such requirement, or no stone of that id.
        UnknownAwardError: the person holds no such award.
        RuledAlreadyError: another decision about it stands.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        progress = lock_progress(session, pathway_id, person_id)
        known = session.scalar(select(PathwayRuling).where(PathwayRuling.id == decision.id))
        if known is not None:
            return known.id
        node = _requirement(session, progress.version_id, requirement_id)
        if award_id is not None:
            if not isinstance(node, Earn):
                raise UnknownRequirementError(
                    phrase("Only a single badge can be replaced by another.")
                )
            _own_award(session, person_id, award_id)
        added = session.scalar(
            insert(PathwayRuling)
            .values(
                institution_id=db.tenant(),
                id=decision.id,
                pathway_id=pathway_id,
                person_id=person_id,
                requirement_id=requirement_id,
                achievement_id=node.achievement_id if isinstance(node, Earn) else None,
                award_id=award_id,
                reason=decision.reason.strip(),
                ruled_at=clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(PathwayRuling.id)
        )
        if added is None:
            raise RuledAlreadyError(phrase("A decision about this requirement stands already."))
        act = "waive_requirement" if award_id is None else "replace_requirement"
        note(session, act, decision, person_id, pathway_id, requirement=str(requirement_id))
        recounting.recount_within(session, pathway, [person_id])
    return decision.id


def undo_ruling(institution_id: InstitutionId, ruling_id: UUID, *, decision: Decision) -> None:
    """End a decision about a requirement; one that has ended already is left alone.

    Raises:
        NotFoundError: there is no such decision here.
    """
    with transaction(institution_id) as session:
        ruling = session.scalar(
            select(PathwayRuling).where(PathwayRuling.id == ruling_id).with_for_update()
        )
        if ruling is None:
            raise NotFoundError(phrase("There is no such decision."))
        if ruling.undone_at is not None:
            return
        ruling.undone_at = clock.now()
        note(
            session,
            "undo_ruling",
            decision,
            ruling.person_id,
            ruling.pathway_id,
            requirement=str(ruling.requirement_id),
        )
        session.flush()  # before it is counted without
        pathway = queries.get_pathway(session, ruling.pathway_id)
        recounting.recount_within(session, pathway, [ruling.person_id])


def list_rulings(
    session: Session, person_id: PersonId, pathway_id: PathwayId | None = None
) -> list[PathwayRuling]:
    """Return the decisions that stand for a person, on one pathway or all, the newest first."""
    query = select(PathwayRuling).where(
        PathwayRuling.person_id == person_id, PathwayRuling.undone_at.is_(None)
    )
    if pathway_id is not None:
        query = query.where(PathwayRuling.pathway_id == pathway_id)
    return list(session.scalars(query.order_by(PathwayRuling.ruled_at.desc(), PathwayRuling.id)))


def preview_waiver(
    session: Session,
    pathway_id: PathwayId,
    person_ids: Collection[PersonId],
    requirement_id: UUID,
) -> list[Change]:
    """Return what waiving a requirement would change for those of these people it applies to."""

    def waived(expression: Requirement, facts: Facts) -> Facts | None:
        if requirement_id not in {node.id for node in nodes(expression)}:
            return None
        without = {**facts.rulings.waived, requirement_id: facts.judged_at}
        return Facts(held=facts.held, rulings=replace(facts.rulings, waived=without))

    return foresee(session, pathway_id, person_ids, waived)


def preview_undo(session: Session, ruling: PathwayRuling) -> list[Change]:
    """Return what ending a decision would change for the person, if still on it."""
    pathway = queries.get_pathway(session, ruling.pathway_id)
    found = []
    for version, people in by_version(session, ruling.pathway_id, [ruling.person_id]):
        expression = from_json(version.expression)
        before = facts_of(session, pathway, expression, people)
        after = facts_of(session, pathway, expression, people, without=[ruling.id])
        found += [
            Change(
                person_id=person_id,
                before=queries.judged(pathway, expression, before[person_id]).evaluation.missing,
                after=queries.judged(pathway, expression, after[person_id]).evaluation.missing,
            )
            for person_id in people
        ]
    return found


def get_ruling(session: Session, ruling_id: UUID) -> PathwayRuling:
    """Return a decision about a requirement, whether it stands or has ended.

    Raises:
        NotFoundError: there is no such decision here.
    """
    ruling = session.scalar(select(PathwayRuling).where(PathwayRuling.id == ruling_id))
    if ruling is None:
        raise NotFoundError(phrase("There is no such decision."))
    return ruling


def _requirement(
    session: Session, version_id: PathwayVersionId, requirement_id: UUID
) -> Requirement:
    version = queries.list_versions(session, [version_id])[version_id]
    for node in nodes(from_json(version.expression)):
        if node.id == requirement_id:
            return node
    raise UnknownRequirementError(phrase("The version this person is on has no such requirement."))


def _own_award(session: Session, person_id: PersonId, award_id: AwardId) -> None:
    award = get_award(session, award_id)
    if award.person_id != person_id or award.withdrawn_at is not None:
        raise NotFoundError(phrase("This person holds no such award."))
