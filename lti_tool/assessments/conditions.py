"""Under which conditions an assessment may be taken, and how long. Pure functions.

The published edition says what is allowed; a placement may tighten that, never loosen it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from lti_tool.core.language import phrase

LONGEST_MINUTES = 60 * 24 * 14
MOST_ATTEMPTS = 1000
LARGEST_FACTOR = Decimal(5)
_UNLIMITED = 10**9


class Shown(StrEnum):
    """When something of an ended attempt is shown to its learner; later ones are stricter.

    SETTLED: nothing is left to win by it, after a pass or the last attempt. AFTER_WINDOW: the
    window has closed for everybody, those with more time included.
    """

    AT_ONCE = "at_once"
    SETTLED = "settled"
    AFTER_WINDOW = "after_window"
    NEVER = "never"

    @property
    def strictness(self) -> int:
        """Return how strict it is, from 0."""
        return list(Shown).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an edition allows at most.

    Attributes:
        minutes: time for an attempt; None without a limit.
        max_attempts: None for as many as people like.
        cooldown_minutes: from the end of an attempt to the next.
        answers_shown: when learners see, question by question, what they answered and earned.
        feedback_shown: when they see what was said of them: the author's word on what they chose,
            a marker's comment and levels; never before the answers.
        key_shown: when they see what is right and why; never before the answers.
    """

    minutes: int | None = None
    max_attempts: int | None = None
    cooldown_minutes: int = 0
    answers_shown: Shown = Shown.AT_ONCE
    feedback_shown: Shown = Shown.AT_ONCE
    key_shown: Shown = Shown.SETTLED

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the fields, which are those of the columns they are kept in."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def read(cls, row: object) -> Self:
        """Return what a row says whose columns are named so."""
        return cls.of({name: getattr(row, name) for name in cls.columns()})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return what these values, by their columns' names, come to."""
        return cls(**{**values, **{name: Shown(values[name]) for name in _SHOWN}})


_SHOWN = tuple(field.name for field in fields(Limits) if isinstance(field.default, Shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions(Limits):
    """What holds at one placement.

    Attributes:
        opens_at: the first instant at which an attempt may begin; None for always.
        closes_at: the instant at which no other attempt begins and those without extra time
            end; None for never.
        cuts_extra_time: extra time ends with the window, too.
    """

    opens_at: datetime | None = None
    closes_at: datetime | None = None
    cuts_extra_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why conditions cannot be: the field of `Conditions`, and a sentence for whoever set it."""

    field: str
    sentence: str


def strictest(limits: Limits, wanted: Conditions) -> Conditions:
    """Return what holds where a placement wants `wanted` of an edition that allows `limits`."""
    answers = max(limits.answers_shown, wanted.answers_shown, key=_strictness)
    return Conditions(
        minutes=_least(limits.minutes, wanted.minutes),
        max_attempts=_least(limits.max_attempts, wanted.max_attempts),
        cooldown_minutes=max(limits.cooldown_minutes, wanted.cooldown_minutes),
        answers_shown=answers,
        feedback_shown=max(limits.feedback_shown, wanted.feedback_shown, answers, key=_strictness),
        key_shown=max(limits.key_shown, wanted.key_shown, answers, key=_strictness),
        opens_at=wanted.opens_at,
        closes_at=wanted.closes_at,
        cuts_extra_time=wanted.cuts_extra_time,
    )


def problems(limits: Limits, wanted: Conditions) -> tuple[Problem, ...]:
    """Return what is wrong with conditions that a placement wants; empty for nothing.

    Args:
        limits: what the edition allows.
        wanted: None and zero stand for "as the edition has it".
    """
    found = [Problem(field=name, sentence=told) for name, told in _looser(limits, wanted)]
    opens_at, closes_at = wanted.opens_at, wanted.closes_at
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        found.append(
            Problem(field="closes_at", sentence=phrase("Choose an end after the beginning."))
        )
    found += [
        Problem(
            field=name, sentence=phrase("Nothing closes here: set an end, or choose another time.")
        )
        for name in ("answers_shown", "feedback_shown", "key_shown")
        if getattr(wanted, name) is Shown.AFTER_WINDOW and closes_at is None
    ]
    return tuple(found)


def _looser(limits: Limits, wanted: Conditions) -> list[tuple[str, str]]:
    found = []
    if _or_unlimited(wanted.minutes, limits.minutes) > _or_unlimited(limits.minutes):
        found.append(
            (
                "minutes",
                phrase(
                    "The assessment allows %(minutes)s minutes at most.",
                    minutes=limits.minutes,
                ),
            )
        )
    if _or_unlimited(wanted.max_attempts, limits.max_attempts) > _or_unlimited(limits.max_attempts):
        found.append(
            (
                "max_attempts",
                phrase(
                    "The assessment allows %(max_attempts)s attempts at most.",
                    max_attempts=limits.max_attempts,
                ),
            )
        )
    if 0 < wanted.cooldown_minutes < limits.cooldown_minutes:
        found.append(
            (
                "cooldown_minutes",
                phrase(
                    "The assessment asks for %(cooldown_minutes)s minutes at least.",
                    cooldown_minutes=limits.cooldown_minutes,
                ),
            )
        )
    return found


def _strictness(shown: Shown) -> int:
    return shown.strictness


def _least(*numbers: int | None) -> int | None:
    return min((number for number in numbers if number is not None), default=None)


def _or_unlimited(*numbers: int | None) -> int:
    return next((number for number in numbers if number is not None), _UNLIMITED)


class Bar(StrEnum):
    """Why no attempt can begin."""

    NOT_YET = "not_yet"
    CLOSED = "closed"
    USED_UP = "used_up"
    COOLING = "cooling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """That no attempt can begin, and from when one can; None for never by itself."""

    why: Bar
    until: datetime | None


def barred(
    conditions: Conditions, at: datetime, *, used: int, last_ended_at: datetime | None
) -> Barred | None:
    """Return why a learner cannot begin an attempt at an instant; None when they can.

    Args:
        conditions: of the placement.
        at: the instant.
        used: attempts the learner has begun.
        last_ended_at: when the last of them ended; None before the first.
    """
    opens_at, closes_at = conditions.opens_at, conditions.closes_at
    if conditions.max_attempts is not None and used >= conditions.max_attempts:
        return Barred(why=Bar.USED_UP, until=None)
    free_at = [] if opens_at is None else [opens_at]
    if last_ended_at is not None:
        free_at.append(last_ended_at + timedelta(minutes=conditions.cooldown_minutes))
    until = max(free_at, default=at)
    if closes_at is not None and max(at, until) >= closes_at:
        return Barred(why=Bar.CLOSED, until=None)  # nobody waits for what never comes
    if at >= until:
        return None
    return Barred(why=Bar.NOT_YET if until == opens_at else Bar.COOLING, until=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an attempt's time is made of.

    Attributes:
        minutes: what everybody has; None without a limit.
        factor: of `minutes`, from 1: an accommodation.
        extra_minutes: an accommodation, too.
        granted_minutes: given for this one attempt by whoever teaches.
    """

    minutes: int | None
    factor: Decimal = Decimal(1)
    extra_minutes: int = 0
    granted_minutes: int = 0

    @property
    def extra(self) -> timedelta:
        """Return by how much it is longer than everybody's, to the second."""
        by_factor = (self.minutes or 0) * 60 * (self.factor - 1)
        return timedelta(seconds=int(by_factor), minutes=self.extra_minutes + self.granted_minutes)

    @property
    def total_minutes(self) -> int | None:
        """Return the whole minutes an attempt has that no window cuts; None without a limit."""
        if self.minutes is None:
            return None
        return int((timedelta(minutes=self.minutes) + self.extra).total_seconds() // 60)


def ends_at(started_at: datetime, allowance: Allowance, conditions: Conditions) -> datetime | None:
    """Return when an attempt's time is up, without grace; None for never.

    The window cuts what everybody has. Extra time comes on top of that, unless the placement
    says that the window cuts it as well.
    """
    ends = [] if allowance.minutes is None else [started_at + timedelta(minutes=allowance.minutes)]
    if conditions.closes_at is not None:
        ends.append(conditions.closes_at)
    if not ends:
        return None
    end = min(ends) + allowance.extra
    if conditions.cuts_extra_time and conditions.closes_at is not None:
        return min(end, conditions.closes_at)
    return end


def renewed_end(told: datetime | None, new: datetime | None) -> datetime | None:
    """Return the end of a running attempt after a change: what was promised is not taken back."""
    if told is None or new is None:
        return new
    return max(told, new)


def is_shown(when: Shown, *, is_settled: bool, is_window_over: bool) -> bool:
    """Tell whether something is shown now.

    Args:
        when: what the conditions say of it.
        is_settled: the learner has passed, or has no attempt left.
        is_window_over: the window has closed and nobody is at work any more.
    """
    return {
        Shown.AT_ONCE: True,
        Shown.SETTLED: is_settled or is_window_over,
        Shown.AFTER_WINDOW: is_window_over,
        Shown.NEVER: False,
    }[when]


def is_window_over(
    conditions: Conditions, open_until: Sequence[datetime | None], at: datetime, grace: timedelta
) -> bool:
    """Tell whether the window has closed for everybody.

    Args:
        conditions: of the placement.
        open_until: the ends of the attempts that are open, without grace.
        at: the instant.
        grace: how long after an end answers are still taken.
    """
    if conditions.closes_at is None or at <= conditions.closes_at + grace:
        return False
    return all(end is not None and at > end + grace for end in open_until)
