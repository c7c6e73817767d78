"""What all types of question have in common: how they are stored, shown, answered and told."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Annotated, Any, ClassVar, Literal

from markupsafe import Markup
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from lti_tool.assessments import content
from lti_tool.assessments.errors import UnreadableResponseError
from lti_tool.core.language import Figures, Phrase, Worded, phrase

# What a learner may send as one word of an answer, and how many words.
LONGEST_WORD = 20_000
MOST_WORDS = 100

RIGHT, WRONG = Decimal(1), Decimal(0)

OptionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Markdown = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(content.check)
]
# What stands inside a native select, which shows text alone.
PlainText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\n]*$")
]
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]


class Part(BaseModel):
    """Stored as JSON; never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(Part):
    """One answer to choose. `feedback` is for those who chose it, after the attempt."""

    id: OptionId
    text: Markdown
    feedback: Markdown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOption:
    """An option as a learner sees it. `plain` is for controls that show text alone."""

    id: str
    text: Markup
    plain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    """A question as a learner sees it: the classes of this kind have no place for a key.

    Attributes:
        control: which partial template draws its controls.
        hint: what to do, in a few words.
    """

    control: ClassVar[str]

    title: str | None
    stimulus: Markup | None
    stem: Markup
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How right an answer is.

    Attributes:
        share: of the points, 0 to 1.
        needs_marking: a person has to read it; the share is 0 until then.
    """

    share: Decimal
    needs_marking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer in words, for looking back at it.

    Attributes:
        given: what was answered; None for nothing.
        feedback: the author's word on just that.
        key: what would have been right; None where no key exists.
    """

    given: Markup | None
    feedback: Markup | None
    key: Markup | None


class Takes(Part):
    """What an answer to one question of one attempt may consist of.

    It is kept in the attempt's form, so that saving an answer reads no question.

    Attributes:
        takes: one of the options; several of them; a word for each of the places; or
            ids of uploaded files.
        options: ids, in the order in which this attempt shows them.
        places: for each place the ids to choose from, or how long a text may be.
    """

    takes: Literal["one", "several", "places", "files"] = "one"
    options: tuple[str, ...] = ()
    places: tuple[int | tuple[str, ...], ...] = ()

    def check(self, value: Sequence[str]) -> None:
        """Refuse a value that no page of ours sends.

        Raises:
            UnreadableResponseError: it is something else.
        """
        if value and not self._fits(value):
            raise UnreadableResponseError(
                phrase("It is not one of the answers this question offers.")
            )

    def _fits(self, value: Sequence[str]) -> bool:
        if self.takes == "places":
            return len(value) == len(self.places) and all(map(_fits_place, self.places, value))
        if len(set(value)) < len(value):
            return False
        if self.takes == "files":
            return True  # whether they are this attempt's is known where they are kept
        return set(value) <= set(self.options) and (self.takes == "several" or len(value) == 1)


def _fits_place(place: int | tuple[str, ...], word: str) -> bool:
    if isinstance(place, int):
        # PostgreSQL keeps no NUL in JSON, and nobody types one.
        return len(word) <= place and "\0" not in word
    return not word or word in place


class Question(Part, ABC):
    """What every type has.

    Attributes:
        title: a few words to find the question by, shown above it.
        stimulus: the material it is about, if any; questions that follow each other with
            the same material are shown as sharing it.
        stem: the question itself, one paragraph.
        rationale: why the key is right, shown when the key may be.
        references: where to read more, shown with the rationale.
        difficulty: as the author expects it.
    """

    title: Annotated[str, StringConstraints(max_length=200)] | None = None
    stimulus: Markdown | None = None
    stem: Markdown
    rationale: Markdown | None = None
    references: tuple[Markdown, ...] = ()
    difficulty: Literal["easy", "medium", "hard"] | None = None

    @abstractmethod
    def draw(self, random: Random) -> Takes:
        """Return what one attempt offers, in an order of its own where the type has one."""

    @abstractmethod
    def shown(self, order: Sequence[str]) -> ShownItem:
        """Return what a learner may see before the end.

        Args:
            order: `Takes.options` of the attempt.
        """

    @abstractmethod
    def score(self, value: Sequence[str]) -> Score:
        """Return how right a value is that the attempt's `Takes` let through."""

    @abstractmethod
    def told(self, value: Sequence[str]) -> Told:
        """Return a value in words, for looking back at it."""

    def problem(self, value: Sequence[str]) -> str | None:  # noqa: ARG002 - most types know none
        """Return why an answer cannot count in full as it stands, without saying if it is right."""
        return None

    def _head(self) -> dict[str, Any]:
        """Return what all questions show."""
        return {
            "title": self.title,
            "stimulus": content.block(self.stimulus) if self.stimulus else None,
            "stem": content.inline(self.stem),
        }


def shown_options(
    options: Mapping[str, str], order: Sequence[str], *, plain: bool = False
) -> tuple[ShownOption, ...]:
    """Return options in an order.

    Args:
        options: text by id; Markdown unless `plain`.
        order: ids; those of options that are gone are left out.
        plain: the texts are no Markdown.
    """
    return tuple(
        ShownOption(
            id=id_,
            text=listed([options[id_]]) if plain else content.inline(options[id_]),
            plain=options[id_] if plain else content.plain(options[id_]),
        )
        for id_ in order
        if id_ in options
    )


def shuffled(ids: Sequence[str], random: Random) -> tuple[str, ...]:
    """Return the ids in another order, whichever comes."""
    return tuple(random.sample(ids, len(ids)))


def check_unique(ids: Sequence[str], what: str) -> None:
    """Refuse two parts of one id.

    Raises:
        ValueError: there are such.
    """
    if len(set(ids)) < len(ids):
        raise ValueError(f"two {what} have the same id")


def is_blank(value: Sequence[str]) -> bool:
    """Tell whether nothing at all is answered."""
    return not any(word.strip() for word in value)


def listed(lines: Sequence[Markup | str]) -> Markup:
    """Return lines as a list, one alone as itself. Strings are escaped."""
    if any(isinstance(line, Phrase | Figures) for line in lines):
        return Worded(lambda say: _listed([say(line) for line in lines]))
    return _listed(lines)


def _listed(lines: Sequence[Markup | str]) -> Markup:
    if len(lines) == 1:
        return Markup.escape(lines[0])
    rows = Markup().join(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup("<ul>{}</ul>").format(rows)


def feedbacks(texts: Sequence[str | None]) -> Markup | None:
    """Return what authors say, one after the other; None when they say nothing."""
    said = [content.block(text) for text in dict.fromkeys(texts) if text]
    return Markup().join(said) if said else None


def part_shares(right: int, of: int, *, all_or_nothing: bool) -> Score:
    """Return the score for so many right of `of` equal parts."""
    if all_or_nothing:
        return Score(share=RIGHT if right == of else WRONG)
    return Score(share=Decimal(right) / of)
