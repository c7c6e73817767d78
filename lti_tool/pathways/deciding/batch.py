"""One decision about many people: looked at first, then carried out by workers, a few at a time.

Each person is a decision of its own, told by an id that follows from the batch's: a worker that
is killed midway leaves some done and the others to do, and whoever goes on does nothing twice.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from lti_tool.badges.queries import get_achievement, list_holders
from lti_tool.core import clock, db, outbox
from lti_tool.core.audit import Actor, ActorKind
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError, TemporaryError, ToolError
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import queries
from lti_tool.pathways.deciding.completing import (
    confirm_completion,
    grant_credit,
    list_unconfirmed,
)
from lti_tool.pathways.deciding.decision import Change, Decision, foresee
from lti_tool.pathways.deciding.holding import (
    allocate_held,
    preview_allocation,
    preview_withdrawal,
    withdraw,
)
from lti_tool.pathways.deciding.moving import move
from lti_tool.pathways.deciding.waiving import preview_waiver, waive
from lti_tool.pathways.events import BatchAsked
from lti_tool.pathways.facts import levels_now
from lti_tool.pathways.models import BatchPerson, DecisionBatch
from lti_tool.pathways.rules import Held
from lti_tool.people.queries import current_person


class BatchAct(StrEnum):
    """What may be decided about many at once."""

    WAIVE = "waive"
    CREDIT = "credit"
    WITHDRAW = "withdraw"
    ALLOCATE = "allocate"
    CONFIRM = "confirm"


# Of batches from before moves had a job of their own; those that wait are carried out.
_MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be decided about many people on a pathway.

    Attributes:
        target: the requirement that is waived, the achievement that is given, withdrawn or counts
            here; None where completions are confirmed.
    """

    pathway_id: PathwayId
    act: BatchAct
    target: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a batch is: of `people`, `done` were decided about and `skipped` could not be."""

    batch: DecisionBatch
    people: int
    done: int
    skipped: int

    @property
    def finished(self) -> bool:
        """Tell whether nobody is left."""
        return self.done + self.skipped == self.people


def preview_batch(session: Session, asked: Asked, person_ids: Collection[PersonId]) -> list[Change]:
    """Return what a decision would change for those of these people it applies to.

    Raises:
        NotFoundError: there is no such pathway, version or achievement here.
    """
    if asked.act is BatchAct.CONFIRM or asked.target is None:
        waiting = list_unconfirmed(session, asked.pathway_id, person_ids=person_ids)
        return [Change(person_id=row.person_id, before=0, after=0) for row in waiting]
    if asked.act is BatchAct.WAIVE:
        return preview_waiver(session, asked.pathway_id, person_ids, asked.target)
    achievement_id = AchievementId(asked.target)
    if asked.act is BatchAct.WITHDRAW:
        return preview_withdrawal(session, asked.pathway_id, achievement_id, person_ids)
    if asked.act is BatchAct.ALLOCATE:
        return preview_allocation(session, asked.pathway_id, achievement_id, person_ids)
    return _preview_credit(session, asked.pathway_id, achievement_id, person_ids)


def _preview_credit(
    session: Session,
    pathway_id: PathwayId,
    achievement_id: AchievementId,
    person_ids: Collection[PersonId],
) -> list[Change]:
    get_achievement(session, achievement_id)
    new = Held(
        award_id=AwardId(new_id()),
        achievement_id=achievement_id,
        awarded_at=clock.now(),
        level=levels_now(session, [achievement_id])[achievement_id],
    )
    holders = list_holders(session, achievement_id, person_ids, at=new.awarded_at)
    others = [one for one in person_ids if one not in holders]

    found = foresee(session, pathway_id, others, lambda _, facts: facts.gaining(new))
    # Whoever holds it keeps it as it is.
    found += foresee(session, pathway_id, sorted(holders), lambda _, facts: facts)
    return sorted(found, key=lambda one: one.person_id)


def ask_batch(
    institution_id: InstitutionId,
    asked: Asked,
    person_ids: Collection[PersonId],
    *,
    decision: Decision,
) -> UUID:
    """Have something decided about many people, soon; the same decision twice is one.

    Returns:
        What to follow it by.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    with transaction(institution_id) as session:
        queries.get_pathway(session, asked.pathway_id)
        added = session.scalar(
            upsert(DecisionBatch)
            .values(
                institution_id=institution_id,
                id=decision.id,
                pathway_id=asked.pathway_id,
                act=asked.act.value,
                target=asked.target,
                reason=decision.reason.strip(),
                actor_kind=decision.actor.kind,
                actor_id=decision.actor.id,
                asked_at=clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(DecisionBatch.id)
        )
        if added is None:
            return decision.id
        rows = [
            {"institution_id": db.tenant(), "batch_id": decision.id, "person_id": person_id}
            for person_id in sorted(set(person_ids))
        ]
        if rows:
            session.execute(insert(BatchPerson), rows)
        outbox.record(session, BatchAsked(institution_id=institution_id, batch_id=decision.id))
    return decision.id


def is_asked(session: Session, batch_id: UUID) -> bool:
    """Tell whether a decision about many was asked for already."""
    asked = select(DecisionBatch.id).where(DecisionBatch.id == batch_id)
    return session.scalar(asked) is not None


def get_batch(session: Session, batch_id: UUID) -> Standing:
    """Return how far a batch is.

    Raises:
        NotFoundError: there is none of this id here.
    """
    batch = session.scalar(select(DecisionBatch).where(DecisionBatch.id == batch_id))
    if batch is None:
        raise NotFoundError(phrase("There is no such decision."))
    counts = dict(
        session.execute(
            select(BatchPerson.outcome, func.count())
            .where(BatchPerson.batch_id == batch_id)
            .group_by(BatchPerson.outcome)
        ).all()
    )
    return Standing(
        batch=batch,
        people=sum(counts.values()),
        done=counts.get("done", 0),
        skipped=counts.get("skipped", 0),
    )


def list_skipped(session: Session, batch_id: UUID, *, limit: int) -> list[tuple[PersonId, str]]:
    """Return about whom nothing could be decided, and why."""
    rows = session.execute(
        select(BatchPerson.person_id, BatchPerson.note)
        .where(BatchPerson.batch_id == batch_id, BatchPerson.outcome == "skipped")
        .order_by(BatchPerson.person_id)
        .limit(limit)
    )
    return [(person_id, note or "") for person_id, note in rows]


def carry_out(institution_id: InstitutionId, batch_id: UUID, *, limit: int) -> bool:
    """Decide about some more of a batch's people; False when nobody is left.

    Safe beside itself, and after a worker died in the middle.
    """
    with transaction(institution_id) as session:
        batch = session.scalar(select(DecisionBatch).where(DecisionBatch.id == batch_id))
        if batch is None:
            return False
        left = session.scalars(
            select(BatchPerson.person_id)
            .where(BatchPerson.batch_id == batch_id, BatchPerson.outcome.is_(None))
            .order_by(BatchPerson.person_id)
            .limit(limit)
        ).all()
    for person_id in left:
        try:
            _decide(institution_id, batch, person_id)
        except TemporaryError:
            raise  # whoever goes on tries them again
        except ToolError as error:
            _note(institution_id, batch_id, person_id, "skipped", str(error))
        else:
            _note(institution_id, batch_id, person_id, "done", None)
    return len(left) == limit


def _decide(institution_id: InstitutionId, batch: DecisionBatch, member: PersonId) -> None:
    """Decide about one person, whoever they are by now."""
    decision = Decision(
        id=uuid5(batch.id, str(member)),
        reason=batch.reason,
        actor=Actor(kind=cast("ActorKind", batch.actor_kind), id=batch.actor_id),
    )
    with transaction(institution_id) as session:
        person_id = current_person(session, member)
        waiting = (
            list_unconfirmed(session, batch.pathway_id, person_ids=[person_id])
            if batch.act == BatchAct.CONFIRM.value
            else []
        )
    if batch.act == BatchAct.CONFIRM.value or batch.target is None:
        for completion in waiting:
            confirm_completion(institution_id, completion.id, decision=decision)
    elif batch.act == BatchAct.WAIVE.value:
        waive(institution_id, batch.pathway_id, person_id, batch.target, decision=decision)
    elif batch.act == BatchAct.WITHDRAW.value:
        withdraw(
            institution_id,
            AchievementId(batch.target),
            person_id,
            since=batch.asked_at,
            decision=decision,
        )
    elif batch.act == BatchAct.ALLOCATE.value:
        allocate_held(
            institution_id,
            batch.pathway_id,
            person_id,
            AchievementId(batch.target),
            decision=decision,
        )
    elif batch.act == _MOVE:
        version_id = PathwayVersionId(batch.target)
        move(institution_id, batch.pathway_id, version_id, [person_id], decision=decision)
    else:
        grant_credit(institution_id, AchievementId(batch.target), [person_id], decision=decision)


def _note(
    institution_id: InstitutionId,
    batch_id: UUID,
    person_id: PersonId,
    outcome: str,
    why: str | None,
) -> None:
    with transaction(institution_id) as session:
        session.execute(
            update(BatchPerson)
            .where(
                BatchPerson.batch_id == batch_id,
                BatchPerson.person_id == person_id,
                BatchPerson.outcome.is_(None),
            )
            .values(outcome=outcome, note=why, decided_at=clock.now())
        )
