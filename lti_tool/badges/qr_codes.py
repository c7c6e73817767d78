"""QR codes in pictures of a certificate: a photograph, a screenshot, a scanned or printed page.

Pillow and PDFium draw, ZXing reads. To be called in `reader`'s process: it is for anybody's files.
"""

import io

import pypdfium2  # type: ignore[import-untyped]  # ships none
import zxingcpp
from PIL import Image, UnidentifiedImageError

from lti_tool.core.language import phrase

MOST_PIXELS = 50_000_000  # of a photograph; others are bounded by what they take to draw
_MOST_DRAWN = 16_000_000  # of anything but a JPEG, which is read at a fraction of its size
_SIDE = 3000  # a page on which the code takes a twentieth still reads
_MOST_PAGES = 3
_PAGE_PIXELS = 2000
_MOST_TEXTS = 8
_QR_CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_TOO_MANY_PIXELS = phrase(
    "The picture has too many pixels. Cut out the code, or take a screenshot of it."
)
_HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftypavif")


class UnreadablePictureError(ValueError):
    """No picture that can be looked at; the message may be shown."""


def is_picture(data: bytes) -> bool:
    """Tell whether a file is a picture that only its code can say something about."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return is_webp or data.startswith(b"\xff\xd8\xff") or data[4:12] in _HEIC


def in_picture(data: bytes) -> list[str]:
    """Return what the QR codes in a PNG, JPEG or WebP say.

    Raises:
        UnreadablePictureError: it is another, damaged, or too large.
    """
    if data[4:12] in _HEIC:
        raise UnreadablePictureError(
            phrase(
                "Pictures of this kind (HEIC, AVIF) cannot be read here. "
                "Save it as JPEG or PNG, or"
                " take a screenshot of it."
            )
        )
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as picture:
            pixels = picture.width * picture.height
            if pixels > (MOST_PIXELS if picture.format == "JPEG" else _MOST_DRAWN):
                raise UnreadablePictureError(_TOO_MANY_PIXELS)
            picture.draft("L", (_SIDE // 2, _SIDE // 2))
            grey = _on_white(picture)
    except Image.DecompressionBombError as error:
        raise UnreadablePictureError(_TOO_MANY_PIXELS) from error
    # What Pillow raises on broken files is not of one family.
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError) as error:
        raise UnreadablePictureError(phrase("It is a picture, but a damaged one.")) from error
    grey.thumbnail((_SIDE, _SIDE))
    return _texts(grey)


def in_pdf(data: bytes) -> list[str]:
    """Return what the QR codes on the first pages of a PDF say.

    Raises:
        UnreadablePictureError: it is damaged, or locked with a password.
    """
    try:
        document = pypdfium2.PdfDocument(data)
        try:
            found: list[str] = []
            for number in range(min(len(document), _MOST_PAGES)):
                page = document[number]
                scale = _PAGE_PIXELS / max(*page.get_size(), 1)
                found += _texts(page.render(scale=scale, grayscale=True).to_pil())
                page.close()
        finally:
            document.close()
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise UnreadablePictureError(
            phrase("It is a PDF, but its pages cannot be shown.")
        ) from error
    return found


def _on_white(picture: Image.Image) -> Image.Image:
    """Return it in greys; what is transparent is paper, as in every viewer."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("L")
    layer = picture.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("L")


def _texts(picture: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(picture, formats=_QR_CODES)
    return [code.text for code in found[:_MOST_TEXTS] if code.text]
