import csv
import hashlib
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from lti_tool.core.cells import neutral
from lti_tool.core.spreadsheet import Kind, csv_document, document


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


def test_a_heading_is_not_run_either() -> None:
    assert csv_document(["=1+1"], []).decode("utf-8-sig") == '"\'=1+1"\r\n'


@pytest.mark.parametrize("kind", Kind)
def test_a_file_begins_before_its_last_row_is_asked_for(kind: Kind) -> None:
    asked = 0

    def rows() -> Iterator[list[str]]:
        nonlocal asked
        for number in range(10_000):
            asked += 1
            yield [hashlib.sha256(str(number).encode()).hexdigest()]

    pieces = document(kind, "Table", ["N"], rows())
    first = next(pieces)

    assert 100 < asked < 2_000
    if kind is Kind.CSV:
        assert len(first) + sum(map(len, pieces)) == 3 + 5 + 10_000 * 68
    else:
        [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(first + b"".join(pieces))).sheet_names
        assert sheet == "Table"


@pytest.mark.parametrize("kind", Kind)
def test_a_file_of_which_a_row_cannot_be_read_does_not_end_as_if_it_were_whole(kind: Kind) -> None:
    def rows() -> Iterator[list[str]]:
        yield ["first"]
        raise ConnectionError

    pieces = document(kind, "Table", ["N"], rows())

    with pytest.raises(ConnectionError):
        b"".join(pieces)
    assert list(pieces) == []
