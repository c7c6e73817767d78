"""Moving people on a pathway to one of its versions: looked at first, then done, by a job.

Both go through people a few hundred at a time; where a job is stopped, the next goes on. What the
look found is kept: how many would gain and lose, and the first of them by name.
"""

from collections.abc import Collection
from typing import cast
from uuid import UUID

from sqlalchemy import Select, Uuid, func, select
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session, aliased

from lti_tool.core import audit, clock, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId, PathwayId, PathwayVersionId, PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways import queries
from lti_tool.pathways.deciding.decision import Decision
from lti_tool.pathways.deciding.moving import move_within, preview_move
from lti_tool.pathways.errors import MoveDecidedError
from lti_tool.pathways.events import PathwayMoveAsked
from lti_tool.pathways.models import PathwayMove, Progress
from lti_tool.people.models import Person

PEOPLE_AT_ONCE = 100
RUN_SECONDS = 10.0
# Of those who gain and of those who lose, so many are kept by name.
MOST_NAMED = 100


def ask_move(  # noqa: PLR0913 - who is to be moved, from where, to where
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    version_id: PathwayVersionId,
    from_version_id: PathwayVersionId | None,
    *,
    only: Collection[PersonId] | None = None,
    actor: Actor,
) -> UUID:
    """Have a job look at what moving people to a version would change; return the move.

    Args:
        institution_id: whose.
        pathway_id: which.
        version_id: to where.
        from_version_id: only those on this version; None: everybody who is on another.
        only: of those only these; None: all of them.
        actor: who asks.

    Raises:
        NotFoundError: there is no such pathway, or no such version of it.
    """
    with transaction(institution_id) as session:
        queries.get_pathway(session, pathway_id)
        known = queries.list_versions(session, [version_id, from_version_id or version_id])
        if any(version.pathway_id != pathway_id for version in known.values()) or (
            {version_id, from_version_id or version_id} - known.keys()
        ):
            raise NotFoundError(phrase("This pathway has no such version."))
        move = PathwayMove(
            id=new_id(),
            pathway_id=pathway_id,
            version_id=version_id,
            from_version_id=from_version_id,
            is_chosen=only is not None,
            only=None if only is None else sorted(map(str, only)),
            state="looking",
            asked_by=actor.id,
            asked_at=clock.now(),
            named=[],
        )
        session.add(move)
        session.flush()  # whom it is about is read from its row
        move.total = _count(session, move)
        outbox.record(session, PathwayMoveAsked(institution_id=institution_id, move_id=move.id))
    return move.id


def get_move(session: Session, pathway_id: PathwayId, move_id: UUID) -> PathwayMove:
    """Return a move of a pathway's people.

    Raises:
        NotFoundError: there is none of this id.
    """
    found = session.scalar(
        select(PathwayMove).where(PathwayMove.id == move_id, PathwayMove.pathway_id == pathway_id)
    )
    if found is None:
        raise NotFoundError(phrase("There is no such move."))
    return found


def confirm_move(  # noqa: PLR0913 - who decides what about which move, and why
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    move_id: UUID,
    *,
    reason: str,
    spares: bool,
    actor: Actor,
) -> None:
    """Move the people, by a job. A second time changes nothing.

    Args:
        institution_id: whose.
        pathway_id: which.
        move_id: as it was looked at.
        reason: in words, for good.
        spares: whoever would lose the pathway stays where they are.
        actor: who decides.

    Raises:
        NotFoundError: there is no such move.
        MoveDecidedError: it is not looked at to the end yet.
    """
    with transaction(institution_id) as session:
        move = _locked(session, move_id)
        if move is None or move.pathway_id != pathway_id:
            raise NotFoundError(phrase("There is no such move."))
        if move.state in {"moving", "moved"}:
            return
        if move.state != "looked":
            raise MoveDecidedError(phrase("Wait until everybody has been looked at."))
        move.state, move.reason, move.spares = "moving", reason.strip(), spares
        move.decided_by, move.cursor, move.looked = actor.id, None, 0
        audit.record(
            session,
            actor=actor,
            act="move_everybody",
            object_kind="pathway",
            object_id=pathway_id,
            reason=reason.strip(),
            facts={
                "version": str(move.version_id),
                "spares": spares,
                **({"chosen": move.total} if move.is_chosen else {}),
            },
        )
        outbox.record(session, PathwayMoveAsked(institution_id=institution_id, move_id=move.id))


def go_on(institution_id: InstitutionId, move_id: UUID) -> None:
    """Look at or move the next people, for some seconds, and ask to be called again if not done."""
    event = PathwayMoveAsked(institution_id=institution_id, move_id=move_id)
    outbox.go_on(
        institution_id, event, lambda: _batch(institution_id, move_id), seconds=RUN_SECONDS
    )


def _batch(institution_id: InstitutionId, move_id: UUID) -> bool:
    """Do the next people; return whether there may be more."""
    with transaction(institution_id) as session:
        move = _locked(session, move_id)
        if move is None or move.state not in {"looking", "moving"}:
            return False
        people = _next(session, move)
        if move.state == "looking":
            _look(session, move, people)
        else:
            _move(session, move, people)
        move.looked += len(people)
        if people:
            move.cursor = people[-1]
        if len(people) == PEOPLE_AT_ONCE:
            return True
        if move.state == "moving" and move.is_chosen:
            _move(session, move, _merged_meanwhile(session, move))
        move.state = "looked" if move.state == "looking" else "moved"
        if move.state == "moved":
            move.finished_at = clock.now()
        return False


def _look(session: Session, move: PathwayMove, people: list[PersonId]) -> None:
    changes = preview_move(session, move.pathway_id, move.version_id, people)
    named = list(move.named)
    for change in changes:
        if not (change.gains or change.loses):
            continue
        move.gains += change.gains
        move.loses += change.loses
        so_far = move.gains if change.gains else move.loses
        if so_far <= MOST_NAMED:
            named.append([str(change.person_id), change.before, change.after])
    move.named = named


def _move(session: Session, move: PathwayMove, people: list[PersonId]) -> None:
    if move.spares:
        changes = preview_move(session, move.pathway_id, move.version_id, people)
        losing = {change.person_id for change in changes if change.loses}
        people = [person_id for person_id in people if person_id not in losing]
    # Only the desk confirms moves: whoever did is staff.
    actor = Actor("staff", move.decided_by) if move.decided_by else audit.SYSTEM
    decision = Decision(id=move.id, reason=cast("str", move.reason), actor=actor)
    move.moved += move_within(session, move.pathway_id, move.version_id, people, decision=decision)


def _next(session: Session, move: PathwayMove) -> list[PersonId]:
    query = _people(move).order_by(Progress.person_id).limit(PEOPLE_AT_ONCE)
    if move.cursor is not None:
        query = query.where(Progress.person_id > move.cursor)
    return list(session.scalars(query))


def _merged_meanwhile(session: Session, move: PathwayMove) -> list[PersonId]:
    """Return who is not moved, and may be since somebody of those behind was merged into them."""
    merged = aliased(Person)
    return list(
        session.scalars(
            _people(move)
            .where(select(merged.id).where(merged.merged_into_id == Progress.person_id).exists())
            .order_by(Progress.person_id)
        )
    )


def _count(session: Session, move: PathwayMove) -> int:
    return session.scalar(select(func.count()).select_from(_people(move).subquery())) or 0


def _people(move: PathwayMove) -> Select[PersonId]:
    query = select(Progress.person_id).where(
        Progress.pathway_id == move.pathway_id, Progress.version_id != move.version_id
    )
    if move.from_version_id is not None:
        query = query.where(Progress.version_id == move.from_version_id)
    if move.is_chosen:
        query = query.where(Progress.person_id.in_(_chosen(move)))
    return query


def _chosen(move: PathwayMove) -> Select[PersonId]:
    """Select who was chosen, and whom they were merged into since."""
    named = select(cast_to(func.jsonb_array_elements_text(PathwayMove.only), Uuid).label("id"))
    chosen = named.where(PathwayMove.id == move.id).cte("chosen", recursive=True)
    chosen = chosen.union(
        select(Person.merged_into_id).where(
            Person.id == chosen.c.id, Person.merged_into_id.is_not(None)
        )
    )
    return select(chosen.c.id)


def _locked(session: Session, move_id: UUID) -> PathwayMove | None:
    return session.scalar(select(PathwayMove).where(PathwayMove.id == move_id).with_for_update())
