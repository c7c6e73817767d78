"""Certificates of what does not fit: long names, many facts, scripts of all directions."""

from datetime import UTC, datetime

import pypdfium2  # type: ignore[import-untyped]  # ships none
import pytest

from lti_tool.badges import qr_codes
from lti_tool.badges.certificate import Certificate, typeset
from lti_tool.badges.typesetting import UnprintableError

LINK = "https://badges.example/i/northfell/shared/abcdefghijklmnopqrstuv"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


def certificate(
    *, holder: str | None = None, facts: int = 3, link: str | None = LINK, words: str = "Passes."
) -> bytes:
    return typeset(
        Certificate(
            title="Counting",
            issuer="Northfell University",
            description=words,
            criteria=words,
            holder=holder,
            awarded_at=datetime(2026, 11, 26, tzinfo=UTC),
            valid_until=None,
            link=link,
            verify_url="https://badges.example/verify",
            picture=PICTURE,
            picture_words="A triangle",
            credential="{}",
            media_type="application/vc+ld+json",
            facts=tuple((f"Fact {number}", "supervised") for number in range(facts)),
        )
    )


@pytest.mark.parametrize("facts", range(10, 18))
def test_nothing_is_written_over_what_is_at_the_foot(facts: int) -> None:
    pages = list(pypdfium2.PdfDocument(certificate(facts=facts, holder="Amara Nwosu")))
    text = pages[-1].get_textpage()
    boxes = [text.get_rect(number) for number in range(text.count_rects())]
    words = [(text.get_text_bounded(*box), box) for box in boxes]
    [foot] = [top for said, (_, _, _, top) in words if said.startswith("Awarded on")]

    assert all(bottom > foot for said, (_, bottom, _, _) in words if said.startswith("Fact"))
    printed = "".join(page.get_textpage().get_text_bounded() for page in pages)
    assert printed.count("Fact ") == facts  # none is left out to make room


@pytest.mark.parametrize("holder", ["A" * 300, "Maximiliana Theodora von " * 20])
def test_a_name_of_any_length_stays_beside_the_picture(holder: str) -> None:
    for page in pypdfium2.PdfDocument(certificate(holder=holder)):
        text = page.get_textpage()
        boxes = [text.get_rect(number) for number in range(text.count_rects())]

        assert max(box[2] for box in boxes) <= page.get_width()


@pytest.mark.parametrize(
    "holder", ["فاطمة الزهراء", "שרה כהן-לוי", "山田太郎", "नमस्ते", "Yūsuf يوسف Ibrahim"]
)
def test_names_of_many_scripts_are_printed(holder: str) -> None:
    assert qr_codes.in_pdf(certificate(holder=holder)) == [LINK]


def test_a_name_that_cannot_be_printed_is_refused_and_told() -> None:
    with pytest.raises(UnprintableError, match="🎓"):
        certificate(holder="Sam 🎓 O'Neil")


def test_without_a_link_there_is_no_code_and_the_paper_still_says_how_to_check() -> None:
    pdf = certificate(link=None)

    text = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    assert qr_codes.in_pdf(pdf) == []
    assert "hand in this file at" in text
    assert "https://badges.example/verify" in text
    assert "see" not in text.partition("genuine and stands,")[2].split()
