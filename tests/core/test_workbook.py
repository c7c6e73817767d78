"""Excel workbooks as another program reads them."""

import io
import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from lti_tool.core import workbook
from lti_tool.core.cells import Cell
from lti_tool.core.workbook import MOST_CHARACTERS, pieces, sheet_names


def made(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "Learners"
) -> CalamineWorkbook:
    return CalamineWorkbook.from_filelike(io.BytesIO(b"".join(pieces(title, header, rows))))


def sheets(book: CalamineWorkbook) -> list[list[list[object]]]:
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]  # type: ignore[misc]


def test_a_workbook_reads_back_with_texts_that_stay_texts() -> None:
    header = ["Name", "Stones", "Day", "When"]
    when = datetime(2026, 5, 3, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    row: list[Cell] = ["=1+1", 2, date(2026, 5, 3), when]

    book = made(header, [row, [None, 0, None, None], ["0042\x01", -1, None, None]])

    assert book.sheet_names == ["Learners"]
    assert sheets(book) == [
        [
            header,
            ["=1+1", 2.0, date(2026, 5, 3), datetime(2026, 5, 3, 14, 30)],  # noqa: DTZ001 - Excel has none
            ["", 0.0, "", ""],
            ["0042\x01", -1.0, "", ""],
        ]
    ]


def test_nothing_in_it_is_a_formula_and_what_looks_like_one_keeps_its_apostrophe() -> None:
    file = b"".join(pieces("=1+1", ["=1+1"], [["=1+1"], ["harmless"], ["a;=1+1"]]))

    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        book = parts.read("xl/workbook.xml").decode()
    assert "<f" not in sheet
    assert [sheet.count(f'r="A{row}" s="2"') for row in (2, 3, 4)] == [1, 0, 1]
    assert '<sheet name="1 1"' in book


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_text_reads_back_as_it_is(text: str) -> None:
    [[_, [read]]] = sheets(made(["N"], [[f"x{text}x"]]))

    assert read == f"x{text}x"


def test_a_text_is_cut_where_a_cell_ends_and_not_within_a_character() -> None:
    [[_, [short], [long]]] = sheets(made(["N"], [["a" * 40_000], ["\U0001f600" * 20_000]]))

    assert short == "a" * MOST_CHARACTERS
    assert long == "\U0001f600" * (MOST_CHARACTERS // 2)


def test_days_that_a_spreadsheet_cannot_count_are_texts() -> None:
    [[_, *read]] = sheets(made(["Day"], [[date(1900, 2, 28)], [date(1900, 3, 1)], [date.max]]))

    assert read == [["1900-02-28"], [date(1900, 3, 1)], [date.max]]


def test_what_is_longer_than_a_sheet_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)

    book = made(["N"], ([number] for number in range(5)))

    assert book.sheet_names == ["Learners", "Learners 2", "Learners 3"]
    assert sheets(book) == [[["N"], [0.0], [1.0]], [["N"], [2.0], [3.0]], [["N"], [4.0]]]


def test_a_table_without_rows_has_its_headings() -> None:
    assert sheets(made(["Name", "Stones"], [])) == [[["Name", "Stones"]]]


def test_every_column_has_its_letters() -> None:
    header = [f"Column {number}" for number in range(703)]

    [[read, row]] = sheets(made(header, [list(range(703))]))

    assert read == header
    assert row == [float(number) for number in range(703)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Learners on Data literacy", "Learners on Data literacy"),
        ("Learners on [Data/literacy]: 2026?", "Learners on Data literacy 2026"),
        ("'=cmd|' /C calc'!A0", "cmd C calc A0"),
        ("-1+1", "1 1"),
        ("***", "Table"),
        ("Lernende auf „Überblick“ und noch viel mehr", "Lernende auf Überblick und noch"),
    ],
)
def test_a_sheet_is_called_what_a_sheet_may_be_called(title: str, name: str) -> None:
    assert sheet_names(title, 1) == [name]


def test_many_sheets_have_names_of_their_own() -> None:
    names = sheet_names("x" * 40, 12)

    assert len(set(names)) == 12
    assert {len(name) for name in names} == {31}


def test_a_reader_that_breaks_off_has_the_rows_no_longer_read() -> None:
    read, ended = [], []

    def rows() -> Iterator[list[Cell]]:
        try:
            for number in range(100_000):
                read.append(number)
                yield [f"Row {number} {number * 7919 % 10_007}"]
        finally:
            ended.append(len(read))

    coming = pieces("Learners", ["N"], rows())
    assert isinstance(coming, Generator)
    assert next(coming).startswith(b"PK")
    coming.close()

    assert ended == [len(read)]
    assert 0 < len(read) < 100_000


def test_rows_that_fail_midway_are_told_and_the_file_does_not_pass_for_a_whole_one() -> None:
    def rows() -> Iterator[list[Cell]]:
        yield ["one"]
        raise ConnectionError("the database went away")

    got: list[bytes] = []
    with pytest.raises(ConnectionError):
        got.extend(pieces("Learners", ["N"], rows()))

    assert not zipfile.is_zipfile(io.BytesIO(b"".join(got)))
