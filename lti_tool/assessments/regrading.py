"""What scoring by a later edition would change. Pure functions."""

import hashlib
from dataclasses import dataclass
from random import Random

from lti_tool.assessments.items import Item, Takes
from lti_tool.assessments.rules import Outcome
from lti_tool.core.ids import AttemptId, EditionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One learner's result before and after, of those for whom something comes out differently.

    Attributes:
        won: attempts that would pass and did not.
        lost: attempts that passed and would no longer.
    """

    user_id: UserId
    before: Outcome
    after: Outcome
    won: tuple[AttemptId, ...] = ()
    lost: tuple[AttemptId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrade:
    """A dry run.

    Attributes:
        edition_id: the later edition.
        attempts: how many ended attempts it looked at.
        changes: by learner, in no order of names.
        problems: why it cannot be done: questions that ask something else now.
        also: what of the rules changes besides, in sentences.
    """

    edition_id: EditionId
    attempts: int
    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    also: tuple[str, ...] = ()

    @property
    def results_changed(self) -> int:
        """Return how many learners' results change, and with them their grades."""
        return sum(change.before != change.after for change in self.changes)

    @property
    def digest(self) -> str:
        """Return a word that differs whenever the dry run comes out differently."""
        told = [str(self.edition_id), str(self.attempts)]
        told += sorted(repr(change) for change in self.changes)
        return hashlib.sha256("\n".join([*told, *self.problems, *self.also]).encode()).hexdigest()


def can_score(asked: Item, later: Item) -> bool:
    """Tell whether answers to a question can be scored by a later version of it.

    They can while the later one offers just the same to answer; what is right, what it is worth
    and how it is put may have changed.
    """
    return asked.type == later.type and _offered(asked) == _offered(later)


def _offered(item: Item) -> tuple[object, ...]:
    takes: Takes = item.draw(Random(0))  # noqa: S311 - the order does not matter here
    places = tuple(frozenset(place) if isinstance(place, tuple) else None for place in takes.places)
    return takes.takes, frozenset(takes.options), places
