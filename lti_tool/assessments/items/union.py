"""All types as one, told apart by `type`."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from lti_tool.assessments.items.choices import MultipleChoice, SingleChoice, TrueFalse
from lti_tool.assessments.items.entries import Numeric, ShortText
from lti_tool.assessments.items.gaps import FillInBlanks, InlineChoice
from lti_tool.assessments.items.pairs import Categorising, Matching, Ordering
from lti_tool.assessments.items.written import FileUpload, LongText

Item = Annotated[
    SingleChoice
    | MultipleChoice
    | TrueFalse
    | ShortText
    | Numeric
    | InlineChoice
    | FillInBlanks
    | Matching
    | Ordering
    | Categorising
    | LongText
    | FileUpload,
    Field(discriminator="type"),
]

_ITEMS: TypeAdapter[Item] = TypeAdapter(Item)


def read_item(stored: Any) -> Item:  # noqa: ANN401 - JSON, checked here
    """Return the typed item of an item version's content.

    Raises:
        ValidationError: it is none.
    """
    return _ITEMS.validate_python(stored)
