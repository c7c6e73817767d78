"""Documents to print and to send: PDF/A-3a and PDF/UA-1, what was signed attached.

Set by Typst. It refuses characters that no font here has, which PDF/A forbids; `UnprintableError`
tells which, so that nobody gets a document with holes in their name.
"""

import io
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import segno
import typst

FOLDER = Path(__file__).parent / "typeset"
MEDIA_TYPE = "application/pdf"
# Typst carries the first (Latin, Greek, Cyrillic, Hebrew); each other comes as a package of its
# own (SIL Open Font License 1.1) and is asked where the one before lacks a character.
FONTS = (
    "Libertinus Serif",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans CJK JP",
)
_FONT_PACKAGES = (
    "fontpkg_noto_sans_arabic",
    "fontpkg_noto_sans_devanagari",
    "fontpkg_noto_sans_thai",
    "noto_cjk_sans_otc",
)
_LACKING = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)


class UnprintableError(ValueError):
    """It has characters that none of our fonts has; the message is these characters."""


def typeset(template: str, data: Mapping[str, object]) -> bytes:
    """Return the PDF; the same bytes for the same data.

    Args:
        template: its file's name.
        data: what differs, as JSON.

    Raises:
        UnprintableError: a character that none of the fonts has.
    """
    try:
        pdf = typst.compile(
            str(FOLDER / template),
            sys_inputs={"data": json.dumps({**data, "fonts": list(FONTS)})},
            pdf_standards=["a-3a", "ua-1"],
            font_paths=_font_folders(),
            ignore_system_fonts=True,
        )
    except typst.TypstError as error:
        lacking = _LACKING.search(str(error.message))
        if lacking is None:
            raise
        raise UnprintableError(lacking[1]) from error
    if not isinstance(pdf, bytes):
        raise TypeError("one document, one file")
    return pdf


@cache
def _font_folders() -> list[str]:
    return [str(files(package)) for package in _FONT_PACKAGES]


def qr_code(text: str) -> str:
    """Return a QR code as SVG that still reads with a seventh of it damaged (level M)."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, border=2, light="#ffffff")
    return out.getvalue().decode()


def day(instant: datetime) -> str:
    """Return a day in words."""
    return f"{instant.day} {instant:%B %Y}"
