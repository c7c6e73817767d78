"""Excel workbooks (ECMA-376) of one long table, handed out while its rows are read.

A workbook is a zip of XML parts. The parts that a row touches are written and compressed as it
comes, so that the file begins with the first rows and no more than a few of them are in memory;
what is only known when the table has ended (how many sheets it took) comes last, which the zip's
directory allows. Texts stand in their cells and are nothing but text: there are no formulas, no
links and no numbers made of them.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from html import escape

from lti_tool.core.cells import Cell, neutral

# Of one sheet (Excel specifications and limits); what is longer goes on on the next.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
# Of a sheet before it is compressed: with more, a zip needs an extension that few read in streams.
_MOST_BYTES = 1 << 30
_CHUNK = 16 * 1024
_NARROWEST, _WIDEST = 12, 60

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

# Places in the list of cell formats below: texts that look like formulas keep their leading
# apostrophe (what Excel writes when one is typed), so that they stay texts when they are edited.
_PLAIN, _HEADING, _QUOTED, _INSTANT, _DAY = range(5)
_STYLES = f"""{_XML}<styleSheet xmlns="{_MAIN}">\
<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>\
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>\
<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>\
<border><left/><right/><top/><bottom style="thin"><color auto="1"/></bottom><diagonal/></border>\
</borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="0" fontId="1" fillId="0" borderId="1" xfId="0" applyFont="1" applyBorder="1"/>\
<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/>\
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>\
</styleSheet>"""
_RELS = f"""{_XML}<Relationships xmlns="{_RELATIONS}">\
<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/>\
</Relationships>"""

# Day 1 is the first of January 1900; before March of that year spreadsheets count a day too many.
_EPOCH, _FIRST = datetime(1899, 12, 30), datetime(1900, 3, 1)  # noqa: DTZ001 - they have no zone

# What XML cannot say, and what would be taken for how Excel says it.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_NAMES = re.compile(r"[^\w .,()-]+")
_MOST_OF_NAME = 31


class _Sink:
    """What was written and not taken yet; a zip on it is written without going back."""

    def __init__(self) -> None:
        self._held = bytearray()

    def __len__(self) -> int:
        return len(self._held)

    def write(self, data: bytes) -> int:
        """Hold more."""
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing is behind it."""

    def close(self) -> None:
        """What it holds can still be taken."""

    def take(self) -> bytes:
        """Return what it holds, and hold nothing."""
        piece, self._held = bytes(self._held), bytearray()
        return piece


def pieces(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a workbook; rows are asked for as they are needed.

    Args:
        title: what its sheets are called, as far as a sheet may be called so.
        header: above the columns, on each sheet.
        rows: as many as there are.
    """
    sink, ends = _Sink(), list[int]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as book:
        _put(book, "_rels/.rels", _RELS)
        _put(book, "xl/styles.xml", _STYLES)
        coming = iter(rows)
        row = next(coming, None)
        while row is not None or not ends:
            part_name = f"xl/worksheets/sheet{len(ends) + 1}.xml"
            with book.open(_part(part_name), "w") as part:
                written = part.write(_sheet_head(header, is_first=not ends))
                number = 1
                while row is not None and number < MOST_ROWS and written < _MOST_BYTES:
                    number += 1
                    written += part.write(_row(number, row))
                    if len(sink) > _CHUNK:
                        yield sink.take()
                    row = next(coming, None)
                part.write(_sheet_tail(len(header), number))
            ends.append(number)
        names = sheet_names(title, len(ends))
        columns = _column(len(header) - 1)
        _put(book, "xl/workbook.xml", _workbook(names, columns, ends))
        _put(book, "xl/_rels/workbook.xml.rels", _workbook_relations(len(ends)))
        _put(book, "[Content_Types].xml", _content_types(len(ends)))
    yield sink.take()


def sheet_names(title: str, number: int) -> list[str]:
    """Return what so many sheets of a table are called: nothing in it calculates or breaks a rule.

    A name has at most 31 characters, some of which it cannot have at all, and no two are alike.
    """
    plain = " ".join(_NOT_IN_NAMES.sub(" ", title).split()).lstrip("-. ") or "Table"
    ends = ["", *(f" {one}" for one in range(2, number + 1))]
    return [plain[: _MOST_OF_NAME - len(end)].rstrip() + end for end in ends]


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _put(book: zipfile.ZipFile, name: str, text: str) -> None:
    book.writestr(_part(name), text.encode())


def _sheet_head(header: Sequence[str], *, is_first: bool) -> bytes:
    widths = [min(max(len(words) + 2, _NARROWEST), _WIDEST) for words in header]
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>'
        for place, width in enumerate(widths, 1)
    )
    cells = "".join(
        _text_cell(f"{_column(place)}1", words, _HEADING) for place, words in enumerate(header)
    )
    selected = ' tabSelected="1"' if is_first else ""
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews>'
        f'<sheetView{selected} workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
        ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{columns}</cols><sheetData><row r="1">{cells}</row>'
    ).encode()


def _sheet_tail(columns: int, rows: int) -> bytes:
    # The headings sort and filter what is below them.
    filtered = f'<autoFilter ref="A1:{_column(columns - 1)}{rows}"/>'
    return f"</sheetData>{filtered}</worksheet>".encode()


def _row(number: int, row: Sequence[Cell]) -> bytes:
    cells = "".join(
        _cell(f"{_column(place)}{number}", value)
        for place, value in enumerate(row)
        if value is not None
    )
    return f'<row r="{number}">{cells}</row>'.encode()


def _cell(place: str, value: str | int | date | datetime) -> str:
    if isinstance(value, str):
        return _text_cell(place, value, _PLAIN if neutral(value) == value else _QUOTED)
    if isinstance(value, int):
        return f'<c r="{place}"><v>{value}</v></c>'
    style = _INSTANT if isinstance(value, datetime) else _DAY
    instant = (
        value.replace(tzinfo=None)  # a spreadsheet's instants have no zone
        if isinstance(value, datetime)
        else datetime.combine(value, time())
    )
    if instant < _FIRST:
        return _text_cell(place, value.isoformat(), _PLAIN)
    days = (instant - _EPOCH) / timedelta(days=1)
    return f'<c r="{place}" s="{style}"><v>{days!r}</v></c>'


def _text_cell(place: str, text: str, style: int) -> str:
    kept = text
    if len(text) > MOST_CHARACTERS // 2:  # counted in UTF-16
        kept = text.encode("utf-16-le")[: 2 * MOST_CHARACTERS].decode("utf-16-le", "ignore")
    said = escape(_NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", kept))
    return (
        f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{said}</t></is></c>'
    )


@lru_cache
def _column(place: int) -> str:
    """Return the letters of a column: A, B, ... Z, AA."""
    above, letter = divmod(place, 26)
    return (_column(above - 1) if above else "") + chr(ord("A") + letter)


def _workbook(names: Sequence[str], last_column: str, ends: Sequence[int]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{one}" r:id="rId{one}"/>'
        for one, name in enumerate(names, 1)
    )
    filtered = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{one}" hidden="1">'
        f"'{escape(name)}'!$A$1:${last_column}${rows}</definedName>"
        for one, (name, rows) in enumerate(zip(names, ends, strict=True))
    )
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
        f"<bookViews><workbookView/></bookViews><sheets>{sheets}</sheets>"
        f"<definedNames>{filtered}</definedNames></workbook>"
    )


def _workbook_relations(sheets: int) -> str:
    parts = "".join(
        f'<Relationship Id="rId{one}" Type="{_DOCUMENT}/worksheet"'
        f' Target="worksheets/sheet{one}.xml"/>'
        for one in range(1, sheets + 1)
    )
    return (
        f'{_XML}<Relationships xmlns="{_RELATIONS}">{parts}<Relationship Id="rId{sheets + 1}"'
        f' Type="{_DOCUMENT}/styles" Target="styles.xml"/></Relationships>'
    )


def _content_types(sheets: int) -> str:
    parts = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{_TYPE}.{kind}+xml"/>'
        for name, kind in (
            ("workbook", "sheet.main"),
            ("styles", "styles"),
            *((f"worksheets/sheet{one}", "worksheet") for one in range(1, sheets + 1)),
        )
    )
    return (
        f'{_XML}<Types xmlns="{_TYPES}"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>'
    )
