from decimal import Decimal

import pytest
from pydantic import ValidationError

from lti_tool.assessments.items import FileUpload, Score
from tests.assessments.items.samples import RUBRIC, WRITTEN, sample


@pytest.mark.parametrize("type_", WRITTEN)
def test_what_a_person_marks_has_no_points_until_then(type_: str) -> None:
    item, (_, answer) = sample(type_), WRITTEN[type_]

    assert item.score(answer) == Score(share=Decimal(0), needs_marking=True)


@pytest.mark.parametrize("value", [[], [""], [" \n "]])
def test_nothing_to_read_waits_for_nobody(value: list[str]) -> None:
    assert not sample("long_text").score(value).needs_marking
    assert sample("long_text").told(value).given is None


def test_a_long_text_keeps_its_lines_and_is_text() -> None:
    assert sample("long_text").told(["a\nb\n\n\n<b>c"]).given == ("<p>a<br>b</p><p>&lt;b&gt;c</p>")


def test_words_are_counted_and_only_said() -> None:
    item = sample("long_text")

    assert item.problem(["two words"]) is None
    assert item.problem(["one"]) == "You have written 1 word; 2 to 4 are asked for."
    assert item.score(["one"]).needs_marking
    assert item.shown(()).hint == "Write 2 to 4 words. A person marks it."


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Report.PDF", "pdf"), ("a.b.docx", "docx"), ("x.exe", None), ("pdf", None), ("x.pdf ", None)],
)
def test_a_file_is_of_the_kind_its_name_says(name: str, kind: str | None) -> None:
    item = sample("file_upload")

    assert isinstance(item, FileUpload)
    assert item.kind_of(name) == kind


def test_files_are_counted() -> None:
    item = sample("file_upload")

    assert item.told(["a"]).given == "1 file"
    assert item.problem(["a", "b", "c"]) == "You have sent 3 files; 2 are asked for."


@pytest.mark.parametrize(
    "rubric",
    [
        [*RUBRIC, *RUBRIC],
        [{**RUBRIC[0], "levels": [{"id": "a", "text": "A", "share": "1"}]}],
        [{**RUBRIC[0], "levels": [{"id": i, "text": "A", "share": "0.5"} for i in "ab"]}],
        [{**RUBRIC[0], "levels": [{"id": "a", "text": "A", "share": s} for s in "01"]}],
        [{**RUBRIC[0], "weight": "0"}],
    ],
)
def test_a_rubric_that_cannot_be_marked_by_is_refused(rubric: list[object]) -> None:
    with pytest.raises(ValidationError):
        sample("long_text", rubric=rubric)
