"""Which awards count toward which stones at an instant, until when, and why one does not. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways.expression import Earn, Requirement, stones


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An award that stands; one that was earned again is held again, under the same id.

    Attributes:
        awarded_at: aware, as is `valid_until`; None: without end.
        grade: the share of points that earned it, 0 to 1; None: it was not by points.
        level: of its edition.
    """

    award_id: AwardId
    achievement_id: AchievementId
    awarded_at: datetime
    valid_until: datetime | None = None
    grade: Decimal | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulings:
    """What was decided for one person on one pathway.

    Attributes:
        waived: requirements, stones or groups, that need not be met, and since when.
        substitutes: per stone an award that counts there in its achievement's place while it
            is valid, and since when it does; the award is among those held.
    """

    waived: Mapping[UUID, datetime] = field(default_factory=lambda: MappingProxyType({}))
    substitutes: Mapping[UUID, tuple[AwardId, datetime]] = field(
        default_factory=lambda: MappingProxyType({})
    )


NO_RULINGS = Rulings()

# Why a stone is not there: no award, or what is wrong with the best of them; or the achievement
# counts toward another part of an exclusive group.
Why = Literal["absent", "expired", "too_old", "grade", "level", "needs", "elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What counts `at` an instant.

    Attributes:
        awards: per stone the awards that count toward it; a stone without any is left out.
        own: per achievement the awards there are, whether they count or not.
        present: achievements of which a valid award is held, or for which a decision stands.
        waiting: stones that would count if what they need beside them were present.
        waived: requirements that are waived by then.
    """

    awards: Mapping[UUID, tuple[Held, ...]]
    own: Mapping[AchievementId, Sequence[Held]]
    at: datetime
    present: Collection[AchievementId]
    waiting: Collection[UUID]
    waived: Collection[UUID]


def count(
    expression: Requirement,
    held: Collection[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
) -> Counted:
    """Return what counts toward the stones of an expression, wherever each stands in it."""
    by_achievement: dict[AchievementId, list[Held]] = {}
    for award in held:
        if award.awarded_at <= at:
            by_achievement.setdefault(award.achievement_id, []).append(award)
    present = {
        known
        for known, awards in by_achievement.items()
        if any(award.valid_until is None or at < award.valid_until for award in awards)
    }
    in_place = _in_place(held, at, rulings)
    waived = {known for known, since in rulings.waived.items() if since <= at}
    if in_place or waived:
        present.update(
            stone.achievement_id
            for stone in stones(expression)
            if stone.id in waived or stone.id in in_place
        )
    awards: dict[UUID, tuple[Held, ...]] = {}
    waiting: set[UUID] = set()
    for stone in stones(expression):
        own = by_achievement.get(stone.achievement_id)
        if own is None:
            continue
        good = tuple([award for award in own if lack(stone, award, at) is None])
        if not good:
            continue
        if stone.needs and not present.issuperset(stone.needs):
            waiting.add(stone.id)
        else:
            awards[stone.id] = good
    for stone_id, others in in_place.items():
        own_awards = awards.get(stone_id, ())
        awards[stone_id] = (*own_awards, *(one for one in others if one not in own_awards))
    return Counted(
        awards=awards,
        own=by_achievement,
        at=at,
        present=present,
        waiting=waiting,
        waived=waived,
    )


def _in_place(
    held: Collection[Held], at: datetime, rulings: Rulings
) -> dict[UUID, tuple[Held, ...]]:
    """Return, per stone, what counts there by a decision."""
    found = {
        stone_id: tuple(
            [one for one in held if one.award_id == award_id and _is_valid(one, at)]
            if since <= at
            else ()
        )
        for stone_id, (award_id, since) in rulings.substitutes.items()
    }
    return {stone_id: others for stone_id, others in found.items() if others}


def why_not(stone: Earn, counted: Counted) -> tuple[Why, Held | None]:
    """Return why no award counts toward a stone, and the one that comes nearest to it.

    That is one that lacks nothing but what stands beside it, else one that only time has taken,
    the latest; else the one of the best grade and level.
    """
    own, at = counted.own.get(stone.achievement_id), counted.at
    if own is None:
        return "absent", None
    for award in own:
        if lack(stone, award, at) is None:
            return "needs", award
    timeless = replace(stone, within_days=None, counts_expired=True)
    late = [award for award in own if lack(timeless, award, at) is None]
    if late:
        nearest = max(late, key=lambda one: (ends_at(stone, one) or at, one.awarded_at))
        return lack(stone, nearest, at) or "expired", nearest
    best = max(own, key=lambda one: (one.grade is not None, one.grade or 0, one.level or 0))
    return lack(timeless, best, at) or "grade", best


def ends_at(stone: Earn, award: Held) -> datetime | None:
    """Return when an award ceases to count toward a stone by itself, None if it never does."""
    ends = []
    if award.valid_until is not None and not stone.counts_expired:
        ends.append(award.valid_until)
    if stone.within_days is not None:
        ends.append(award.awarded_at + timedelta(days=stone.within_days))
    return min(ends, default=None)


def instants(held: Collection[Held], rulings: Rulings = NO_RULINGS) -> Iterator[datetime]:
    """Yield when something may begin to count: awards and decisions, in no order."""
    yield from (award.awarded_at for award in held)
    yield from rulings.waived.values()
    yield from (since for _, since in rulings.substitutes.values())


def changes_after(
    expression: Requirement,
    held: Collection[Held],
    at: datetime,
    rulings: Rulings = NO_RULINGS,
) -> datetime | None:
    """Return the next instant at which time alone may change what counts, or None.

    Where an award was earned again before it ended, that end changes nothing.
    """
    by_achievement: dict[AchievementId, list[Held]] = {}
    for award in held:
        by_achievement.setdefault(award.achievement_id, []).append(award)
    in_place = {award_id for award_id, _ in rulings.substitutes.values()}
    valid = [one for need in _needs(expression) for one in by_achievement.get(need, ())]
    valid += [award for award in held if award.award_id in in_place]
    ends = [
        award.valid_until
        for award in valid
        if award.valid_until is not None
        and not any(
            one.award_id == award.award_id and _is_valid(one, award.valid_until) for one in valid
        )
    ]
    for stone in stones(expression):
        own = by_achievement.get(stone.achievement_id, ())
        for award in own:
            end = ends_at(stone, award)
            if end is not None and not any(
                one.award_id == award.award_id
                and one.awarded_at <= end
                and lack(stone, one, end) is None
                for one in own
                if one is not award
            ):
                ends.append(end)
    return min((end for end in ends if end > at), default=None)


def _needs(expression: Requirement) -> set[AchievementId]:
    return {need for stone in stones(expression) for need in stone.needs}


def lack(stone: Earn, award: Held, at: datetime) -> Why | None:
    """Return which condition of a stone an award does not meet, None if it meets all."""
    if award.valid_until is not None and at >= award.valid_until and not stone.counts_expired:
        return "expired"
    if stone.within_days is not None and at >= award.awarded_at + timedelta(stone.within_days):
        return "too_old"
    if stone.grade_at_least is not None and (
        award.grade is None or award.grade < stone.grade_at_least
    ):
        return "grade"
    if stone.level_at_least is not None and (
        award.level is None or award.level < stone.level_at_least
    ):
        return "level"
    return None


def _is_valid(award: Held, at: datetime) -> bool:
    return award.awarded_at <= at and (award.valid_until is None or at < award.valid_until)
