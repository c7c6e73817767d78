"""A certificate to print and to send: PDF/A-3a and PDF/UA-1, the signed credential attached.

Set by Typst. It refuses characters that no font here has, which PDF/A forbids; `UnprintableError`
tells which, so that nobody gets a certificate with holes in their name.
"""

import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import segno
import typst

FOLDER = Path(__file__).parent / "typeset"
MEDIA_TYPE = "application/pdf"
ATTACHED = "credential.json"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is printed.

    Attributes:
        holder: None to leave it unnamed.
        facts: label and value of what else is worth a line.
        awarded_at: aware.
        link: what the QR code leads to, absolute; None for no code.
        verify_url: the page that takes files.
        picture: the artwork as SVG, `picture_words` what it shows.
        credential: the text to attach.
        media_type: the credential's.
    """

    title: str
    issuer: str
    description: str
    criteria: str
    holder: str | None
    awarded_at: datetime
    valid_until: datetime | None
    link: str | None
    verify_url: str
    picture: str
    picture_words: str
    credential: str
    media_type: str
    facts: tuple[tuple[str, str], ...] = field(default=())


def typeset(certificate: Certificate) -> bytes:
    """Return the PDF; the same bytes for the same certificate.

    Raises:
        UnprintableError: a character that none of the fonts has.
    """
    try:
        pdf = typst.compile(
            str(FOLDER / "certificate.typ"),
            sys_inputs={"data": json.dumps(_data(certificate))},
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


def _data(certificate: Certificate) -> dict[str, object]:
    awarded, until = certificate.awarded_at, certificate.valid_until
    return {
        "title": certificate.title,
        "issuer": certificate.issuer,
        "description": certificate.description,
        "criteria": certificate.criteria,
        "holder": certificate.holder,
        "date": [awarded.year, awarded.month, awarded.day],
        "awarded": _day(awarded),
        "validity": "It does not expire." if until is None else f"Valid until {_day(until)}.",
        "facts": [list(fact) for fact in certificate.facts],
        "link": certificate.link,
        "verify": certificate.verify_url,
        "picture": certificate.picture,
        "picture_words": certificate.picture_words,
        "qr": certificate.link and qr_code(certificate.link),
        "credential": certificate.credential,
        "file": ATTACHED,
        "media_type": certificate.media_type,
        "fonts": list(FONTS),
    }


def qr_code(text: str) -> str:
    """Return a QR code as SVG that still reads with a seventh of it damaged (level M)."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, border=2, light="#ffffff")
    return out.getvalue().decode()


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"
