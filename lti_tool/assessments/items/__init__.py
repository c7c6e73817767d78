"""The typed items of the bank: what is stored, and what of it a learner may see.

An item is stored as JSON in an item version and immutable there; `type` and
`version` say how to read it. The key never leaves the server before it may:
pages are made from `shown`, whose classes have no place for one.

An answer is a list of words: what is chosen, or one for each place (`Takes`), with
an empty word for a place left open; an empty list is no answer.
"""

from lti_tool.assessments.items.choices import MultipleChoice, SingleChoice, TrueFalse
from lti_tool.assessments.items.entries import Numeric, ShortText
from lti_tool.assessments.items.gaps import FillInBlanks, InlineChoice
from lti_tool.assessments.items.pairs import Categorising, Matching, Ordering
from lti_tool.assessments.items.parts import (
    LONGEST_WORD,
    MOST_WORDS,
    Option,
    OptionId,
    Score,
    ShownItem,
    Takes,
    Told,
    is_blank,
    listed,
)
from lti_tool.assessments.items.union import Item, read_item
from lti_tool.assessments.items.written import (
    MEDIA_TYPES,
    Criterion,
    FileUpload,
    Level,
    LongText,
    written_text,
)

__all__ = [
    "LONGEST_WORD",
    "MEDIA_TYPES",
    "MOST_WORDS",
    "Categorising",
    "Criterion",
    "FileUpload",
    "FillInBlanks",
    "InlineChoice",
    "Item",
    "Level",
    "LongText",
    "Matching",
    "MultipleChoice",
    "Numeric",
    "Option",
    "OptionId",
    "Ordering",
    "Score",
    "ShortText",
    "ShownItem",
    "SingleChoice",
    "Takes",
    "Told",
    "TrueFalse",
    "is_blank",
    "listed",
    "read_item",
    "written_text",
]
