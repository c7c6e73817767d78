"""A certificate to print and to send, the signed credential attached."""

from dataclasses import dataclass, field
from datetime import datetime

from lti_tool.badges import typesetting
from lti_tool.badges.typesetting import day, qr_code

ATTACHED = "credential.json"


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
    return typesetting.typeset("certificate.typ", _data(certificate))


def _data(certificate: Certificate) -> dict[str, object]:
    awarded, until = certificate.awarded_at, certificate.valid_until
    return {
        "title": certificate.title,
        "issuer": certificate.issuer,
        "description": certificate.description,
        "criteria": certificate.criteria,
        "holder": certificate.holder,
        "date": [awarded.year, awarded.month, awarded.day],
        "awarded": day(awarded),
        "validity": "It does not expire." if until is None else f"Valid until {day(until)}.",
        "facts": [list(fact) for fact in certificate.facts],
        "link": certificate.link,
        "verify": certificate.verify_url,
        "picture": certificate.picture,
        "picture_words": certificate.picture_words,
        "qr": certificate.link and qr_code(certificate.link),
        "credential": certificate.credential,
        "file": ATTACHED,
        "media_type": certificate.media_type,
    }
