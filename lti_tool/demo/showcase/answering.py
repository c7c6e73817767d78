"""Answers as learners would give them: the right ones, or wrong ones that can be given."""

from lti_tool.assessments.items import (
    Categorising,
    FileUpload,
    FillInBlanks,
    InlineChoice,
    Item,
    LongText,
    Matching,
    MultipleChoice,
    Numeric,
    Ordering,
    ShortText,
    SingleChoice,
    TrueFalse,
)

_WRONG_WORD, _WRONG_NUMBER = "no idea", "123456"


def right(item: Item, text: str) -> tuple[str, ...]:  # noqa: C901, PLR0911 - a case a type
    """Return the words that earn all points.

    Args:
        item: files are none of these: they are sent by themselves.
        text: what somebody writes where a person marks.
    """
    match item:
        case SingleChoice():
            return (item.key,)
        case MultipleChoice():
            return item.keys
        case TrueFalse():
            return (str(item.key).lower(),)
        case ShortText():
            return (next(answer.text for answer in item.answers if answer.share == 1),)
        case Numeric():
            return (_number(item), *(unit.id for unit in item.units if unit.factor == 1))
        case FillInBlanks():
            gaps = {gap.id: gap for gap in item.gaps}
            answers = [gaps[name].answers for name in item.names]
            return tuple(next(a.text for a in given if a.share == 1) for given in answers)
        case InlineChoice():
            keys = {gap.id: gap.key for gap in item.gaps}
            return tuple(keys[name] for name in item.names)
        case Matching() | Categorising():
            return tuple(row.key for row in item.rows)
        case Ordering():
            return tuple(option.id for option in item.options)
        case LongText():
            return (text,)
        case FileUpload():
            return ()


def wrong(item: Item, text: str) -> tuple[str, ...]:  # noqa: C901, PLR0911 - a case a type
    """Return words that earn little or nothing; where a person marks, a text all the same."""
    match item:
        case SingleChoice():
            return (next(option.id for option in item.options if option.id != item.key),)
        case MultipleChoice():
            return (next(option.id for option in item.options if option.id not in item.keys),)
        case TrueFalse():
            return (str(not item.key).lower(),)
        case ShortText():
            return (_WRONG_WORD,)
        case Numeric():
            return (_WRONG_NUMBER, *(unit.id for unit in item.units[:1]))
        case FillInBlanks():
            return (_WRONG_WORD,) * len(item.gaps)
        case InlineChoice():
            gaps = {gap.id: gap for gap in item.gaps}
            return tuple(
                next(option.id for option in gaps[name].options if option.id != gaps[name].key)
                for name in item.names
            )
        case Matching() | Categorising():
            choices = [choice.id for choice in item.choices]
            return tuple(next(id_ for id_ in choices if id_ != row.key) for row in item.rows)
        case Ordering():
            return tuple(option.id for option in reversed(item.options))
        case LongText() | FileUpload():
            return right(item, text)


def _number(item: Numeric) -> str:
    answer = next(answer for answer in item.answers if answer.share == 1)
    if answer.value is not None:
        return f"{answer.value:f}"
    return f"{((answer.low or 0) + (answer.high or 0)) / 2:f}"
