import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.core.spreadsheet import csv_document, neutral


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
