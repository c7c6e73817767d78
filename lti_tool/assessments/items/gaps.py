"""Texts with gaps, to fill in by writing or by choosing.

The author writes `[[name]]` in the text where a gap is, once for each gap.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, ClassVar, Literal, Self

from markupsafe import Markup
from pydantic import Field, model_validator

from lti_tool.assessments import content
from lti_tool.assessments.items.entries import (
    LONGEST_ENTRY,
    TextAnswer,
    TextRules,
    check_answers,
    find_answer,
)
from lti_tool.assessments.items.parts import (
    RIGHT,
    WRONG,
    Markdown,
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
    part_shares,
    shown_options,
)
from lti_tool.core.language import phrase

_NAMED = re.compile(r"\[\[([A-Za-z0-9_-]{1,32})\]\]")
# Stands in for a gap while Markdown becomes HTML: no sign of any language, and no markup.
_MARK = re.compile("\ue000(\\d+)\ue001")
_INSIDE_A_TAG = re.compile("<[^<>]*\ue000")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGap:
    """A gap: something to choose from, or a field when there is nothing."""

    number: int
    options: tuple[ShownOption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGaps(ShownItem):
    """A text in pieces: the gap after each, None after the last. Only together they are HTML."""

    control: ClassVar[str] = "gaps"

    pieces: tuple[tuple[Markup, ShownGap | None], ...]
    longest: int = LONGEST_ENTRY

    @property
    def gaps(self) -> int:
        """Return how many gaps there are."""
        return len(self.pieces) - 1


class _GapText(Question):
    """A text with gaps that count the same.

    Attributes:
        text: Markdown with `[[name]]` for each gap.
        credit: whether each gap earns its part, or only all together.
    """

    text: Markdown
    credit: Literal["each", "all_or_nothing"] = "each"

    def _check_text(self, names: Sequence[str]) -> None:
        check_unique(names, "gaps")
        if sorted(_NAMED.findall(self.text)) != sorted(names):
            raise ValueError("the text names each gap once, as [[name]], and no other")
        html = self._html(names)
        if _INSIDE_A_TAG.search(html) or len(_MARK.findall(html)) != len(names):
            raise ValueError("a gap stands in a link or an image")

    @property
    def names(self) -> list[str]:
        """Return the gaps in the order of the text, which is the order of an answer's words."""
        return _NAMED.findall(self.text)

    def _html(self, names: Sequence[str]) -> Markup:
        order = {name: number for number, name in enumerate(names)}
        return content.block(_NAMED.sub(lambda m: f"\ue000{order[m[1]]}\ue001", self.text))

    def _pieces(
        self, options: Sequence[tuple[ShownOption, ...]]
    ) -> tuple[tuple[Markup, ShownGap | None], ...]:
        # Text and number by turns, as `split` gives them; the HTML was made safe as a whole.
        parts = _MARK.split(self._html(self.names))
        gaps = [ShownGap(number=int(n) + 1, options=options[int(n)]) for n in parts[1::2]]
        return tuple(zip(map(Markup, parts[::2]), [*gaps, None], strict=True))

    def _filled(self, words: Sequence[str]) -> Markup:
        """Return the text with words in its gaps."""
        return Markup().join(
            piece
            + (Markup("<strong>{}</strong>").format(words[gap.number - 1] or "…") if gap else "")
            for piece, gap in self._pieces([()] * len(words))
        )

    def problem(self, value: Sequence[str]) -> str | None:
        """Say how many gaps are open when some are filled."""
        return open_places(value)


def open_places(value: Sequence[str]) -> str | None:
    """Return how many places of an answer that was begun have no answer."""
    left = sum(not word.strip() for word in value)
    return (
        phrase(
            "%(left)s of %(value)s still open.",
            left=left,
            value=len(value),
        )
        if left and not is_blank(value)
        else None
    )


class Gap(Part):
    """A gap to write in."""

    id: OptionId
    answers: Annotated[tuple[TextAnswer, ...], Field(min_length=1, max_length=50)]


class FillInBlanks(_GapText):
    """A text with gaps to write in."""

    type: Literal["fill_in_blanks"] = "fill_in_blanks"
    version: Literal[1] = 1
    gaps: Annotated[tuple[Gap, ...], Field(min_length=1, max_length=30)]
    counts: TextRules = TextRules()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._check_text([gap.id for gap in self.gaps])
        for gap in self.gaps:
            check_answers(gap.answers, self.counts)
        return self

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - nothing to shuffle
        """Take a text for each gap."""
        return Takes(takes="places", places=(LONGEST_ENTRY,) * len(self.gaps))

    def shown(self, order: Sequence[str]) -> ShownGaps:  # noqa: ARG002 - no options
        """Show a field in each gap."""
        return ShownGaps(
            **self._head(),
            hint=phrase("Fill in each gap."),
            pieces=self._pieces([()] * len(self.gaps)),
        )

    def score(self, value: Sequence[str]) -> Score:
        """Give each gap what its text is worth, in equal parts of the whole."""
        if is_blank(value):
            return Score(share=WRONG)
        found = self._found(value)
        shares = [answer.share if answer else WRONG for answer in found]
        if self.credit == "all_or_nothing":
            return part_shares(shares.count(RIGHT), len(shares), all_or_nothing=True)
        return Score(share=sum(shares, WRONG) / len(shares))

    def told(self, value: Sequence[str]) -> Told:
        """Tell the text with what was written."""
        gaps = self._in_order()
        right = [next(a.text for a in gap.answers if a.share == 1) for gap in gaps]
        return Told(
            given=None if is_blank(value) else self._filled(value),
            feedback=None
            if is_blank(value)
            else feedbacks([answer.feedback if answer else None for answer in self._found(value)]),
            key=self._filled(right),
        )

    def _in_order(self) -> list[Gap]:
        gaps = {gap.id: gap for gap in self.gaps}
        return [gaps[name] for name in self.names]

    def _found(self, value: Sequence[str]) -> list[TextAnswer | None]:
        return [
            find_answer(gap.answers, self.counts, word) if word.strip() else None
            for gap, word in zip(self._in_order(), value, strict=True)
        ]


class InlineOption(Part):
    """Words to choose for a gap. `feedback` is for those who chose them."""

    id: OptionId
    text: PlainText
    feedback: Markdown | None = None


class InlineGap(Part):
    """A gap to choose for. `key` is the id of the right option."""

    id: OptionId
    options: Annotated[tuple[InlineOption, ...], Field(min_length=2, max_length=26)]
    key: OptionId

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ids = [option.id for option in self.options]
        check_unique(ids, "options")
        if self.key not in ids:
            raise ValueError("the key is not one of the options")
        return self


class InlineChoice(_GapText):
    """A text with gaps to choose for."""

    type: Literal["inline_choice"] = "inline_choice"
    version: Literal[1] = 1
    gaps: Annotated[tuple[InlineGap, ...], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._check_text([gap.id for gap in self.gaps])
        return self

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - options keep the author's order
        """Offer each gap its options."""
        places = tuple(tuple(option.id for option in gap.options) for gap in self._in_order())
        return Takes(takes="places", places=places)

    def shown(self, order: Sequence[str]) -> ShownGaps:  # noqa: ARG002 - options belong to gaps
        """Show a select in each gap."""
        options = []
        for gap in self._in_order():
            texts = {option.id: option.text for option in gap.options}
            options.append(shown_options(texts, tuple(texts), plain=True))
        return ShownGaps(
            **self._head(), hint=phrase("Choose for each gap."), pieces=self._pieces(options)
        )

    def score(self, value: Sequence[str]) -> Score:
        """Count the gaps that are right."""
        gaps = self._in_order()
        right = sum(gap.key == word for gap, word in zip(gaps, value, strict=False))
        return part_shares(right, len(gaps), all_or_nothing=self.credit == "all_or_nothing")

    def told(self, value: Sequence[str]) -> Told:
        """Tell the text with what was chosen."""
        gaps = self._in_order()
        blank = is_blank(value)
        chosen = [] if blank else [_option(gap, w) for gap, w in zip(gaps, value, strict=True)]
        key = [option.text for gap in gaps for option in gap.options if option.id == gap.key]
        return Told(
            given=None if blank else self._filled([o.text if o else "" for o in chosen]),
            feedback=feedbacks([option.feedback if option else None for option in chosen]),
            key=self._filled(key),
        )

    def _in_order(self) -> list[InlineGap]:
        gaps = {gap.id: gap for gap in self.gaps}
        return [gaps[name] for name in self.names]


def _option(gap: InlineGap, id_: str) -> InlineOption | None:
    return next((option for option in gap.options if option.id == id_), None)
