"""What a script sends while an attempt is taken."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from lti_tool.assessments.attention import Report
from lti_tool.assessments.items import LONGEST_WORD, MOST_WORDS, is_blank
from lti_tool.assessments.rules import Save
from lti_tool.core.ids import ItemVersionId

# As wide as the column.
Sequence = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _whole(word: object) -> object:
    """Write a sign for half a character, as browsers do in forms; PostgreSQL holds none.

    A box that takes no more may have cut the last one of what was typed in two.
    """
    if not isinstance(word, str) or word.isascii():
        return word
    return word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# What of it a question takes is decided by the attempt's form (`items.Takes`).
Word = Annotated[str, BeforeValidator(_whole), StringConstraints(max_length=LONGEST_WORD)]


class ResponseSave(BaseModel):
    """One answer, as JSON. See `rules.Save`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item_version_id: UUID
    value: Annotated[tuple[Word, ...], Field(max_length=MOST_WORDS)]
    flagged: bool
    save_id: UUID
    page_id: UUID
    sequence: Annotated[Sequence, Field(ge=1)]
    base: Sequence

    def to_save(self) -> Save:
        """Return it as the rules know it."""
        return Save(
            item_version_id=ItemVersionId(self.item_version_id),
            value=() if is_blank(self.value) else self.value,
            flagged=self.flagged,
            save_id=self.save_id,
            page_id=self.page_id,
            sequence=self.sequence,
            base=self.base,
        )


_DAY_MS = 24 * 60 * 60 * 1000


class AttentionReport(BaseModel):
    """What a page has shown since it last said so, as JSON. See `attention.Report`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_id: UUID
    shown_ms: Annotated[
        dict[Annotated[int, Field(ge=1, le=500)], Annotated[int, Field(ge=0, le=_DAY_MS)]],
        Field(max_length=500),
    ]

    def to_report(self) -> Report:
        """Return it as the service knows it."""
        return Report(page_id=self.page_id, shown_ms=self.shown_ms)
