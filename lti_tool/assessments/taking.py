"""An open attempt as its page shows it, and what a form without scripts sends back. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import TypeAdapter, ValidationError

from lti_tool.assessments.attention import LONGEST_LOOK
from lti_tool.assessments.errors import UnreadableResponseError
from lti_tool.assessments.items import LONGEST_WORD, MOST_WORDS, ShownItem, is_blank
from lti_tool.assessments.rules import FormItem, Save, Stored
from lti_tool.core.ids import ItemVersionId
from lti_tool.core.language import phrase

# Longer ones are no number of ours, and Python refuses to read thousands of digits.
_MOST_DIGITS = 9
_INSTANT_DIGITS = 10
_LONGEST_CARRIED = 500
_WORDS = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the page, with what is saved of it.

    Attributes:
        number: from 1.
        value: the saved answer, as `items` has it; empty for none.
        problem: why it cannot count in full as it stands; None for no reason.
        sequence: of the server's copy; 0 for none.
        files: names of the files that are the answer, by id.
        material: what to call the stimulus, as questions that follow each other share it.
        language: in which its author wrote; empty where nobody said.
    """

    id: ItemVersionId
    number: int
    shown: ShownItem
    points: Decimal
    value: tuple[str, ...]
    problem: str | None
    flagged: bool
    sequence: int
    material: str
    files: Mapping[str, str]
    language: str

    @property
    def was(self) -> str:
        """Return the saved state as the form carries it: what it does not change is not sent."""
        return f"{self.sequence}.{int(self.flagged)}.{_written(self.value)}"

    def word(self, place: int) -> str:
        """Return the saved word of a place, from 0; empty for none."""
        return self.value[place] if place < len(self.value) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All questions of an attempt, and how far its learner is.

    Attributes:
        title: as the course shows it.
        saved_at: when the newest answer was saved; None before the first.
        closes_at: the end without grace; None without a limit.
        now: when the page was made.
        is_trial: nothing of it is kept.
        seen: numbers of questions that were in view before.
        is_whole: all questions are shown, one below the other.
    """

    title: str
    questions: tuple[Question, ...]
    saved_at: datetime | None
    closes_at: datetime | None
    now: datetime
    is_trial: bool = False
    seen: frozenset[int] = frozenset()
    is_whole: bool = False

    def is_unseen(self, question: Question, number: int) -> bool:
        """Tell whether a question has not been looked at, while the page shows one of a number."""
        is_known = question.number in self.seen or question.sequence > 0
        return not (is_known or self.is_whole or question.number == number)

    def shown(self, number: int) -> str:
        """Return which question a page shows and since when, as its form carries it."""
        if self.is_whole:
            return ""  # nobody knows which one is read
        return f"{number}.{int(self.now.timestamp())}"

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
    def problems(self) -> tuple[Question, ...]:
        """Return the questions whose answers cannot count in full as they stand."""
        return tuple(question for question in self.questions if question.problem)

    @property
    def flagged(self) -> tuple[Question, ...]:
        """Return the questions to come back to."""
        return tuple(question for question in self.questions if question.flagged)

    def numbered(self, word: str) -> int:
        """Return the number of the question that an address or a button names, else 1."""
        number = _read_number(word)
        return number if number is not None and 1 <= number <= len(self.questions) else 1


def lay_out(  # noqa: PLR0913 - all that the page is made of
    title: str,
    form: Sequence[FormItem],
    responses: Mapping[ItemVersionId, Stored],
    closes_at: datetime | None,
    now: datetime,
    *,
    files: Mapping[str, str] | None = None,
    language: str = "",
) -> Sheet:
    """Return the page of an attempt; no key of any question is on it.

    Args:
        title: as the course shows it.
        form: the attempt's questions.
        responses: what is saved of them.
        closes_at: the end without grace; None without a limit.
        now: when the page is made.
        files: names of all files sent in the attempt, by id.
        language: in which the questions are written; empty where nobody said.
    """
    questions = []
    materials = _materials(form)
    for asked in form:
        stored = responses.get(asked.id)
        value = stored.value if stored else ()
        questions.append(
            Question(
                id=asked.id,
                number=asked.number,
                shown=asked.item.shown(asked.order),
                points=asked.points,
                value=value,
                problem=asked.item.problem(value),
                flagged=stored.flagged if stored else False,
                sequence=stored.sequence if stored else 0,
                material=materials[asked.number],
                files={id_: name for id_, name in (files or {}).items() if id_ in value},
                language=language,
            )
        )
    return Sheet(
        title=title,
        questions=tuple(questions),
        saved_at=max((stored.saved_at for stored in responses.values()), default=None),
        closes_at=closes_at,
        now=now,
    )


def _materials(form: Sequence[FormItem]) -> dict[int, str]:
    """Return what to call the stimulus of each question, by number."""
    names = {}
    for _, run in groupby(form, key=lambda asked: asked.item.stimulus):
        numbers = [asked.number for asked in run]
        name = phrase("Material for this question")
        if len(numbers) > 1:
            name = phrase(
                "Material for questions %(numbers)s to %(numbers2)s",
                numbers=numbers[0],
                numbers2=numbers[-1],
            )
        names.update(dict.fromkeys(numbers, name))
    return names


def changed_answers(
    asked: Sequence[ItemVersionId], sent: Mapping[str, Sequence[str]], attempt_id: UUID
) -> list[Save]:
    """Return what a form sent by a browser without scripts changes.

    The form carries each question's state as the page showed it (`Question.was`), so
    that an untouched question overwrites nothing another window has saved since. The
    save's id is made of what it says: the same form sent twice is the same save.

    Args:
        asked: the attempt's questions.
        sent: the form's fields with all values of each, in the order of the page.
        attempt_id: of the attempt.

    Raises:
        UnreadableResponseError: an answer is longer than any that a page of ours sends.
    """
    saves = []
    for item_id in asked:
        was = _read_was("".join(sent.get(f"was-{item_id}", ())))
        if was is None:
            continue
        base, was_flagged, was_value = was
        value, flagged = sent_value(sent, item_id), f"flag-{item_id}" in sent
        if flagged == was_flagged and was_value in {value, _written(value)}:
            continue
        words = json.dumps(value, ensure_ascii=False)
        said = uuid5(NAMESPACE_URL, f"{attempt_id}/{item_id}/{base}/{int(flagged)}/{words}")
        saves.append(
            Save(
                item_version_id=item_id,
                value=value,
                flagged=flagged,
                save_id=said,
                page_id=said,  # a form is a page of its own: it can have seen only `base`
                sequence=base + 1,
                base=base,
            )
        )
    return saves


def sent_value(sent: Mapping[str, Sequence[str]], item_id: ItemVersionId) -> tuple[str, ...]:
    """Return the answer that a form sends: the values of all controls of its name, in order.

    Raises:
        UnreadableResponseError: it is longer than any that a page of ours sends.
    """
    # Browsers end the lines of a text area by CR LF when they send a form, not in scripts.
    value = tuple(word.replace("\r\n", "\n") for word in sent.get(f"answer-{item_id}", ()))
    if len(value) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in value):
        raise UnreadableResponseError(phrase("It is longer than an answer can be."))
    return () if is_blank(value) else value


def read_shown(word: str, at: datetime) -> tuple[int, datetime, int] | None:
    """Return which question a page without scripts showed, since when, and for how long.

    Args:
        word: what its form carries (`Sheet.shown`).
        at: when it was sent.

    Returns:
        The number, the instant and milliseconds; None where the form does not say.
    """
    number, _, second = word.partition(".")
    shown, since = _read_number(number), _read_number(second, digits=_INSTANT_DIGITS)
    if shown is None or since is None:
        return None
    made_at = datetime.fromtimestamp(since, UTC)
    looked = min(max(at - made_at, timedelta()), LONGEST_LOOK)
    return shown, made_at, looked // timedelta(milliseconds=1)


def _written(value: Sequence[str]) -> str:
    """Return an answer as the form carries it; of a long one its hash, not the text again."""
    if not value:
        return ""
    words = json.dumps(value, ensure_ascii=False)
    if len(words) <= _LONGEST_CARRIED:
        return words
    return "#" + sha256(words.encode()).hexdigest()


def _read_was(word: str) -> tuple[int, bool, tuple[str, ...] | str] | None:
    sequence, _, rest = word.partition(".")
    flagged, dot, value = rest.partition(".")
    number = _read_number(sequence)
    if number is None or not dot:
        return None
    if value.startswith("#"):
        return number, flagged == "1", value
    try:
        words = _WORDS.validate_json(value) if value else ()
    except ValidationError:
        return None
    return number, flagged == "1", words


def _read_number(word: str, digits: int = _MOST_DIGITS) -> int | None:
    return int(word) if word.isdecimal() and len(word) <= digits else None
