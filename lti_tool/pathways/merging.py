"""Where a person stands on pathways follows them when two persons turn out to be one.

What counts is worked out anew from the awards by whoever hears of it (`jobs.py`); what moves here
are the facts: which version somebody is on, and that they completed it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from lti_tool.badges.models import Achievement
from lti_tool.core import clock
from lti_tool.core.ids import PathwayId, PathwayVersionId, PersonId, new_id
from lti_tool.pathways import queries
from lti_tool.pathways.counting import Rulings
from lti_tool.pathways.expression import from_json
from lti_tool.pathways.facts import Facts, facts_of
from lti_tool.pathways.foresight import Foreseen
from lti_tool.pathways.models import (
    Allocation,
    Completion,
    Contribution,
    Pathway,
    PathwayRuling,
    PathwayVersion,
    Progress,
)
from lti_tool.people.merging import Follower, Split


def _move(session: Session, kept_id: PersonId, gone_id: PersonId) -> dict[str, Any]:
    """Move progress and completions; where both are on a pathway, the one who completed it leads.

    Returns:
        Both persons' rows as they were.
    """
    before = {"kept": _told(session, kept_id), "gone": _told(session, gone_id)}
    session.execute(delete(Contribution).where(Contribution.person_id == gone_id))
    moved = {
        "completions": _move_completions(session, kept_id, gone_id),
        "rulings": _move_rulings(session, kept_id, gone_id),
        "allocations": _move_allocations(session, kept_id, gone_id),
    }
    mine, theirs = _progress(session, kept_id), _progress(session, gone_id)
    for pathway_id, progress in theirs.items():
        own = mine.get(pathway_id)
        if own is None:
            progress.person_id = kept_id
            continue
        if own.completed_at is None and progress.completed_at is not None:
            own.version_id, own.completed_at = progress.version_id, progress.completed_at
        session.delete(progress)
    session.flush()
    return {**before, **moved}


def _move_completions(session: Session, kept_id: PersonId, gone_id: PersonId) -> list[str]:
    """Move completions; where both have one that is open, each keeps their own."""
    mine = aliased(Completion)
    both_open = exists().where(
        mine.pathway_id == Completion.pathway_id,
        mine.person_id == kept_id,
        mine.lapsed_at.is_(None),
        Completion.lapsed_at.is_(None),
    )
    return _moved(session, Completion, kept_id, gone_id, ~both_open)


def _move_rulings(session: Session, kept_id: PersonId, gone_id: PersonId) -> list[str]:
    """Move decisions; where one about the same requirement stands for both, one is enough."""
    mine = aliased(PathwayRuling)
    both_ruled = exists().where(
        mine.pathway_id == PathwayRuling.pathway_id,
        mine.person_id == kept_id,
        mine.requirement_id == PathwayRuling.requirement_id,
        mine.undone_at.is_(None),
        PathwayRuling.undone_at.is_(None),
    )
    return _moved(session, PathwayRuling, kept_id, gone_id, ~both_ruled)


def _move_allocations(session: Session, kept_id: PersonId, gone_id: PersonId) -> list[str]:
    """Move allocations; what was decided about whoever stays goes first."""
    mine = aliased(Allocation)
    both_decided = exists().where(
        mine.person_id == kept_id,
        mine.achievement_id == Allocation.achievement_id,
        mine.sharing == Allocation.sharing,
    )
    return _moved(session, Allocation, kept_id, gone_id, ~both_decided)


def _moved(
    session: Session,
    table: type[Completion | PathwayRuling | Allocation],
    kept_id: PersonId,
    gone_id: PersonId,
    which: ColumnElement[bool],
) -> list[str]:
    ids = session.scalars(
        update(table)
        .where(table.person_id == gone_id, which)
        .values(person_id=kept_id)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    ).all()
    return sorted(map(str, ids))


def _give_back(session: Session, split: Split, moved: Any) -> None:  # noqa: ANN401 - of `_move`
    """Put both persons back on the versions they were on; counting follows."""
    tables: tuple[tuple[str, type[Completion | PathwayRuling | Allocation]], ...] = (
        ("completions", Completion),
        ("rulings", PathwayRuling),
        ("allocations", Allocation),
    )
    for name, table in tables:
        session.execute(
            update(table)
            .where(
                table.id.in_([UUID(word) for word in moved[name]]),
                table.person_id == split.kept_id,
            )
            .values(person_id=split.gone_id)
            .execution_options(synchronize_session=False)
        )
    session.expire_all()
    for pathway_id, progress in _progress(session, split.kept_id).items():
        told = moved["kept"].get(str(pathway_id))
        if told is not None:
            progress.version_id = PathwayVersionId(UUID(told["version"]))
            progress.completed_at = _instant(told["completed_at"])
        elif str(pathway_id) in moved["gone"]:
            own = (
                Contribution.person_id == split.kept_id,
                Contribution.pathway_id == pathway_id,
            )
            session.execute(delete(Contribution).where(*own))
            session.delete(progress)
    session.flush()  # before the rows that take their place
    for word, told in moved["gone"].items():
        _begin(session, PathwayId(UUID(word)), split.gone_id, told)


def _begin(
    session: Session, pathway_id: PathwayId, person_id: PersonId, told: dict[str, str | None]
) -> None:
    version_id = UUID(str(told["version"]))
    needed = session.scalars(
        select(PathwayVersion.stones).where(PathwayVersion.id == version_id)
    ).one()
    session.add(
        Progress(
            id=new_id(),
            pathway_id=pathway_id,
            version_id=version_id,
            person_id=person_id,
            share=Decimal(0),
            missing=needed,
            completed_at=_instant(told["completed_at"]),
            evaluated_at=clock.now(),
        )
    )


def foresee_merge(session: Session, kept_id: PersonId, gone_id: PersonId) -> list[Foreseen]:
    """Return what a merge would change for whoever stays, by title of the pathway."""
    found = []
    theirs = _progress(session, gone_id)
    for pathway_id, progress in {**theirs, **_progress(session, kept_id)}.items():
        own = progress if progress.person_id == kept_id else None
        other = theirs.get(pathway_id)
        leads = progress
        if own and other and own.completed_at is None and other.completed_at is not None:
            leads = other
        version, pathway, name = session.execute(
            select(PathwayVersion, Pathway, Achievement.name)
            .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
            .join(Achievement, Achievement.id == Pathway.achievement_id)
            .where(PathwayVersion.id == leads.version_id)
        ).one()
        expression = from_json(version.expression)
        facts = facts_of(session, pathway, expression, [gone_id, kept_id])
        evaluation = queries.judged(
            pathway, expression, _together(facts[kept_id], facts[gone_id])
        ).evaluation
        found.append(
            Foreseen(
                pathway_id=pathway_id,
                title=pathway.title,
                achievement_name=name,
                needed=version.stones,
                before=own.missing if own else version.stones,
                after=evaluation.missing,
            )
        )
    return sorted(found, key=lambda one: (one.title, one.pathway_id))


def _together(own: Facts, other: Facts) -> Facts:
    """Return what would be known of one person who is both; their own decisions go first."""
    return Facts(
        held=[*own.held, *other.held],
        rulings=Rulings(
            waived={**other.rulings.waived, **own.rulings.waived},
            substitutes={**other.rulings.substitutes, **own.rulings.substitutes},
        ),
    )


def _told(session: Session, person_id: PersonId) -> dict[str, dict[str, str | None]]:
    return {
        str(pathway_id): {
            "version": str(progress.version_id),
            "completed_at": progress.completed_at.isoformat() if progress.completed_at else None,
        }
        for pathway_id, progress in _progress(session, person_id).items()
    }


def _progress(session: Session, person_id: PersonId) -> dict[PathwayId, Progress]:
    rows = session.scalars(
        select(Progress).where(Progress.person_id == person_id).order_by(Progress.id)
    )
    return {progress.pathway_id: progress for progress in rows.all()}


def _instant(word: str | None) -> datetime | None:
    return datetime.fromisoformat(word) if word else None


PATHWAYS = Follower(
    name="pathways",
    tables=frozenset(
        {
            "contributions",
            "pathway_progress",
            "pathway_completions",
            "pathway_rulings",
            "pathway_allocations",
            # Of whom a batch was asked stays as it was; who they are is looked up when it is done.
            "pathway_batch_people",
        }
    ),
    move=_move,
    give_back=_give_back,
)
