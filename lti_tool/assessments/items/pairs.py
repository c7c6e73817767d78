"""Questions that bring things together: matching, categorising, ordering. No dragging needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Annotated, ClassVar, Literal, Self

from markupsafe import Markup
from pydantic import Field, model_validator

from lti_tool.assessments import content
from lti_tool.assessments.items.gaps import open_places
from lti_tool.assessments.items.parts import (
    Markdown,
    Option,
    OptionId,
    Part,
    PlainText,
    Question,
    Score,
    ShownItem,
    ShownOption,
    Takes,
    Told,
    check_unique,
    feedbacks,
    is_blank,
    listed,
    part_shares,
    shown_options,
    shuffled,
)
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPairs(ShownItem):
    """Rows, each with a select of the same choices."""

    control: ClassVar[str] = "pairs"

    rows: tuple[ShownOption, ...]
    choices: tuple[ShownOption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrdering(ShownItem):
    """Options to bring into an order: a select for each place; a script makes buttons of them."""

    control: ClassVar[str] = "ordering"

    options: tuple[ShownOption, ...]


class Choice(Part):
    """What a row may be given. `feedback` is a row's, not a choice's."""

    id: OptionId
    text: PlainText


class Row(Part):
    """A row. `key` is the id of its right choice; `feedback` is for those who missed it."""

    id: OptionId
    text: Markdown
    key: OptionId
    feedback: Markdown | None = None


class _Pairs(Question):
    """Rows that are each given one choice, and count the same.

    Attributes:
        credit: whether each row earns its part, or only all together.
    """

    rows: Annotated[tuple[Row, ...], Field(min_length=2, max_length=30)]
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=30)]
    credit: Literal["each", "all_or_nothing"] = "each"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_unique([row.id for row in self.rows], "rows")
        ids = [choice.id for choice in self.choices]
        check_unique(ids, "choices")
        if not {row.key for row in self.rows} <= set(ids):
            raise ValueError("a key is not one of the choices")
        return self

    def score(self, value: Sequence[str]) -> Score:
        """Count the rows that are right."""
        counting = self._counting(value)
        right = sum(row.key == word for row, word in zip(self.rows, counting, strict=False))
        return part_shares(right, len(self.rows), all_or_nothing=self.credit == "all_or_nothing")

    def told(self, value: Sequence[str]) -> Told:
        """Tell each row with its choice."""
        blank = is_blank(value)
        missed = [r for r, word in zip(self.rows, value, strict=blank is False) if r.key != word]
        return Told(
            given=None if blank else self._lines(value),
            feedback=feedbacks([row.feedback for row in missed]),
            key=self._lines([row.key for row in self.rows]),
        )

    def problem(self, value: Sequence[str]) -> str | None:
        """Say how many rows are open when some are not."""
        return open_places(value)

    def _counting(self, value: Sequence[str]) -> Sequence[str]:
        return value

    def _lines(self, value: Sequence[str]) -> Markup:
        texts = {choice.id: choice.text for choice in self.choices}
        return listed(
            [
                Markup("{}: <strong>{}</strong>").format(
                    content.inline(row.text), texts.get(word, "…")
                )
                for row, word in zip(self.rows, value, strict=True)
            ]
        )

    def _shown_rows(self) -> tuple[ShownOption, ...]:
        rows = {row.id: row.text for row in self.rows}
        return shown_options(rows, tuple(rows))

    def _takes(self, order: tuple[str, ...]) -> Takes:
        return Takes(takes="places", options=order, places=(order,) * len(self.rows))

    def _shown_choices(self, order: Sequence[str]) -> tuple[ShownOption, ...]:
        return shown_options({choice.id: choice.text for choice in self.choices}, order, plain=True)


class Matching(_Pairs):
    """Rows to match with choices, of which there may be more than rows.

    Attributes:
        once: each choice fits one row; chosen for several, it counts for none of them.
    """

    type: Literal["matching"] = "matching"
    version: Literal[1] = 1
    once: bool = True

    @model_validator(mode="after")
    def _fits_once(self) -> Self:
        if self.once and len({row.key for row in self.rows}) < len(self.rows):
            raise ValueError("a choice that fits one row is the key of two")
        return self

    def draw(self, random: Random) -> Takes:
        """Offer the choices shuffled: authors write them beside their rows."""
        return self._takes(shuffled([choice.id for choice in self.choices], random))

    def shown(self, order: Sequence[str]) -> ShownPairs:
        """Show a select for each row."""
        return ShownPairs(
            **self._head(),
            hint=phrase("Choose for each row. Each choice fits one row.")
            if self.once
            else phrase("Choose for each row."),
            rows=self._shown_rows(),
            choices=self._shown_choices(order),
        )

    def problem(self, value: Sequence[str]) -> str | None:
        """Say when a choice is taken twice, or rows are open."""
        if self.once and _repeated(value):
            return phrase("One choice is taken for several rows. It counts for none of them.")
        return open_places(value)

    def _counting(self, value: Sequence[str]) -> Sequence[str]:
        repeated = _repeated(value) if self.once else set()
        return ["" if word in repeated else word for word in value]


class Categorising(_Pairs):
    """Rows to put into categories, which are the choices."""

    type: Literal["categorising"] = "categorising"
    version: Literal[1] = 1

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - categories keep the author's order
        """Offer the categories."""
        return self._takes(tuple(choice.id for choice in self.choices))

    def shown(self, order: Sequence[str]) -> ShownPairs:
        """Show a select for each row."""
        return ShownPairs(
            **self._head(),
            hint=phrase("Choose a category for each row."),
            rows=self._shown_rows(),
            choices=self._shown_choices(order),
        )


class Ordering(Question):
    """Options to bring into the author's order.

    Attributes:
        options: in the right order.
        credit: `places`: each option in its place earns a part; `neighbours`: each option
            that comes right after the one before it, so that one slip does not cost all
            that follows; `all_or_nothing`.
    """

    type: Literal["ordering"] = "ordering"
    version: Literal[1] = 1
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=20)]
    credit: Literal["places", "neighbours", "all_or_nothing"] = "neighbours"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_unique(self._key(), "options")
        return self

    def draw(self, random: Random) -> Takes:
        """Offer the options in any order but the right one."""
        key = self._key()
        order = shuffled(key, random)
        while order == key:
            order = shuffled(key, random)
        return Takes(takes="places", options=order, places=(order,) * len(order))

    def shown(self, order: Sequence[str]) -> ShownOrdering:
        """Show the options as drawn."""
        texts = {option.id: option.text for option in self.options}
        return ShownOrdering(
            **self._head(), hint=phrase("Put these in order."), options=shown_options(texts, order)
        )

    def score(self, value: Sequence[str]) -> Score:
        """Give credit by the item's rule; an option put at two places counts at neither."""
        key = self._key()
        repeated = _repeated(value)
        placed = ["" if word in repeated else word for word in value]
        if self.credit == "neighbours":
            right = set(pairwise(key))
            hits = sum(pair in right for pair in pairwise(placed))
            return part_shares(hits, len(key) - 1, all_or_nothing=False)
        hits = sum(a == b for a, b in zip(key, placed, strict=False))
        return part_shares(hits, len(key), all_or_nothing=self.credit == "all_or_nothing")

    def told(self, value: Sequence[str]) -> Told:
        """Tell the options in the order given."""
        key = self._key()
        misplaced = {a for a, b in zip(key, value, strict=False) if a != b}
        return Told(
            given=None if is_blank(value) else self._lines(value),
            feedback=feedbacks([o.feedback for o in self.options if o.id in misplaced]),
            key=self._lines(key),
        )

    def problem(self, value: Sequence[str]) -> str | None:
        """Say when an option is at two places, or places are open."""
        if _repeated(value):
            return phrase("One of them stands at two places. It counts at neither.")
        return open_places(value)

    def _key(self) -> tuple[str, ...]:
        return tuple(option.id for option in self.options)

    def _lines(self, ids: Sequence[str]) -> Markup:
        texts = {option.id: content.inline(option.text) for option in self.options}
        lines = [Markup("<li>{}</li>").format(texts.get(id_, "…")) for id_ in ids]
        return Markup("<ol>{}</ol>").format(Markup().join(lines))


def _repeated(value: Sequence[str]) -> set[str]:
    return {word for word in value if word and value.count(word) > 1}
