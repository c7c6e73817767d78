"""Which version people are on, and in which pathway an award of theirs counts."""

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_tool.badges.queries import get_achievement
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import queries, recounting
from lti_tool.pathways.deciding.decision import Change, Decision, by_version, lock_progress, note
from lti_tool.pathways.expression import from_json
from lti_tool.pathways.facts import facts_of, list_sharing
from lti_tool.pathways.models import (
    Allocation,
    Pathway,
    PathwayVersion,
    Progress,
)
from lti_tool.people.queries import current_people


def preview_move(
    session: Session,
    pathway_id: PathwayId,
    version_id: PathwayVersionId,
    person_ids: Collection[PersonId],
) -> list[Change]:
    """Return what moving these people to a version would change; who is on it is left out.

    Raises:
        NotFoundError: this pathway has no such version.
    """
    pathway = queries.get_pathway(session, pathway_id)
    target = from_json(_version_of(session, pathway_id, version_id).expression)
    found = []
    for version, people in by_version(session, pathway_id, person_ids):
        if version.id == version_id:
            continue
        now = from_json(version.expression)
        before = facts_of(session, pathway, now, people)
        after = facts_of(session, pathway, target, people)
        found += [
            Change(
                person_id=person_id,
                before=queries.judged(pathway, now, before[person_id]).evaluation.missing,
                after=queries.judged(pathway, target, after[person_id]).evaluation.missing,
            )
            for person_id in people
        ]
    return sorted(found, key=lambda one: one.person_id)


def move(
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    version_id: PathwayVersionId,
    person_ids: Collection[PersonId],
    *,
    decision: Decision,
) -> int:
    """Move people who are on a pathway to one of its versions; undo by moving them back.

    All or nobody: call it with at most some hundred at a time. Who is there already is left alone,
    so that a repeat goes on where one stopped.

    Returns:
        How many were moved.

    Raises:
        NotFoundError: this pathway has no such version.
    """
    with transaction(institution_id) as session:
        return move_within(session, pathway_id, version_id, person_ids, decision=decision)


def move_within(
    session: Session,
    pathway_id: PathwayId,
    version_id: PathwayVersionId,
    person_ids: Collection[PersonId],
    *,
    decision: Decision,
) -> int:
    """Do what `move` does as part of a transaction."""
    pathway = queries.get_pathway(session, pathway_id)
    _version_of(session, pathway_id, version_id)
    current_people(session, person_ids)  # before their rows, as whoever merges them does
    partners = list_sharing(session, pathway)
    _lock_together(session, partners, person_ids)
    rows = session.scalars(
        select(Progress)
        .where(
            Progress.pathway_id == pathway_id,
            Progress.person_id.in_(person_ids),
            Progress.version_id != version_id,
        )
        .order_by(Progress.person_id)
        .with_for_update()
    ).all()
    if not rows:
        return 0
    for progress in rows:
        note(
            session,
            "move_to_version",
            decision,
            progress.person_id,
            pathway_id,
            former=str(progress.version_id),
            version=str(version_id),
        )
    people = [progress.person_id for progress in rows]
    recounting.recount_within(session, pathway, people, move_to=version_id)
    session.flush()  # what counts where is read anew
    for partner in partners:
        if partner.id != pathway_id:
            recounting.recount_within(session, partner, _on(session, partner.id, people))
    return len(people)


def allocate(
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    person_id: PersonId,
    achievement_id: AchievementId,
    *,
    decision: Decision,
) -> None:
    """Let a person's achievement count in this one of the pathways that share awards with it.

    Raises:
        NotFoundError: the pathway shares awards with no other, or the person is not on it.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        current_people(session, [person_id])  # before their rows, as whoever merges them does
        partners = list_sharing(session, pathway)
        _lock_together(session, partners, [person_id])
        lock_progress(session, pathway_id, person_id)
        get_achievement(session, achievement_id)
        if pathway.sharing is None:
            raise NotFoundError(phrase("This pathway shares its awards with no other."))
        here = session.scalar(
            select(Allocation.pathway_id).where(
                Allocation.person_id == person_id,
                Allocation.achievement_id == achievement_id,
                Allocation.sharing == pathway.sharing,
            )
        )
        if here == pathway_id:
            return  # decided before: a batch whose worker was killed comes twice
        session.execute(
            delete(Allocation).where(
                Allocation.person_id == person_id,
                Allocation.achievement_id == achievement_id,
                Allocation.sharing == pathway.sharing,
            )
        )
        session.add(
            Allocation(
                id=new_id(),
                person_id=person_id,
                achievement_id=achievement_id,
                sharing=pathway.sharing,
                pathway_id=pathway_id,
            )
        )
        note(
            session,
            "allocate_award",
            decision,
            person_id,
            pathway_id,
            achievement=str(achievement_id),
        )
        session.flush()  # what counts where is read anew
        for partner in partners:
            recounting.recount_within(session, partner, _on(session, partner.id, [person_id]))


def _lock_together(
    session: Session, pathways: Collection[Pathway], person_ids: Collection[PersonId]
) -> None:
    """Lock what is theirs on all of these pathways in one order: else two might wait in a ring."""
    session.execute(
        select(Progress.id)
        .where(
            Progress.pathway_id.in_([one.id for one in pathways]),
            Progress.person_id.in_(person_ids),
        )
        .order_by(Progress.pathway_id, Progress.person_id)
        .with_for_update()
    )


def _on(
    session: Session, pathway_id: PathwayId, person_ids: Collection[PersonId]
) -> list[PersonId]:
    return list(
        session.scalars(
            select(Progress.person_id).where(
                Progress.pathway_id == pathway_id, Progress.person_id.in_(person_ids)
            )
        )
    )


def _version_of(
    session: Session, pathway_id: PathwayId, version_id: PathwayVersionId
) -> PathwayVersion:
    version = queries.list_versions(session, [version_id]).get(version_id)
    if version is None or version.pathway_id != pathway_id:
        raise NotFoundError(phrase("This pathway has no such version."))
    return version
