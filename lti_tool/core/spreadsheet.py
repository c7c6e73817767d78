"""Tables to take along: CSV (RFC 4180) that spreadsheets read right and run nothing of.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What makes a cell a formula, also in its wide form. Where the list separator is a semicolon,
# a cell of ours may be cut there, so what follows one counts as a beginning, too.
_BEGINS_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


def neutral(text: str) -> str:
    """Return the text with an apostrophe wherever a spreadsheet would begin to calculate."""
    return _BEGINS_FORMULA.sub(r"\1'", text)


def csv_document(header: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> bytes:
    """Return a CSV file: UTF-8 with a byte order mark, which Excel needs; None is empty."""
    document = io.StringIO(newline="")
    writer = csv.writer(document, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return document.getvalue().encode("utf-8-sig")


def _cell(value: str | int | None) -> str | int:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else value
