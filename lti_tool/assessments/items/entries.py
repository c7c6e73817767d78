"""Questions answered by writing a few words or a number."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from lti_tool.assessments.items import numbers
from lti_tool.assessments.items.parts import (
    WRONG,
    Markdown,
    OptionId,
    Part,
    PlainText,
    Question,
    Score,
    Share,
    ShownItem,
    ShownOption,
    Takes,
    Told,
    check_unique,
    feedbacks,
    is_blank,
    listed,
    shown_options,
)
from lti_tool.core.language import Figures, joined, phrase

# Letters that people type for one another, or that programs put in for them.
_ALIKE = str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2011\u2013\u2212\xa0", "''\"\"---- ")
LONGEST_ENTRY = 500
LONGEST_NUMBER = 64

Entry = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class TextRules(Part):
    """When two texts are the same. Spaces around and repeated ones never count."""

    case: bool = False
    spaces: bool = True
    accents: bool = True

    def norm(self, text: str) -> str:
        """Return what is left of a text when all that does not count is gone."""
        text = " ".join(unicodedata.normalize("NFC", text).translate(_ALIKE).split())
        if not self.spaces:
            text = text.replace(" ", "")
        if not self.accents:
            parts = unicodedata.normalize("NFD", text)
            text = "".join(sign for sign in parts if unicodedata.category(sign) != "Mn")
        return text if self.case else text.casefold()


class TextAnswer(Part):
    """What somebody may write, what it is worth, and what to tell them then.

    A share of 0 is for a mistake that deserves a word of its own.
    """

    text: Entry
    share: Share = Decimal(1)
    feedback: Markdown | None = None


def check_answers(answers: Sequence[TextAnswer], rules: TextRules) -> None:
    """Refuse answers of which none is right, or that are the same by their rules.

    Raises:
        ValueError: they are such.
    """
    if all(answer.share < 1 for answer in answers):
        raise ValueError("none of the answers earns all points")
    norms = [rules.norm(answer.text) for answer in answers]
    if len(set(norms)) < len(norms) or not all(norms):
        raise ValueError("two of the answers are the same, or one is empty, by these rules")


def find_answer(answers: Sequence[TextAnswer], rules: TextRules, text: str) -> TextAnswer | None:
    """Return the answer that a text is."""
    norm = rules.norm(text)
    return next((answer for answer in answers if rules.norm(answer.text) == norm), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry(ShownItem):
    """A field to write in.

    Attributes:
        inputmode: which keyboard a phone shows.
        unit: stands behind the field.
        units: to choose from, behind the field.
    """

    control: ClassVar[str] = "entry"

    inputmode: Literal["text", "decimal"]
    longest: int
    unit: str | None = None
    units: tuple[ShownOption, ...] = ()


class ShortText(Question):
    """A word or a few, compared with what the author expects.

    Attributes:
        answers: of which at least one earns all points.
        counts: what makes two texts differ: case, spaces between words, accents.
    """

    type: Literal["short_text"] = "short_text"
    version: Literal[1] = 1
    answers: Annotated[tuple[TextAnswer, ...], Field(min_length=1, max_length=50)]
    counts: TextRules = TextRules()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_answers(self.answers, self.counts)
        return self

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - nothing to shuffle
        """Take one text."""
        return Takes(takes="places", places=(LONGEST_ENTRY,))

    def shown(self, order: Sequence[str]) -> ShownEntry:  # noqa: ARG002 - no options
        """Show a field."""
        hint = (
            phrase("Write a word or a few. Capital letters count.")
            if self.counts.case
            else phrase("Write a word or a few.")
        )
        return ShownEntry(**self._head(), hint=hint, inputmode="text", longest=LONGEST_ENTRY)

    def score(self, value: Sequence[str]) -> Score:
        """Give what the answer is worth that was written."""
        found = self._find(value)
        return Score(share=found.share if found else WRONG)

    def told(self, value: Sequence[str]) -> Told:
        """Tell the text as it was written."""
        found = self._find(value)
        return Told(
            given=None if is_blank(value) else listed([value[0]]),
            feedback=feedbacks([found.feedback]) if found else None,
            key=listed([answer.text for answer in self.answers if answer.share == 1]),
        )

    def _find(self, value: Sequence[str]) -> TextAnswer | None:
        return None if is_blank(value) else find_answer(self.answers, self.counts, value[0])


class Unit(Part):
    """A unit to choose. One of it is `factor` of the unit in which the answers are written."""

    id: OptionId
    text: PlainText
    factor: Annotated[Decimal, Field(gt=0, max_digits=30)] = Decimal(1)


Number = Annotated[Decimal, Field(max_digits=30)]


class NumberAnswer(Part):
    """A number that counts, and what it is worth: a value with a tolerance, or a range.

    Attributes:
        value: and `tolerance` on both sides of it, in the answer's unit or as a share of it.
        low, high: both included.
    """

    value: Number | None = None
    tolerance: Annotated[Decimal, Field(ge=0, max_digits=30)] = Decimal(0)
    tolerance_is: Literal["absolute", "relative"] = "absolute"
    low: Number | None = None
    high: Number | None = None
    share: Share = Decimal(1)
    feedback: Markdown | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.value is None) == (self.low is None) or (self.low is None) != (self.high is None):
            raise ValueError("either a value, or low and high")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is above high")
        return self

    def holds(self, number: Decimal) -> bool:
        """Tell whether a number is this answer."""
        if self.value is None:
            return (
                self.low is not None and self.high is not None and self.low <= number <= self.high
            )
        slack = self.tolerance * (abs(self.value) if self.tolerance_is == "relative" else 1)
        return abs(number - self.value) <= slack

    @property
    def words(self) -> str:
        """Return what counts, as people write it."""
        if self.value is None:
            return phrase(
                "%(low)s to %(high)s", low=Figures(f"{self.low:f}"), high=Figures(f"{self.high:f}")
            )
        if not self.tolerance:
            return Figures(f"{self.value:f}")
        slack = self.tolerance
        if self.tolerance_is == "relative":
            return Figures(f"{self.value:f} ± {(slack * 100).normalize():f}%")
        return Figures(f"{self.value:f} ± {slack:f}")


class Numeric(Question):
    """A number, with or without a unit.

    Attributes:
        answers: of which at least one earns all points; the first that holds counts.
        unit: the unit asked for, shown behind the field.
        units: to choose from instead; without one nothing counts.
    """

    type: Literal["numeric"] = "numeric"
    version: Literal[1] = 1
    answers: Annotated[tuple[NumberAnswer, ...], Field(min_length=1, max_length=20)]
    unit: PlainText | None = None
    units: Annotated[tuple[Unit, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_unique([unit.id for unit in self.units], "units")
        if self.unit and self.units:
            raise ValueError("either one unit, or units to choose from")
        if all(answer.share < 1 for answer in self.answers):
            raise ValueError("none of the answers earns all points")
        return self

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - nothing to shuffle
        """Take a number, and a unit where there are several."""
        units = tuple(unit.id for unit in self.units)
        places = (LONGEST_NUMBER, units) if units else (LONGEST_NUMBER,)
        return Takes(takes="places", places=places)

    def shown(self, order: Sequence[str]) -> ShownEntry:  # noqa: ARG002 - units keep their order
        """Show a field, and a select of units where there are several."""
        units = {unit.id: unit.text for unit in self.units}
        return ShownEntry(
            **self._head(),
            hint=phrase("Write a number, such as 1250.5 or 3e8. Choose its unit.")
            if units
            else phrase("Write a number, such as 1250.5 or 3e8."),
            inputmode="decimal",
            longest=LONGEST_NUMBER,
            unit=self.unit,
            units=shown_options(units, tuple(units), plain=True),
        )

    def score(self, value: Sequence[str]) -> Score:
        """Give what the answer is worth that was written."""
        found = self._find(value)
        return Score(share=found.share if found else WRONG)

    def told(self, value: Sequence[str]) -> Told:
        """Tell the number as it was written."""
        found = self._find(value)
        chosen = next((unit.text for unit in self.units if unit.id in value[1:]), self.unit)
        right = [answer.words for answer in self.answers if answer.share == 1]
        base = next((unit.text for unit in self.units if unit.factor == 1), self.unit)
        return Told(
            given=None if is_blank(value) else listed([_with_unit(value[0].strip(), chosen)]),
            feedback=feedbacks([found.feedback]) if found else None,
            key=listed([_with_unit(words, base) for words in right]),
        )

    def problem(self, value: Sequence[str]) -> str | None:
        """Say when it is no number, or its unit is missing."""
        if is_blank(value):
            return None
        if not numbers.readings(self._figures(value[0])):
            return phrase("We cannot read this as a number.")
        return phrase("Choose a unit as well.") if self.units and not value[1] else None

    def _figures(self, text: str) -> str:
        """Return a number without the unit that somebody wrote behind it."""
        return text.strip().removesuffix(self.unit) if self.unit else text

    def _find(self, value: Sequence[str]) -> NumberAnswer | None:
        if is_blank(value) or self.problem(value):
            return None
        factor = next((unit.factor for unit in self.units if unit.id in value[1:]), Decimal(1))
        meant = [number * factor for number in numbers.readings(self._figures(value[0]))]
        return next((answer for answer in self.answers if any(map(answer.holds, meant))), None)


def _with_unit(words: str, unit: str | None) -> str:
    return joined([words, unit]) if unit and not words.endswith(unit) else words
