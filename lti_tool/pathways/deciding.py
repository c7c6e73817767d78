"""What a registrar decides about people on a pathway: waive, put in place, confirm, move, allocate.

Each is written into the audit trail with who, why and what was so before. Each can be undone, and
each can be looked at first: what it would change, for one person or many.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges.models import Award
from lti_tool.badges.queries import get_achievement, get_award
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award
from lti_tool.core import audit, clock, db
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)
from lti_tool.pathways import queries, recounting
from lti_tool.pathways.errors import RuledAlreadyError, UnknownRequirementError
from lti_tool.pathways.expression import Earn, Requirement, from_json, nodes
from lti_tool.pathways.facts import Facts, facts_of, list_sharing
from lti_tool.pathways.models import (
    Allocation,
    Completion,
    Pathway,
    PathwayRuling,
    PathwayVersion,
    Progress,
)
from lti_tool.people.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision.

    Attributes:
        id: made with the form, so that sending it twice decides once.
        reason: in words, for good.
    """

    id: UUID
    reason: str
    actor: Actor

    def __post_init__(self) -> None:
        """Refuse a decision that could not be explained later."""
        if not self.reason.strip():
            raise ValueError("a decision needs its reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision would change for one person: stones missing before and after."""

    person_id: PersonId
    before: int
    after: int

    @property
    def gains(self) -> bool:
        """Tell whether it would complete the pathway."""
        return self.before > 0 and self.after == 0

    @property
    def loses(self) -> bool:
        """Tell whether the pathway would be complete no more."""
        return self.before == 0 and self.after > 0


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
        progress = _progress(session, pathway_id, person_id)
        known = session.scalar(select(PathwayRuling).where(PathwayRuling.id == decision.id))
        if known is not None:
            return known.id
        node = _requirement(session, progress.version_id, requirement_id)
        if award_id is not None:
            if not isinstance(node, Earn):
                raise UnknownRequirementError("Only a single badge can be replaced by another.")
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
            raise RuledAlreadyError("A decision about this requirement stands already.")
        act = "waive_requirement" if award_id is None else "replace_requirement"
        _note(session, act, decision, person_id, pathway_id, requirement=str(requirement_id))
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
            raise NotFoundError("There is no such decision.")
        if ruling.undone_at is not None:
            return
        ruling.undone_at = clock.now()
        _note(
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
    pathway = queries.get_pathway(session, pathway_id)
    found = []
    for version, people in _by_version(session, pathway_id, person_ids):
        expression = from_json(version.expression)
        if requirement_id not in {node.id for node in nodes(expression)}:
            continue
        for person_id, facts in facts_of(session, pathway, expression, people).items():
            waived = {**facts.rulings.waived, requirement_id: facts.judged_at}
            then = Facts(held=facts.held, rulings=replace(facts.rulings, waived=waived))
            found.append(
                Change(
                    person_id=person_id,
                    before=queries.judged(pathway, expression, facts).evaluation.missing,
                    after=queries.judged(pathway, expression, then).evaluation.missing,
                )
            )
    return sorted(found, key=lambda one: one.person_id)


def grant_credit(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    person_ids: Collection[PersonId],
    *,
    decision: Decision,
) -> list[AwardId]:
    """Award an achievement for prior learning, to each of these people; undo by withdrawing it.

    One transaction each; the same decision twice awards nothing twice.

    Raises:
        NotFoundError: there is no such achievement, or one of the people is not here; then
            nobody is awarded anything.
    """
    with transaction(institution_id) as session:
        get_achievement(session, achievement_id)
        here = set(session.scalars(select(Person.id).where(Person.id.in_(person_ids))))
    if missing := set(person_ids) - here:
        raise NotFoundError(f"{len(missing)} of these people are not here.")
    return [
        grant_award(
            institution_id,
            person_id,
            achievement_id,
            cause=Cause(
                kind=CauseKind.DECISION,
                id=uuid5(decision.id, str(person_id)),
                caused_at=clock.now(),
                reason=decision.reason.strip(),
            ),
            actor=decision.actor,
        )
        for person_id in sorted(here)
    ]


def set_confirmation(
    institution_id: InstitutionId, pathway_id: PathwayId, *, confirms: bool, decision: Decision
) -> None:
    """Say whether completions of a pathway wait for a registrar; those awarded are left alone.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        if pathway.confirms_completion == confirms:
            return
        pathway.confirms_completion = confirms
        audit.record(
            session,
            actor=decision.actor,
            act="set_confirmation",
            object_kind="pathway",
            object_id=pathway_id,
            reason=decision.reason.strip(),
            facts={"confirms": confirms},
        )
        for completion in () if confirms else list_unconfirmed(session, pathway_id):
            recounting.announce(session, completion)


def list_unconfirmed(session: Session, pathway_id: PathwayId) -> list[Completion]:
    """Return open completions, oldest first, that nobody confirmed and nothing was awarded for."""
    certificate = (
        select(Award.id)
        .join(Pathway, Pathway.achievement_id == Award.achievement_id)
        .where(
            Pathway.id == Completion.pathway_id,
            Award.person_id == Completion.person_id,
            Award.withdrawn_at.is_(None),
        )
    )
    return list(
        session.scalars(
            select(Completion)
            .where(
                Completion.pathway_id == pathway_id,
                Completion.lapsed_at.is_(None),
                Completion.confirmed_at.is_(None),
                ~certificate.exists(),
            )
            .order_by(Completion.completed_at, Completion.id)
        )
    )


def confirm_completion(
    institution_id: InstitutionId, completion_id: UUID, *, decision: Decision
) -> None:
    """Confirm a completion, so that it is awarded; a second time changes nothing.

    Undo by withdrawing the award.

    Raises:
        NotFoundError: there is no such completion here, or a part fell away since.
    """
    with transaction(institution_id) as session:
        completion = session.scalar(
            select(Completion)
            .where(Completion.id == completion_id, Completion.lapsed_at.is_(None))
            .with_for_update()
        )
        if completion is None:
            raise NotFoundError("There is no such completion, or a part fell away since.")
        if completion.confirmed_at is not None:
            return
        completion.confirmed_at = clock.now()
        _note(session, "confirm_completion", decision, completion.person_id, completion.pathway_id)
        recounting.announce(session, completion)


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
    for version, people in _by_version(session, pathway_id, person_ids):
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
        pathway = queries.get_pathway(session, pathway_id)
        _version_of(session, pathway_id, version_id)
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
            _note(
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
        for partner in list_sharing(session, pathway):
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
        _progress(session, pathway_id, person_id)
        get_achievement(session, achievement_id)
        if pathway.sharing is None:
            raise NotFoundError("This pathway shares its awards with no other.")
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
        _note(
            session,
            "allocate_award",
            decision,
            person_id,
            pathway_id,
            achievement=str(achievement_id),
        )
        session.flush()  # what counts where is read anew
        for partner in list_sharing(session, pathway):
            recounting.recount_within(session, partner, _on(session, partner.id, [person_id]))


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


def _by_version(
    session: Session, pathway_id: PathwayId, person_ids: Collection[PersonId]
) -> list[tuple[PathwayVersion, list[PersonId]]]:
    people: dict[PathwayVersionId, list[PersonId]] = defaultdict(list)
    for person_id, version_id in session.execute(
        select(Progress.person_id, Progress.version_id)
        .where(Progress.pathway_id == pathway_id, Progress.person_id.in_(person_ids))
        .order_by(Progress.person_id)
    ):
        people[version_id].append(person_id)
    versions = queries.list_versions(session, list(people))
    return [(versions[version_id], own) for version_id, own in people.items()]


def _progress(session: Session, pathway_id: PathwayId, person_id: PersonId) -> Progress:
    progress = session.scalar(
        select(Progress)
        .where(Progress.pathway_id == pathway_id, Progress.person_id == person_id)
        .with_for_update()
    )
    if progress is None:
        raise NotFoundError("This person is not on this pathway.")
    return progress


def _requirement(
    session: Session, version_id: PathwayVersionId, requirement_id: UUID
) -> Requirement:
    version = queries.list_versions(session, [version_id])[version_id]
    for node in nodes(from_json(version.expression)):
        if node.id == requirement_id:
            return node
    raise UnknownRequirementError("The version this person is on has no such requirement.")


def _version_of(
    session: Session, pathway_id: PathwayId, version_id: PathwayVersionId
) -> PathwayVersion:
    version = queries.list_versions(session, [version_id]).get(version_id)
    if version is None or version.pathway_id != pathway_id:
        raise NotFoundError("This pathway has no such version.")
    return version


def _own_award(session: Session, person_id: PersonId, award_id: AwardId) -> None:
    award = get_award(session, award_id)
    if award.person_id != person_id or award.withdrawn_at is not None:
        raise NotFoundError("This person holds no such award.")


def _note(
    session: Session,
    act: str,
    decision: Decision,
    person_id: PersonId,
    pathway_id: PathwayId,
    **facts: str,
) -> None:
    audit.record(
        session,
        actor=decision.actor,
        act=act,
        object_kind="person",
        object_id=person_id,
        reason=decision.reason.strip(),
        facts={"pathway": str(pathway_id), **facts},
    )
