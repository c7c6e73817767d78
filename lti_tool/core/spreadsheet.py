"""Tables to take along: CSV (RFC 4180) and Excel that run nothing of what is in them.

Both are made a row at a time and leave as they are made: however long a table is, its file begins
at once and takes no more memory than a few rows.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum

from lti_tool.core import workbook
from lti_tool.core.cells import Cell, neutral


class Kind(StrEnum):
    """What a table is taken along as; the value ends its file's name."""

    XLSX = "xlsx"
    CSV = "csv"


MIMETYPES = {
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.CSV: "text/csv",
}
_CHUNK = 64 * 1024


def document(
    kind: Kind, title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> Iterator[bytes]:
    """Yield a table's file piece by piece; rows are asked for as they are needed."""
    if kind is Kind.CSV:
        return csv_pieces(header, rows)
    return workbook.pieces(title, header, rows)


def csv_document(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a CSV file, whole."""
    return b"".join(csv_pieces(header, rows))


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a CSV file: UTF-8 with a byte order mark, which Excel needs; None is empty."""
    piece = io.StringIO(newline="")
    writer = csv.writer(piece, quoting=csv.QUOTE_ALL)
    piece.write("\ufeff")
    writer.writerow([neutral(words) for words in header])
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
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return neutral(value) if isinstance(value, str) else value
