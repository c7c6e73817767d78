import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from lti_tool.core import spreadsheet
from lti_tool.core.spreadsheet import Cell, Kind, csv_document, document, neutral


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://evil.example")',
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "\t=1+1",
        "\r=1+1",
        "  =1+1",
        "\uff1d1+1",
        "harmless;=1+1",
        "two\nlines\n=1+1",
    ],
)
def test_nothing_that_a_spreadsheet_would_run_stays(text: str) -> None:
    for part in neutral(text).replace("\n", ";").split(";"):
        assert part.lstrip()[:1] not in {"=", "+", "-", "@", "\uff1d"}


def test_no_cell_is_run_by_who_separates_by_semicolons() -> None:
    document = csv_document(["No", "Name"], [["a", 'x;"=1+1;"']]).decode("utf-8-sig")

    cells = [cell for row in csv.reader(io.StringIO(document), delimiter=";") for cell in row]

    assert len(cells) > 3
    assert not any(cell.lstrip().startswith("=") for cell in cells)


@pytest.mark.parametrize("text", ["", "Ingrid Sæther", "O'Neill-Smith", "a=b", "x@y.example", "3"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_a_document_reads_back_and_says_that_it_is_utf8() -> None:
    document = csv_document(["Name", "Stones"], [['Đặng, "Linh"\nx', 2], [None, 0]])

    assert document.startswith(b"\xef\xbb\xbf")
    assert document.count(b"\r\n") == 3
    rows = list(csv.reader(io.StringIO(document.decode("utf-8-sig"), newline="")))
    assert rows == [["Name", "Stones"], ['Đặng, "Linh"\nx', "2"], ["", "0"]]


@given(st.text())
def test_a_text_made_neutral_once_is_neutral(text: str) -> None:
    assert neutral(neutral(text)) == neutral(text)


def sheets(file: bytes) -> list[list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]  # type: ignore[misc]


def test_a_workbook_reads_back_with_texts_that_stay_texts() -> None:
    header = ["Name", "Stones", "Day", "When"]
    when = datetime(2026, 5, 3, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    row: list[Cell] = ["=1+1", 2, date(2026, 5, 3), when]

    file = b"".join(
        document(Kind.XLSX, header, [row, [None, 0, None, None], ["0042\x01", 1, None, None]])
    )

    [read] = sheets(file)
    assert read == [
        header,
        ["=1+1", 2.0, date(2026, 5, 3), datetime(2026, 5, 3, 12, 30)],  # noqa: DTZ001 - Excel has none
        ["", 0.0, "", ""],
        ["0042\x01", 1.0, "", ""],
    ]


def test_what_is_longer_than_a_sheet_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 3)

    file = b"".join(document(Kind.XLSX, ["N"], ([number] for number in range(5))))

    assert sheets(file) == [[["N"], [0.0], [1.0]], [["N"], [2.0], [3.0]], [["N"], [4.0]]]


def test_rows_are_asked_for_as_they_are_needed() -> None:
    asked = 0

    def rows() -> Iterator[list[str]]:
        nonlocal asked
        for _ in range(10_000):
            asked += 1
            yield ["x" * 100]

    pieces = document(Kind.CSV, ["N"], rows())
    first = next(pieces)

    assert 100 < asked < 1_000
    assert len(first) + sum(map(len, pieces)) == 3 + 5 + 10_000 * 104
