"""The typed items of the bank: what is stored, and what of it a learner may see.

An item is stored as JSON in an item version and immutable there; `type` and
`version` say how to read it. The key never leaves the server before it may:
pages are made from `shown`, which has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lti_tool.assessments import content
from lti_tool.assessments.errors import UnreadableResponseError

OptionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Markdown = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(_Part):
    """One answer to choose. `feedback` is for those who chose it, after the attempt."""

    id: OptionId
    text: Markdown
    feedback: Markdown | None = None


class SingleChoice(_Part):
    """A question with one right answer among several.

    Attributes:
        title: a few words to find the question by, shown above it.
        stimulus: the material it is about, if any.
        stem: the question itself, one paragraph.
        key: the id of the right option.
        rationale: why it is right, shown when the key may be.
    """

    type: Literal["single_choice"] = "single_choice"
    version: Literal[1] = 1
    title: Annotated[str, StringConstraints(max_length=200)] | None = None
    stimulus: Markdown | None = None
    stem: Markdown
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=26)]
    key: OptionId
    rationale: Markdown | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ids = [option.id for option in self.options]
        if len(set(ids)) < len(ids):
            raise ValueError("two options have the same id")
        if self.key not in ids:
            raise ValueError("the key is not one of the options")
        return self


# One type now; a further one makes this a union discriminated by `type`.
Item = SingleChoice


def read_item(stored: Any) -> Item:  # noqa: ANN401 - JSON, checked here
    """Return the typed item of an item version's content."""
    return SingleChoice.model_validate(stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOption:
    """An option as a learner sees it."""

    id: str
    text: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    """A question as a learner sees it: without key, feedback and rationale."""

    title: str | None
    stimulus: Markup | None
    stem: Markup
    options: tuple[ShownOption, ...]


def shown(item: Item, order: Sequence[str]) -> ShownItem:
    """Return what a learner may see before the end.

    Args:
        item: the question.
        order: its option ids as this attempt's form has them.
    """
    texts = {option.id: option.text for option in item.options}
    return ShownItem(
        title=item.title,
        stimulus=content.block(item.stimulus) if item.stimulus else None,
        stem=content.inline(item.stem),
        options=tuple(ShownOption(id=id_, text=content.inline(texts[id_])) for id_ in order),
    )


def check_value(offered: Sequence[str], value: Sequence[str]) -> None:
    """Refuse a value that is no answer: at most one of the options offered.

    Raises:
        UnreadableResponseError: it is something else.
    """
    if len(value) > 1 or not set(value) <= set(offered):
        raise UnreadableResponseError("It is not one of the answers this question offers.")


def share_right(item: Item, value: Sequence[str]) -> Decimal:
    """Return how right a value is, 0 to 1; nothing chosen is 0."""
    return Decimal(1) if list(value) == [item.key] else Decimal(0)
