"""Pictures to upload: honest ones and hostile ones."""

import io
import zlib

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lti_tool.badges.baking import PNG_SIGNATURE

SVG = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:editor="https://editor.example" viewBox="0 0 100 100" editor:version="3">'
    "<!-- made by hand --><metadata><editor:secret>who made it</editor:secret></metadata>"
    "<title>Waves</title><style>.sea { fill: #00475a }</style>"
    '<defs><linearGradient id="sky"><stop offset="0" stop-color="#fff"/></linearGradient>'
    '<path id="wave" d="M0 60 Q25 50 50 60 T100 60 V100 H0Z"/></defs>'
    '<rect width="100" height="100" fill="url(#sky)"/>'
    '<use xlink:href="#wave" class="sea"/></svg>'
)


def svg(inside: str, *, root: str = 'viewBox="0 0 100 100"') -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {names} {root}>{inside}</svg>".encode()


def png(
    width: int = 300, height: int | None = None, *, mode: str = "RGBA", **more: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height or width), 0).save(out, format="PNG", **more)
    return out.getvalue()


def telling_png() -> bytes:
    """A picture that says where and by whom it was taken, in every place a PNG has for that."""
    told = PngInfo()
    told.add_text("Author", "Amara Nwosu")
    told.add_itxt("Place", "53.3, -6.3", zip=True)
    exif = Image.Exif()
    exif[0x010F] = "Camera of Amara"
    return png(exif=exif, pnginfo=told) + b"<script>alert(1)</script>PK\x03\x04"


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png_of(width: int, height: int, pixels: bytes, *others: bytes) -> bytes:
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 6, 0, 0, 0])
    return (
        PNG_SIGNATURE
        + chunk(b"IHDR", head)
        + b"".join(others)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )
