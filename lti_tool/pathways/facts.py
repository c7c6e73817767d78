"""What standings follow from, read for many people at once: awards that stand, and decisions."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments.models import Attempt
from lti_tool.badges.models import Achievement, AchievementEdition, Award, AwardCause, AwardReview
from lti_tool.badges.rules import CauseKind
from lti_tool.core import clock
from lti_tool.core.ids import AchievementId, AwardId, PathwayId, PathwayVersionId, PersonId
from lti_tool.pathways.counting import NO_RULINGS, Held, Rulings, instants
from lti_tool.pathways.expression import Requirement, named, nodes, stones
from lti_tool.pathways.models import (
    Allocation,
    Pathway,
    PathwayRuling,
    PathwayStone,
    PathwayVersion,
    Progress,
)

_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class Facts:
    """Of one person on one pathway.

    Attributes:
        elsewhere: achievements that count in another pathway, which shares them with this one.
    """

    held: list[Held] = field(default_factory=list)
    rulings: Rulings = field(default_factory=Rulings)
    elsewhere: Collection[AchievementId] = ()

    @property
    def judged_at(self) -> datetime:
        """Return now, or the newest award's or decision's instant if its machine was ahead."""
        return max([clock.now(), *instants(self.held, self.rulings)])

    def gaining(self, award: Held) -> "Facts":
        """Return what would be so with a further award; the same where it counts elsewhere."""
        if award.achievement_id in self.elsewhere:
            return self
        return replace(self, held=[*self.held, award])


def facts_of(
    session: Session,
    pathway: Pathway,
    expression: Requirement,
    person_ids: Collection[PersonId],
    *,
    without: Collection[UUID] = (),
) -> dict[PersonId, Facts]:
    """Return what these people's standings on a pathway follow from, by this expression.

    Awards that count in another pathway which shares them are left out.

    Args:
        session: of the pathway's institution.
        pathway: which.
        expression: of one of its versions.
        person_ids: whose.
        without: decisions that are to be left out, by id, to see what undoing them would do.
    """
    elsewhere = _counted_elsewhere(session, pathway, person_ids) if pathway.sharing else {}
    here = {stone.achievement_id for stone in stones(expression)}
    found = {
        person_id: Facts(elsewhere=here.intersection(elsewhere.get(person_id, ())))
        for person_id in person_ids
    }
    rows = list(
        session.scalars(
            select(PathwayRuling).where(
                PathwayRuling.pathway_id == pathway.id,
                PathwayRuling.person_id.in_(person_ids),
                PathwayRuling.undone_at.is_(None),
                PathwayRuling.id.not_in(without),
            )
        )
    )
    instead = _that_count(session, {row.award_id for row in rows if row.award_id is not None})
    in_place = set(instead.values())
    for person_id, award in list_held(session, expression, person_ids, besides=in_place):
        if award.achievement_id not in found[person_id].elsewhere or award.award_id in in_place:
            found[person_id].held.append(award)
    by_person: dict[PersonId, list[PathwayRuling]] = defaultdict(list)
    for row in rows:
        by_person[row.person_id].append(row)
    for person_id, own in by_person.items():
        found[person_id].rulings = rulings_for(expression, own, instead)
    return found


def _that_count(session: Session, award_ids: Collection[AwardId]) -> dict[AwardId, AwardId]:
    """Return, per award, the one that counts: itself, or the one that it is a duplicate of."""
    if not award_ids:
        return {}
    return dict(
        session.execute(
            select(Award.id, func.coalesce(Award.duplicate_of_id, Award.id)).where(
                Award.id.in_(award_ids)
            )
        ).all()
    )


def rulings_for(
    expression: Requirement,
    rows: Iterable[PathwayRuling],
    instead: Mapping[AwardId, AwardId],
) -> Rulings:
    """Return decisions as they apply to an expression.

    One about a stone that another version had holds for the stones of the same achievement;
    one about a group holds only for that group.

    Args:
        expression: of the version the person is on.
        rows: decisions that stand.
        instead: per award that one of them names, the award that counts.
    """
    known = {node.id for node in nodes(expression)}
    waived, substitutes = dict(NO_RULINGS.waived), dict(NO_RULINGS.substitutes)
    for row in sorted(rows, key=lambda row: (row.ruled_at, row.id)):
        places = [row.requirement_id] if row.requirement_id in known else []
        if not places and row.achievement_id is not None:
            places = [
                one.id for one in stones(expression) if one.achievement_id == row.achievement_id
            ]
        for place in places:
            if row.award_id is None:
                waived.setdefault(place, row.ruled_at)
            else:
                substitutes.setdefault(place, (instead[row.award_id], row.ruled_at))
    return Rulings(waived=waived, substitutes=substitutes)


def list_held(
    session: Session,
    expression: Requirement,
    person_ids: Collection[PersonId],
    *,
    besides: Collection[AwardId] = (),
) -> list[tuple[PersonId, Held]]:
    """Return the standing awards of what an expression names, and those of these ids."""
    counting = func.coalesce(Award.duplicate_of_id, Award.id).label("counting")
    found = session.execute(
        select(
            Award.person_id,
            Award.id,
            counting,
            Award.achievement_id,
            Award.edition,
            Award.awarded_at,
            func.coalesce(Award.first_valid_until, Award.valid_until).label("valid_until"),
        ).where(
            Award.person_id.in_(person_ids),
            Award.withdrawn_at.is_(None),
            or_(Award.achievement_id.in_(named(expression)), counting.in_(besides)),
        )
    ).all()
    here = {row.id for row in found if row.id == row.counting}
    # A duplicate is a further time at which the award that counts was earned.
    rows = sorted(
        (row for row in found if row.counting in here), key=lambda row: row.id != row.counting
    )
    conditions = list(stones(expression))
    grades = (
        _grades(session, [row.id for row in rows])
        if any(stone.grade_at_least is not None for stone in conditions)
        else {}
    )
    levels = (
        _edition_levels(session, {row.achievement_id for row in rows})
        if any(stone.level_at_least is not None for stone in conditions)
        else {}
    )
    first = {
        row.id: Held(
            award_id=row.counting,
            achievement_id=row.achievement_id,
            awarded_at=row.awarded_at,
            valid_until=row.valid_until,
            grade=grades.get(row.id),
            level=levels.get((row.achievement_id, row.edition)),
        )
        for row in rows
    }
    whose = {row.id: row.person_id for row in rows}
    held = [*first.values(), *_earned_again(session, first)]
    return [(whose[one.award_id], one) for one in held]


def _earned_again(session: Session, first: Mapping[AwardId, Held]) -> Iterator[Held]:
    """Yield the further times at which awards were earned while they stood.

    A pass that no longer is one, or was deleted, is none of them, unless a person decided that the
    award is kept though it is lost. One that was deleted lends no grade then.
    """
    # Which of several awards counts changes when persons are merged or split: the decision stays.
    decided = aliased(Award)
    kept = exists().where(
        decided.id == AwardReview.award_id,
        decided.achievement_id == Award.achievement_id,
        AwardReview.attempt_id == AwardCause.cause_id,
        AwardReview.outcome == "kept",
    )
    rows = session.execute(
        select(
            AwardCause.award_id,
            AwardCause.caused_at,
            AwardCause.valid_until,
            Attempt.points_earned,
            Attempt.points_possible,
        )
        .join(Award, Award.id == AwardCause.award_id)
        .outerjoin(Attempt, Attempt.id == AwardCause.cause_id)
        .where(
            AwardCause.award_id.in_(first),
            AwardCause.renews,
            AwardCause.counts,
            (AwardCause.kind != CauseKind.PASS.value) | Attempt.passed | kept,
        )
        .order_by(AwardCause.caused_at, AwardCause.id)
    )
    for award_id, caused_at, valid_until, earned, possible in rows:
        grade = earned / possible if earned is not None and possible else None
        yield replace(first[award_id], awarded_at=caused_at, valid_until=valid_until, grade=grade)


def _grades(session: Session, award_ids: Collection[AwardId]) -> dict[AwardId, Decimal]:
    """Return the share of points, 0 to 1, of the attempt that first earned each award.

    The best of several, if these are from before awards were renewed.
    """
    rows = session.execute(
        select(AwardCause.award_id, func.max(Attempt.points_earned / Attempt.points_possible))
        .join(Attempt, Attempt.id == AwardCause.cause_id)
        .where(
            AwardCause.award_id.in_(award_ids),
            AwardCause.kind == CauseKind.PASS.value,
            ~AwardCause.renews,
            AwardCause.counts,
            Attempt.points_possible > 0,
        )
        .group_by(AwardCause.award_id)
    )
    return {award_id: best for award_id, best in rows if best is not None}


def level_number(words: str | None) -> int | None:
    """Return the number in the words of a level, such as 6 of "EQF 6"; None without one."""
    numbers = _NUMBER.findall(words or "")
    return int(numbers[-1][:9]) if numbers else None


def levels_now(
    session: Session, achievement_ids: Collection[AchievementId]
) -> dict[AchievementId, int | None]:
    """Return the level that each achievement has in its newest edition."""
    rows = session.execute(
        select(Achievement.id, Achievement.details).where(Achievement.id.in_(achievement_ids))
    )
    return {known: level_number(details.get("level")) for known, details in rows}


def _edition_levels(
    session: Session, achievement_ids: Collection[AchievementId]
) -> dict[tuple[AchievementId, int], int | None]:
    levels = {
        (row.id, row.edition): level_number(row.details.get("level"))
        for row in session.execute(
            select(Achievement.id, Achievement.edition, Achievement.details).where(
                Achievement.id.in_(achievement_ids)
            )
        )
    }
    for row in session.execute(
        select(
            AchievementEdition.achievement_id,
            AchievementEdition.edition,
            AchievementEdition.content,
        ).where(AchievementEdition.achievement_id.in_(achievement_ids))
    ):
        words = row.content["details"].get("level")
        levels[row.achievement_id, row.edition] = level_number(words)
    return levels


def list_sharing(session: Session, pathway: Pathway) -> list[Pathway]:
    """Return the pathways that share awards with this one, itself among them, oldest first."""
    if pathway.sharing is None:
        return [pathway]
    return list(
        session.scalars(
            select(Pathway)
            .where(Pathway.sharing == pathway.sharing)
            .order_by(Pathway.created_at, Pathway.id)
        )
    )


def _counted_elsewhere(
    session: Session, pathway: Pathway, person_ids: Collection[PersonId]
) -> dict[PersonId, set[AchievementId]]:
    """Return, per person, the achievements that count in another pathway of the same sharing.

    A registrar's allocation decides; without one, the oldest pathway that names it, by the
    version the person is on or would begin.
    """
    partners = list_sharing(session, pathway)
    order = {partner.id: number for number, partner in enumerate(partners)}
    names = _named_by_version(session, list(order))
    newest = _newest_versions(session, list(order))
    on_version: dict[tuple[PersonId, PathwayId], PathwayVersionId] = {
        (row.person_id, row.pathway_id): row.version_id
        for row in session.execute(
            select(Progress.person_id, Progress.pathway_id, Progress.version_id).where(
                Progress.person_id.in_(person_ids), Progress.pathway_id.in_(order)
            )
        )
    }
    allocated: dict[tuple[PersonId, AchievementId], PathwayId] = {
        (row.person_id, row.achievement_id): row.pathway_id
        for row in session.execute(
            select(Allocation.person_id, Allocation.achievement_id, Allocation.pathway_id).where(
                Allocation.person_id.in_(person_ids), Allocation.sharing == pathway.sharing
            )
        )
    }
    found: dict[PersonId, set[AchievementId]] = {}
    for person_id in person_ids:
        place: dict[AchievementId, PathwayId] = {}
        for partner_id in order:
            version_id = on_version.get((person_id, partner_id), newest[partner_id])
            for known in names.get(version_id, ()):
                place.setdefault(known, partner_id)
                if allocated.get((person_id, known)) == partner_id:
                    place[known] = partner_id
        # The first that names it holds it, unless the one it was given to names it too.
        found[person_id] = {known for known, where in place.items() if where != pathway.id}
    return found


def _named_by_version(
    session: Session, pathway_ids: Collection[PathwayId]
) -> dict[PathwayVersionId, set[AchievementId]]:
    names: dict[PathwayVersionId, set[AchievementId]] = defaultdict(set)
    for version_id, achievement_id in session.execute(
        select(PathwayStone.version_id, PathwayStone.achievement_id)
        .join(PathwayVersion, PathwayVersion.id == PathwayStone.version_id)
        .where(PathwayVersion.pathway_id.in_(pathway_ids), PathwayStone.is_beside.is_(False))
    ):
        names[version_id].add(achievement_id)
    return names


def _newest_versions(
    session: Session, pathway_ids: Collection[PathwayId]
) -> dict[PathwayId, PathwayVersionId]:
    newest = (
        select(PathwayVersion.pathway_id, func.max(PathwayVersion.number).label("number"))
        .where(PathwayVersion.pathway_id.in_(pathway_ids))
        .group_by(PathwayVersion.pathway_id)
        .subquery()
    )
    return dict(
        session.execute(
            select(PathwayVersion.pathway_id, PathwayVersion.id).join(
                newest,
                and_(
                    newest.c.pathway_id == PathwayVersion.pathway_id,
                    newest.c.number == PathwayVersion.number,
                ),
            )
        ).all()
    )
