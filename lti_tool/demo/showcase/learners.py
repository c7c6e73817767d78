"""Who is in the showcase's course: `learners.toml` as values, and when they did what."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lti_tool.demo.showcase.modules import FOUNDATIONS, SOFT_SKILLS

MODULES = (*FOUNDATIONS, *SOFT_SKILLS)
Fate = Literal["pass", "fail", "open", "late", "sent", "marked", "low"]

# How many days ago a module was begun by the quickest.
_DAYS_AGO = dict(zip(MODULES, (52, 41, 30, 16, 24, 12), strict=True))
_BETWEEN_TRIES = timedelta(days=3)
_UNTIL_MARKED = timedelta(days=2, hours=5)
_OPEN_FOR = timedelta(minutes=4)
_QUICKEST, _SPREAD = timedelta(minutes=16), 23
_LATE_SINCE = timedelta(hours=20)


class Learner(BaseModel):
    """One learner, with the fates of their attempts by module."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: tuple[str, str]
    note: str = ""
    featured: bool = False
    left: bool = False
    withdrawn: str | None = None
    describing: tuple[Fate, ...] = ()
    relationships: tuple[Fate, ...] = ()
    inference: tuple[Fate, ...] = ()
    reproducible: tuple[Fate, ...] = ()
    presenting: tuple[Fate, ...] = ()
    teamwork: tuple[Fate, ...] = ()

    def fates(self, module: str) -> tuple[Fate, ...]:
        """Return what became of each attempt at a module."""
        found: tuple[Fate, ...] = getattr(self, module)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One attempt as it is going to happen.

    Attributes:
        learner: number in the list.
        tries: how many attempts at the module went before.
        ends_at: None while it goes on.
        marked_at: None unless a person marks it.
    """

    learner: int
    module: str
    tries: int
    fate: Fate
    begins_at: datetime
    ends_at: datetime | None
    marked_at: datetime | None


class HandedFile(BaseModel):
    """A file that learners send."""

    name: str
    content: str


class Cast(BaseModel):
    """Everybody, and what they write.

    Attributes:
        learners: always in the same order.
        evening: those of the evening school.
        texts: by module, where a person marks.
        file: what is sent where a file is asked for.
        comments: of the marker, by fate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    learners: tuple[Learner, ...]
    evening: tuple[Learner, ...]
    texts: dict[str, str]
    file: HandedFile
    comments: dict[Fate, str]


def read_cast() -> Cast:
    """Return what `learners.toml` and `evening.toml` say."""
    university, evening = (
        tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
        for name in ("learners.toml", "evening.toml")
    )
    return Cast.model_validate(university | {"evening": evening["learners"]})


def plan(learners: Sequence[Learner], now: datetime) -> list[Sitting]:
    """Return all attempts in the order in which they began, the last ones just now."""
    return sorted(_sittings(learners, now), key=lambda sitting: sitting.begins_at)


def _sittings(learners: Sequence[Learner], now: datetime) -> Iterator[Sitting]:
    for number, learner in enumerate(learners):
        for place, module in enumerate(MODULES):
            for tries, fate in enumerate(learner.fates(module)):
                begins_at = now - timedelta(
                    days=_DAYS_AGO[module] - number % 4,
                    hours=(number + 3 * place) % 7,
                    minutes=(7 * number + 11 * place) % 60,
                )
                begins_at += tries * _BETWEEN_TRIES
                slower = timedelta(minutes=(5 * number + 8 * place + 9 * tries) % _SPREAD)
                ends_at: datetime | None = begins_at + _QUICKEST + slower
                marked_at = None
                if fate == "open":
                    begins_at, ends_at = now - _OPEN_FOR, None
                if fate == "late":
                    begins_at, ends_at = now - _LATE_SINCE, None
                if fate in {"marked", "low"}:
                    marked_at = begins_at + _UNTIL_MARKED
                yield Sitting(
                    learner=number,
                    module=module,
                    tries=tries,
                    fate=fate,
                    begins_at=begins_at,
                    ends_at=ends_at,
                    marked_at=marked_at,
                )
