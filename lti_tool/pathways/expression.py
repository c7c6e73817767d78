"""What a pathway asks for, as a typed tree, and that tree as JSON.

Leaves name achievements; groups say how many of their parts are needed. The tree
is immutable once published: learners stay on the version they began.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, TypeAdapter

from lti_tool.core.ids import AchievementId, new_id

_STRICT_KEYS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Earn:
    """Hold an award of this achievement that counts.

    Attributes:
        credits: what the achievement carries, at least 0; filled in when the
            pathway is published, so that a version never changes its meaning.
        credit_kind: in the author's words, such as "core"; see `CreditsAtLeast.of_kind`.
        grade_at_least: share of the points, over 0 to 1; an award without a grade has none.
        level_at_least: of the edition that was awarded; one without a level has none.
        within_days: for so long after it was made an award counts; None: for good.
        counts_expired: an award counts on after the end of its validity.
        needs: counts only beside a valid award of each of these.
    """

    __pydantic_config__ = _STRICT_KEYS

    achievement_id: AchievementId
    credits: Decimal = Decimal(0)
    credit_kind: str = ""
    grade_at_least: Decimal | None = None
    level_at_least: int | None = None
    within_days: int | None = None
    counts_expired: bool = False
    needs: tuple[AchievementId, ...] = ()
    id: UUID = field(default_factory=new_id)
    kind: Literal["earn"] = "earn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Meet every part.

    Attributes:
        exclusive: an achievement counts toward one of the parts only. They are then stones, or
            groups of stones of which all or some are needed.
    """

    __pydantic_config__ = _STRICT_KEYS

    parts: "tuple[Requirement, ...]"
    exclusive: bool = False
    title: str = ""
    id: UUID = field(default_factory=new_id)
    kind: Literal["all_of"] = "all_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class SomeOf:
    """Meet at least `choose` of the parts; 1 <= choose <= len(parts)."""

    __pydantic_config__ = _STRICT_KEYS

    choose: int
    parts: "tuple[Requirement, ...]"
    title: str = ""
    id: UUID = field(default_factory=new_id)
    kind: Literal["some_of"] = "some_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsOfKind:
    """So many credits, more than 0, from parts whose `credit_kind` is `name`."""

    __pydantic_config__ = _STRICT_KEYS

    name: str
    credits: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsAtLeast:
    """Hold awards among the parts that carry `credits` together; more than 0.

    Attributes:
        of_kind: what some of these credits must be, at most one entry for a kind.
    """

    __pydantic_config__ = _STRICT_KEYS

    credits: Decimal
    parts: tuple[Earn, ...]
    of_kind: tuple[CreditsOfKind, ...] = ()
    title: str = ""
    id: UUID = field(default_factory=new_id)
    kind: Literal["credits_at_least"] = "credits_at_least"


Requirement = Annotated[Earn | AllOf | SomeOf | CreditsAtLeast, Field(discriminator="kind")]

_adapter: TypeAdapter[Requirement] = TypeAdapter(Requirement)


def to_json(expression: Requirement) -> dict[str, Any]:
    """Return the tree as JSON; decimals and ids are text."""
    document: dict[str, Any] = _adapter.dump_python(expression, mode="json")
    return document


def from_json(document: dict[str, Any]) -> Requirement:
    """Return the tree of a document.

    Raises:
        ValueError: it is no such tree (a pydantic ValidationError, naming the places).
    """
    return _adapter.validate_python(document)


def nodes(expression: Requirement) -> Iterator[Requirement]:
    """Yield every requirement, a group before its parts, in display order."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Earn):
            waiting.extend(reversed(node.parts))


def stones(expression: Requirement) -> Iterator[Earn]:
    """Yield every leaf in display order; an achievement may come more than once."""
    return (node for node in nodes(expression) if isinstance(node, Earn))


def named(expression: Requirement) -> set[AchievementId]:
    """Return every achievement that is asked for, as a stone or beside one."""
    return {known for stone in stones(expression) for known in (stone.achievement_id, *stone.needs)}


def renewed(expression: Requirement, change: Callable[[Earn], Earn]) -> Requirement:
    """Return the tree with every leaf changed, and with fresh ids throughout."""
    if isinstance(expression, Earn):
        return replace(change(expression), id=new_id())
    if isinstance(expression, CreditsAtLeast):
        stones_of_it = tuple(replace(change(stone), id=new_id()) for stone in expression.parts)
        return replace(expression, id=new_id(), parts=stones_of_it)
    parts = tuple(renewed(part, change) for part in expression.parts)
    return replace(expression, id=new_id(), parts=parts)
