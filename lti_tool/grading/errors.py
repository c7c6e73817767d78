"""What can go wrong with a gradebook, for people."""

from lti_tool.core.errors import ConflictError, InvalidRequestError
from lti_tool.core.language import phrase


class CannotMakeColumnError(InvalidRequestError):
    """There is no place, or no right, to make a column."""

    code = "cannot_make_column"
    title = phrase("We cannot make a column in this gradebook")
    steps = (phrase("Make the activity count for a grade in its settings on the course page."),)


class ColumnGoneError(ConflictError):
    """The platform no longer has the column."""

    code = "column_gone"
    title = phrase("The gradebook column is gone")


class ColumnThereError(ConflictError):
    """A column is there already, or on its way: a double click."""

    code = "column_there"
    title = phrase("There is a column already")
    steps = (phrase("Go back to the gradebook page of this activity and reload it."),)
