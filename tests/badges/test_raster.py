import io
import zlib

import pytest
from PIL import Image

from lti_tool.badges import raster
from lti_tool.badges.vector import UnsafePictureError
from tests.badges.pictures import chunk, png, png_of, telling_png


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["PNG"])


def test_only_the_pixels_are_taken_over() -> None:
    data = telling_png()

    made = raster.remake(data)

    for told in (b"Amara", b"Camera", b"eXIf", b"tEXt", b"iTXt", b"script", b"PK"):
        assert told not in made
    assert b"Amara" in data
    assert opened(made).size == (300, 300)
    assert made.endswith(b"IEND\xae\x42\x60\x82")


def test_a_large_picture_becomes_the_size_that_badges_have() -> None:
    assert opened(raster.remake(png(2000))).size == (512, 512)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_is_understood(mode: str) -> None:
    assert opened(raster.remake(png(mode=mode))).mode == "RGBA"


def test_a_photograph_stays_small_enough_to_carry_a_credential() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((512, 512), n) for n in (90, 120, 150)])
    noise.save(out := io.BytesIO(), format="PNG")

    assert len(raster.remake(out.getvalue())) < 600_000


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png(300, 200), "300 wide and 200 high"),
        (png(64), "64 by 64 pixels"),
        (png_of(50_000, 50_000, zlib.compress(b"\0" * 10)), "50,000 by 50,000 pixels"),
        (png_of(0, 0, b""), "0 by 0 pixels"),
        (png()[:-20], "damaged"),
        (png_of(300, 300, b"rubbish"), "damaged"),
        (png_of(300, 300, zlib.compress(b"\0" * 50)), "damaged"),
        (png_of(300, 300, zlib.compress(b"\x09" * 300 * 1201)), "damaged"),
        (bytes([*png()[:40], png()[40] ^ 1, *png()[41:]]), "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (png() + bytes(2_000_000), "larger than 2 MB"),
    ],
)
def test_what_is_no_square_png_of_a_useful_size_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(UnsafePictureError, match=says):
        raster.remake(data)


def test_what_hides_behind_a_small_file_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    data = png_of(300, 300, zlib.compress(b"\0" * 300 * 1201), chunk(b"zTXt", b"x\0\0" + bomb))

    assert len(raster.remake(data)) < 10_000


def test_more_pixels_than_announced_are_left_alone() -> None:
    data = png_of(300, 300, zlib.compress(bytes(100_000_000), 9))

    assert opened(raster.remake(data)).size == (300, 300)
