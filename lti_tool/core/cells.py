"""What may stand in a cell of a table, and texts that no spreadsheet runs.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from datetime import date, datetime

# An instant is told by the clock of its own zone, which its column names.
Cell = str | int | date | datetime | None

# What makes a cell a formula, also in its wide form. Where the list separator is a semicolon,
# a cell of ours may be cut there, so what follows one counts as a beginning, too, also behind
# quotation marks: those of the next cell, for a reader who cuts there.
_BEGINS_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\"]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


def neutral(text: str) -> str:
    """Return the text with an apostrophe wherever a spreadsheet would begin to calculate."""
    return _BEGINS_FORMULA.sub(r"\1'", text)
