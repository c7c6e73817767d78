"""Questions that a person marks: long texts and files. They score 0 until somebody has."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from random import Random
from typing import Annotated, ClassVar, Literal, Self

from markupsafe import Markup
from pydantic import Field, model_validator

from lti_tool.assessments import content
from lti_tool.assessments.items.parts import (
    LONGEST_WORD,
    WRONG,
    Markdown,
    OptionId,
    Part,
    PlainText,
    Question,
    Score,
    Share,
    ShownItem,
    Takes,
    Told,
    check_unique,
    is_blank,
    listed,
)
from lti_tool.core.language import phrase, phrases

MEDIA_TYPES = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ipynb": "application/x-ipynb+json",
    "jpg": "image/jpeg",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "py": "text/x-python",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
Suffix = Literal[
    "csv", "docx", "ipynb", "jpg", "odt", "ods", "pdf", "png", "pptx", "py", "txt", "xlsx", "zip"
]


class Level(Part):
    """How well a criterion is met, and the share of its weight that this earns."""

    id: OptionId
    text: Markdown
    share: Share


class Criterion(Part):
    """One thing that markers look at. `weight` is relative to the other criteria's."""

    id: OptionId
    text: PlainText
    weight: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4)] = Decimal(1)
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_unique([level.id for level in self.levels], "levels")
        if all(level.share < 1 for level in self.levels):
            raise ValueError("no level earns all points")
        return self


class _Written(Question):
    """What somebody has to read.

    Attributes:
        rubric: what markers go by; they give points freely without one.
        model_answer: for markers, and for learners when the key may be shown.
    """

    rubric: Annotated[tuple[Criterion, ...], Field(max_length=20)] = ()
    model_answer: Markdown | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_unique([criterion.id for criterion in self.rubric], "criteria")
        return self

    def score(self, value: Sequence[str]) -> Score:
        """Ask for a person, unless there is nothing to read."""
        return Score(share=WRONG, needs_marking=not is_blank(value))

    def _key(self) -> Markup | None:
        return content.block(self.model_answer) if self.model_answer else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLongText(ShownItem):
    """An area to write in."""

    control: ClassVar[str] = "long_text"

    longest: int
    lines: int


class LongText(_Written):
    """An essay, an explanation, code.

    Attributes:
        longest: how many characters at most.
        words: how many words are asked for at least and at most; both are only said.
        lines: how many are seen at first.
    """

    type: Literal["long_text"] = "long_text"
    version: Literal[1] = 1
    longest: Annotated[int, Field(ge=1, le=LONGEST_WORD)] = LONGEST_WORD
    words: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    lines: Annotated[int, Field(ge=2, le=40)] = 10

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - nothing to shuffle
        """Take one text."""
        return Takes(takes="places", places=(self.longest,))

    def shown(self, order: Sequence[str]) -> ShownLongText:  # noqa: ARG002 - no options
        """Show a text area."""
        hint = phrase("Write your answer. A person marks it.")
        if self.words:
            hint = phrase(
                "Write %(words)s to %(words2)s words. A person marks it.",
                words=self.words[0],
                words2=self.words[1],
            )
        return ShownLongText(**self._head(), hint=hint, longest=self.longest, lines=self.lines)

    def told(self, value: Sequence[str]) -> Told:
        """Tell the text as it was written, with its lines."""
        given = None if is_blank(value) else written_text(value[0])
        return Told(given=given, feedback=None, key=self._key())

    def problem(self, value: Sequence[str]) -> str | None:
        """Say when there are fewer or more words than asked for."""
        if self.words is None or is_blank(value):
            return None
        count = len(value[0].split())
        if self.words[0] <= count <= self.words[1]:
            return None
        written = phrases("1 word", "%(num)s words", count)
        return phrase(
            "You have written %(written)s; %(words)s to %(words2)s are asked for.",
            written=written,
            words=self.words[0],
            words2=self.words[1],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFiles(ShownItem):
    """Files to send. `accept` is what the browser offers."""

    control: ClassVar[str] = "files"

    accept: str
    most: int
    largest_mb: int


class FileUpload(_Written):
    """Files made elsewhere: a report, a spreadsheet, a photograph of a drawing.

    Attributes:
        most: how many files.
        largest_mb: how large each may be, in 1,000,000 bytes.
        kinds: by the ends of their names.
    """

    type: Literal["file_upload"] = "file_upload"
    version: Literal[1] = 1
    most: Annotated[int, Field(ge=1, le=10)] = 1
    largest_mb: Annotated[int, Field(ge=1, le=50)] = 10
    kinds: Annotated[tuple[Suffix, ...], Field(min_length=1)] = ("pdf", "docx", "odt", "txt")

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - nothing to shuffle
        """Take files of this attempt."""
        return Takes(takes="files")

    def shown(self, order: Sequence[str]) -> ShownFiles:  # noqa: ARG002 - no options
        """Show a field for files."""
        files = (
            phrase("one file")
            if self.most == 1
            else phrase(
                "up to %(most)s files",
                most=self.most,
            )
        )
        kinds = ", ".join(kind.upper() for kind in self.kinds)
        return ShownFiles(
            **self._head(),
            hint=phrase(
                "Send %(files)s, each up to %(largest_mb)s MB: %(kinds)s. A person marks it.",
                files=files,
                largest_mb=self.largest_mb,
                kinds=kinds,
            ),
            accept=",".join(f".{kind}" for kind in self.kinds),
            most=self.most,
            largest_mb=self.largest_mb,
        )

    def told(self, value: Sequence[str]) -> Told:
        """Tell how many files there are; their names are kept with them."""
        words = phrases("1 file", "%(num)s files", len(value))
        return Told(given=listed([words]) if value else None, feedback=None, key=self._key())

    def problem(self, value: Sequence[str]) -> str | None:
        """Say when there are more files than asked for."""
        if len(value) > self.most:
            return phrase(
                "You have sent %(value)s files; %(most)s are asked for.",
                value=len(value),
                most=self.most,
            )
        return None

    def kind_of(self, name: str) -> Suffix | None:
        """Return which of the kinds asked for a file is by its name; None for another."""
        suffix = PurePath(name).suffix.removeprefix(".").lower()
        suffix = {"jpeg": "jpg"}.get(suffix, suffix)
        return next((kind for kind in self.kinds if kind == suffix), None)


def written_text(text: str) -> Markup:
    """Return plain text with its lines and paragraphs."""
    paragraphs = [part for part in text.strip().split("\n\n") if part.strip()]
    return Markup().join(
        Markup("<p>{}</p>").format(Markup("<br>").join(part.strip().split("\n")))
        for part in paragraphs
    )
