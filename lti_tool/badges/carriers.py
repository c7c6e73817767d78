"""Finding the credential in whatever somebody hands in: text, picture or certificate.

Everything here may be hostile. Sizes are bounded, nothing outside the bytes is asked for, and it is
meant to run in `reader`'s process, which may be killed.
"""

import io
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from lti_tool.badges import baking, plain_json, qr_codes, vc_jwt
from lti_tool.badges.baking import NotBakedError, NothingBakedError
from lti_tool.badges.qr_codes import UnreadablePictureError
from lti_tool.core.language import phrase

MOST_FILE_BYTES = 10_000_000  # a photograph, a scanned page
_MOST_DRAWING_BYTES = 1_000_000  # an SVG, which is parsed whole
MOST_TEXT_BYTES = 256 * 1024  # the credential in it
_MOST_ATTACHMENTS = 20


class Carrier(StrEnum):
    """What a credential came in."""

    TEXT = "text"
    SVG = "svg"
    PNG = "png"
    PDF = "pdf"


class NoCredentialError(ValueError):
    """There is no credential to be found; the message may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A credential in one of its two forms.

    Attributes:
        document: the credential, its embedded proof included.
        compact: the compact JWS it was read from; None when the proof is embedded.
    """

    carrier: Carrier
    document: dict[str, Any]
    compact: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What the QR codes say in a picture that has no credential in it; at least one."""

    texts: tuple[str, ...]


def find(data: bytes) -> Found | Codes:
    """Return the credential in a file or a text; failing that, what the codes in a picture say.

    Raises:
        NoCredentialError: too large, damaged, or with neither exactly one credential nor a code.
    """
    if len(data) > MOST_FILE_BYTES:
        raise NoCredentialError(
            phrase(
                "It is larger than %(MOST_FILE_BYTES)s MB.",
                MOST_FILE_BYTES=MOST_FILE_BYTES // 1000000,
            )
        )
    try:
        carrier, text = _open(data)
    except _NothingInsideError as error:
        return _codes(data, str(error))
    if len(text.encode()) > MOST_TEXT_BYTES:
        raise NoCredentialError(phrase("It is larger than 256 KB; no badge is."))
    text = text.strip().removeprefix("\ufeff")
    if not text:
        raise NoCredentialError(phrase("Choose a file, or paste a link or a credential."))
    if vc_jwt.looks_compact(text):
        try:
            return Found(carrier=carrier, document=vc_jwt.read(text), compact=text)
        except vc_jwt.NotACompactCredentialError as error:
            raise NoCredentialError(
                phrase("It looks like a signed token, but cannot be read.")
            ) from error
    return Found(carrier=carrier, document=_json(text), compact=None)


class _NothingInsideError(NoCredentialError):
    """A picture or PDF that is sound and has no credential in it: there may be a code on it."""


def _codes(data: bytes, why: str) -> Codes:
    try:
        is_pdf = data[:1024].lstrip().startswith(b"%PDF-")
        texts = (qr_codes.in_pdf if is_pdf else qr_codes.in_picture)(data)
    except UnreadablePictureError as error:
        raise NoCredentialError(f"{why} {error}") from error
    if not texts:
        raise NoCredentialError(
            phrase(
                "%(why)s Nor did we find a QR code on it.",
                why=why,
            )
        )
    return Codes(texts=tuple(dict.fromkeys(texts)))


def _open(data: bytes) -> tuple[Carrier, str]:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    try:
        if data.startswith(baking.PNG_SIGNATURE):
            return Carrier.PNG, baking.unbake_png(data)
        if qr_codes.is_picture(data):
            raise _NothingInsideError(phrase("A picture of this kind carries no badge."))
        if start.startswith(b"%PDF-"):
            return Carrier.PDF, _attached(data)
        if start.startswith(b"<"):
            if len(data) > _MOST_DRAWING_BYTES:
                raise NoCredentialError(phrase("It is larger than 1 MB; no badge as SVG is."))
            return Carrier.SVG, baking.unbake_svg(data)
        return Carrier.TEXT, data.decode()
    except NothingBakedError as error:
        kind = _NothingInsideError if data.startswith(baking.PNG_SIGNATURE) else NoCredentialError
        raise kind(phrase("There is no badge in this picture.")) from error
    except NotBakedError as error:
        raise NoCredentialError(
            phrase(
                "There is no badge in this picture: %(value)s.",
                value=error,
            )
        ) from error
    except UnicodeDecodeError as error:
        raise NoCredentialError(phrase("It is no file of a kind that carries badges.")) from error


def _attached(data: bytes) -> str:
    """Return the one attachment of a PDF that is a credential."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it narrates what it mends
    found = []
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        for number, attachment in enumerate(reader.attachment_list):
            if number >= _MOST_ATTACHMENTS:
                break
            content = attachment.content
            if len(content) <= MOST_TEXT_BYTES and _may_be_credential(content):
                found.append(content)
    # What pypdf raises on broken files is not of one family.
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise NoCredentialError(phrase("It is a PDF, but it cannot be read.")) from error
    if not found:
        raise _NothingInsideError(phrase("No credential is attached to this PDF."))
    if len(found) > 1:
        raise NoCredentialError(phrase("Several credentials are attached to this PDF."))
    try:
        return found[0].decode()
    except UnicodeDecodeError as error:
        raise NoCredentialError(phrase("What is attached to this PDF is not text.")) from error


def _may_be_credential(content: bytes) -> bool:
    return b"VerifiableCredential" in content or vc_jwt.looks_compact(
        content.decode("latin-1").strip()
    )


def _json(text: str) -> dict[str, Any]:
    try:
        document = plain_json.read(text)
    except ValueError as error:
        raise NoCredentialError(phrase("It is not JSON, or it is cut short.")) from error
    if not isinstance(document, dict):
        raise NoCredentialError(phrase("It is JSON, but not a credential."))
    return document
