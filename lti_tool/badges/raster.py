"""Pictures as pixels: drawing an SVG, and making somebody's PNG anew.

Pillow reads, resvg draws. What is foreign is to be read in `reader`'s process.
"""

import io

import resvg_py
from PIL import Image, UnidentifiedImageError

from lti_tool.badges import baking
from lti_tool.badges.baking import NotBakedError
from lti_tool.badges.vector import UnsafePictureError, check_square
from lti_tool.core.language import phrase

PIXELS = 512  # of a side, as badges are handed out
MOST_BYTES = 2_000_000
_LEAST_SIDE, _MOST_SIDE = 128, 4096
_MOST_KEPT_BYTES = 600_000  # in an SVG it grows by a third
# What draws; everything else in a PNG (text, places, cameras, profiles, animation) is left behind.
_DRAWING = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_FEW_COLOURS = 256


def draw(svg: str) -> bytes:
    """Return a picture of ours, or one that was cleaned, as PNG."""
    # No fonts: there is no text in it, and looking for the system's costs a second.
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=PIXELS, skip_system_fonts=True))


def remake(data: bytes) -> bytes:
    """Return somebody's PNG made anew from its pixels alone, a square of at most `PIXELS`.

    Raises:
        UnsafePictureError: it is none, damaged, too large or small, or not square.
    """
    if len(data) > MOST_BYTES:
        raise UnsafePictureError(
            phrase(
                "It is larger than %(MOST_BYTES)s MB.",
                MOST_BYTES=MOST_BYTES // 1000000,
            )
        )
    try:
        drawing = baking.without_chunks_but(data, _DRAWING)
    except NotBakedError as error:
        raise UnsafePictureError(phrase("The PNG is damaged.")) from error
    width, height = int.from_bytes(drawing[16:20]), int.from_bytes(drawing[20:24])
    if not (_LEAST_SIDE <= width <= _MOST_SIDE and _LEAST_SIDE <= height <= _MOST_SIDE):
        raise UnsafePictureError(
            phrase(
                "It is %(width)s by %(height)s pixels. Badges need at least %(LEAST_SIDE)s on "
                "each side, and at most %(MOST_SIDE)s; %(PIXELS)s by %(PIXELS)s is best.",
                width=width,
                height=height,
                LEAST_SIDE=_LEAST_SIDE,
                MOST_SIDE=_MOST_SIDE,
                PIXELS=PIXELS,
            )
        )
    check_square(width, height)
    try:
        with Image.open(io.BytesIO(drawing), formats=["PNG"]) as opened:
            picture = opened.convert("RGBA")
    # What Pillow raises on broken files is not of one family.
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnsafePictureError(phrase("The PNG is damaged.")) from error
    if max(picture.size) > PIXELS or picture.width != picture.height:
        side = min(PIXELS, max(picture.size))
        picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    made = _encoded(picture)
    if len(made) > _MOST_KEPT_BYTES:  # a photograph: fewer colours, which nobody sees at this size
        made = _encoded(picture.quantize(_FEW_COLOURS))
    return made


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()
