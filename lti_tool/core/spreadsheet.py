"""Tables to take along: CSV (RFC 4180) and Excel (ECMA-376) that run nothing of what is in them.

Both are made a row at a time: however long a table is, it takes no more memory than a few rows.
https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import BinaryIO, cast

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

# An instant is UTC, whatever its zone.
Cell = str | int | date | datetime | None

# What makes a cell a formula, also in its wide form. Where the list separator is a semicolon,
# a cell of ours may be cut there, so what follows one counts as a beginning, too, also behind
# quotation marks: those of the next cell, for a reader who cuts there.
_BEGINS_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\"]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


def neutral(text: str) -> str:
    """Return the text with an apostrophe wherever a spreadsheet would begin to calculate."""
    return _BEGINS_FORMULA.sub(r"\1'", text)


class Kind(StrEnum):
    """What a table is taken along as; the value ends its file's name."""

    XLSX = "xlsx"
    CSV = "csv"


MIMETYPES = {
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.CSV: "text/csv",
}
# Of one sheet (Excel specifications and limits); what is longer goes on on the next.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
_CHUNK = 64 * 1024
_NARROWEST, _WIDEST = 12, 60


def document(kind: Kind, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a table's file piece by piece; rows are asked for as they are needed."""
    return csv_pieces(header, rows) if kind is Kind.CSV else xlsx_pieces(header, rows)


def csv_document(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a CSV file, whole."""
    return b"".join(csv_pieces(header, rows))


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a CSV file: UTF-8 with a byte order mark, which Excel needs; None is empty."""
    piece = io.StringIO(newline="")
    writer = csv.writer(piece, quoting=csv.QUOTE_ALL)
    piece.write("\ufeff")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if piece.tell() > _CHUNK:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def _cell(value: Cell) -> str | int:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return neutral(value) if isinstance(value, str) else value


def xlsx_pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield an Excel workbook. What begins like a formula is marked as text, and stays as it is."""
    with closing(_xlsx_file(header, rows)) as made:
        while piece := made.read(_CHUNK):
            yield piece


def _xlsx_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> BinaryIO:
    """Return a workbook at its beginning: a file that is gone when it is closed."""
    made = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - whoever reads it closes it
    # Nothing is guessed from a text: it is neither a formula, nor a link, nor a number.
    with xlsxwriter.Workbook(
        made,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    ) as book:
        sheet = _Sheets(book, header)
        for row in rows:
            sheet.add(row)
        sheet.finish()
    made.seek(0)
    return made


class _Sheets:
    """The sheets of a workbook, as many as its rows need, each with the headings above it."""

    def __init__(self, book: xlsxwriter.Workbook, header: Sequence[str]) -> None:
        self._book = book
        self._header = header
        self._bold = book.add_format({"bold": True, "bottom": 1})
        # What Excel's own leading apostrophe does: it stays text also when somebody edits it.
        self._text = book.add_format({"quote_prefix": True})
        self._instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheet, self._row = self._begin(), 1

    def _begin(self) -> Worksheet:
        sheet = self._book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for column, words in enumerate(self._header):
            width = min(max(len(words) + 2, _NARROWEST), _WIDEST)
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, words, self._bold)
        return sheet

    def add(self, row: Sequence[Cell]) -> None:
        """Write the next row."""
        if self._row == MOST_ROWS:
            self.finish()
            self._sheet, self._row = self._begin(), 1
        for column, value in enumerate(row):
            self._write(column, value)
        self._row += 1

    def _write(self, column: int, value: Cell) -> None:
        if isinstance(value, str):
            style = None if neutral(value) == value else self._text
            self._sheet.write_string(self._row, column, value[:MOST_CHARACTERS], style)
        elif isinstance(value, datetime):
            # A spreadsheet's instants have no zone.
            naive = value.astimezone(UTC).replace(tzinfo=None)
            self._sheet.write_datetime(self._row, column, naive, self._instant)
        elif isinstance(value, date):
            midnight = datetime.combine(value, time())
            self._sheet.write_datetime(self._row, column, midnight, self._day)
        elif value is not None:
            self._sheet.write_number(self._row, column, value)

    def finish(self) -> None:
        """Let the headings sort and filter what is below them."""
        self._sheet.autofilter(0, 0, self._row - 1, len(self._header) - 1)
