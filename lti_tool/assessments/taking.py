"""An open attempt as its page shows it, and what a form without scripts sends back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from lti_tool.assessments import items
from lti_tool.assessments.items import ShownItem
from lti_tool.assessments.rules import FormItem, Save, Stored
from lti_tool.core.ids import ItemVersionId

# Longer ones are no number of ours, and Python refuses to read thousands of digits.
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the page, with what is saved of it.

    Attributes:
        number: from 1.
        value: id of the saved choice; empty for none.
        sequence: of the server's copy; 0 for none.
    """

    id: ItemVersionId
    number: int
    shown: ShownItem
    points: Decimal
    value: str
    flagged: bool
    sequence: int

    @property
    def was(self) -> str:
        """Return the saved state as the form carries it: what it does not change is not sent."""
        return f"{self.sequence}.{int(self.flagged)}.{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All questions of an attempt, and how far its learner is.

    Attributes:
        title: as the course shows it.
        saved_at: when the newest answer was saved; None before the first.
        closes_at: the end without grace; None without a limit.
        now: when the page was made.
    """

    title: str
    questions: tuple[Question, ...]
    saved_at: datetime | None
    closes_at: datetime | None
    now: datetime

    @property
    def minutes_left(self) -> int | None:
        """Return whole minutes until time is up, not below 0; None without a limit."""
        if self.closes_at is None:
            return None
        return max(0, int((self.closes_at - self.now).total_seconds() // 60))

    @property
    def answered(self) -> int:
        """Return how many questions have an answer."""
        return sum(bool(question.value) for question in self.questions)

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """Return the questions without an answer."""
        return tuple(question for question in self.questions if not question.value)

    @property
    def flagged(self) -> tuple[Question, ...]:
        """Return the questions to come back to."""
        return tuple(question for question in self.questions if question.flagged)

    def numbered(self, word: str) -> int:
        """Return the number of the question that an address or a button names, else 1."""
        number = _read_number(word)
        return number if number is not None and 1 <= number <= len(self.questions) else 1


def lay_out(
    title: str,
    form: Sequence[FormItem],
    responses: Mapping[ItemVersionId, Stored],
    closes_at: datetime | None,
    now: datetime,
) -> Sheet:
    """Return the page of an attempt; no key of any question is on it."""
    questions = []
    for asked in form:
        stored = responses.get(asked.id)
        questions.append(
            Question(
                id=asked.id,
                number=asked.number,
                shown=items.shown(asked.item, asked.order),
                points=asked.points,
                value="".join(stored.value) if stored else "",
                flagged=stored.flagged if stored else False,
                sequence=stored.sequence if stored else 0,
            )
        )
    return Sheet(
        title=title,
        questions=tuple(questions),
        saved_at=max((stored.saved_at for stored in responses.values()), default=None),
        closes_at=closes_at,
        now=now,
    )


def changed_answers(
    asked: Sequence[ItemVersionId], sent: Mapping[str, str], attempt_id: UUID
) -> list[Save]:
    """Return what a form sent by a browser without scripts changes.

    The form carries each question's state as the page showed it (`Question.was`), so
    that an untouched question overwrites nothing another window has saved since. The
    save's id is made of what it says: the same form sent twice is the same save.
    """
    saves = []
    for item_id in asked:
        was = _read_was(sent.get(f"was-{item_id}", ""))
        if was is None:
            continue
        base, was_flagged, was_value = was
        value, flagged = sent.get(f"answer-{item_id}", ""), f"flag-{item_id}" in sent
        if (value, flagged) == (was_value, was_flagged):
            continue
        said = uuid5(NAMESPACE_URL, f"{attempt_id}/{item_id}/{base}/{int(flagged)}/{value}")
        saves.append(
            Save(
                item_version_id=item_id,
                value=(value,) if value else (),
                flagged=flagged,
                save_id=said,
                page_id=said,  # a form is a page of its own: it can have seen only `base`
                sequence=base + 1,
                base=base,
            )
        )
    return saves


def _read_was(word: str) -> tuple[int, bool, str] | None:
    sequence, _, rest = word.partition(".")
    flagged, dot, value = rest.partition(".")
    number = _read_number(sequence)
    return None if number is None or not dot else (number, flagged == "1", value)


def _read_number(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) <= _MOST_DIGITS else None
