"""Photographs, screenshots and scans of a certificate's QR code."""

import io
from collections.abc import Callable

import pypdfium2  # type: ignore[import-untyped]  # ships none
import pytest
from PIL import Image, ImageFilter
from pypdf import PdfWriter

from lti_tool.badges import carriers, qr_codes, reader
from lti_tool.badges.carriers import Codes, NoCredentialError
from lti_tool.badges.qr_codes import UnreadablePictureError
from tests.badges.pictures import png, png_of
from tests.badges.test_carriers import certificate_of

LINK = "https://cairn.northfell.example/i/northfell/shared/AbCdEfGhIjKlMnOpQrStUv"


def page() -> Image.Image:
    """The certificate as it looks on a screen."""
    document = pypdfium2.PdfDocument(certificate_of(link=LINK))
    picture: Image.Image = document[0].render(scale=2).to_pil().convert("RGB")
    document.close()
    return picture


def saved(picture: Image.Image, kind: str, **more: object) -> bytes:
    picture.save(out := io.BytesIO(), format=kind, **more)
    return out.getvalue()


def photographed() -> Image.Image:
    """The certificate on a table, not quite straight, not quite sharp, at dusk."""
    table = Image.new("RGB", (4000, 3000), "#6b5a48")
    table.paste(page().resize((2900, 2050)), (500, 400))
    turned = table.rotate(8, resample=Image.Resampling.BILINEAR, fillcolor="#6b5a48")
    dim = turned.filter(ImageFilter.GaussianBlur(1.5)).point(lambda value: value // 2)
    return Image.blend(dim, Image.effect_noise(dim.size, 40).convert("RGB"), 0.15)


@pytest.mark.parametrize(
    "make",
    [
        lambda: saved(page(), "PNG"),
        lambda: saved(page(), "JPEG", quality=60),
        lambda: saved(page(), "WEBP"),
        lambda: saved(page().quantize(16), "PNG"),
        lambda: saved(page().rotate(180), "JPEG"),
        lambda: saved(photographed(), "JPEG", quality=80),
        lambda: saved(page(), "PDF"),
    ],
    ids=["png", "jpeg", "webp", "few colours", "upside down", "photograph", "scan"],
)
def test_the_link_is_read_from_pictures_of_a_certificate(make: Callable[[], bytes]) -> None:
    assert carriers.find(make()) == Codes(texts=(LINK,))


def test_it_is_read_apart_as_everything_foreign() -> None:
    assert reader.find(saved(page(), "PNG")) == Codes(texts=(LINK,))


def test_what_is_transparent_is_paper() -> None:
    ink = page().convert("L").point(lambda value: 0 if value > 128 else 255)
    cut_out = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    cut_out.putalpha(ink)

    assert carriers.find(saved(cut_out, "PNG")) == Codes(texts=(LINK,))


def test_a_credential_in_a_file_goes_before_a_code_on_it() -> None:
    assert not isinstance(carriers.find(certificate_of(link=LINK)), Codes)


def locked() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    writer.write(out := io.BytesIO())
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png(), "QR code"),
        (saved(Image.new("RGB", (300, 300), "white"), "JPEG"), "QR code"),
        (saved(Image.new("RGB", (300, 300), "white"), "PDF"), "QR code"),
        (saved(Image.new("RGB", (300, 300), "white"), "JPEG")[:200], "damaged"),
        (b"\xff\xd8\xff" + bytes(1000), "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(100), "damaged"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "Save it as JPEG"),
        (png_of(50_000, 50_000, b""), "too many pixels"),
        (locked(), "cannot be"),
    ],
    ids=["png", "jpeg", "pdf", "cut jpeg", "empty jpeg", "webp", "heic", "pixels", "locked"],
)
def test_what_shows_no_code_is_refused_with_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(NoCredentialError, match=says):
        carriers.find(data)


def test_a_jpeg_that_announces_a_wall_of_pixels_is_not_unpacked() -> None:
    data = bytearray(saved(Image.new("L", (300, 300)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\x00\xff\x00"

    with pytest.raises(UnreadablePictureError, match=r"too many pixels|damaged"):
        qr_codes.in_picture(bytes(data))


def test_a_page_as_large_as_a_town_is_drawn_as_any_other() -> None:
    writer = PdfWriter()
    writer.add_blank_page(14_000_000, 14_000_000)
    writer.write(out := io.BytesIO())

    with pytest.raises(NoCredentialError, match=r"QR code|cannot be shown"):
        reader.find(out.getvalue())


def test_the_same_code_several_times_is_one() -> None:
    sheet = Image.new("L", (2400, 2400), "white")
    code = page().convert("L")
    for number in range(4):
        sheet.paste(code.resize((1150, 820)), (number % 2 * 1200, number // 2 * 1000))

    assert carriers.find(saved(sheet, "PNG")) == Codes(texts=(LINK,))
