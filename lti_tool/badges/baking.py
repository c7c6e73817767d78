"""A credential inside a picture: Open Badges 3.0 §5.3, "baked" badges.

The bytes of other people's pictures are read here too, so every length is checked before it is
believed and nothing is decompressed.
"""

import re
import zlib
from collections.abc import Container, Iterator
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
KEYWORD = b"openbadgecredential"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_LENGTH_BYTES, _TYPE_BYTES, _CRC_BYTES = 4, 4, 4
_MOST_CHUNKS = 10_000
_ROOT = re.compile(r"<svg\b[^>]*>")


class NotBakedError(ValueError):
    """No picture of this kind, or no credential in it."""


class NothingBakedError(NotBakedError):
    """A sound picture without a credential in it."""


def bake_svg(picture: str, credential: str) -> str:
    """Return the picture with the credential as its first child (§5.3.2).

    Args:
        picture: an SVG as `artwork.draw` makes it: one root element, no prologue.
        credential: JSON, or a compact JWS.
    """
    root = _ROOT.match(picture)
    if root is None:
        raise ValueError("not an SVG of ours")
    if credential.lstrip().startswith("{"):
        # A CDATA section ends at "]]>": where the text has that, it goes on in a second section.
        text = credential.replace("]]>", "]]]]><![CDATA[>")
        child = f"<openbadges:credential><![CDATA[{text}]]></openbadges:credential>"
    else:
        child = f"<openbadges:credential verify={quoteattr(credential)}/>"
    start = root.group().removesuffix(">") + f' xmlns:openbadges="{NAMESPACE}">'
    return start + child + picture[root.end() :]


def unbake_svg(data: bytes) -> str:
    """Return the credential's text, JSON or a compact JWS.

    Raises:
        NotBakedError: not an SVG, one with entities or a document type, or nothing baked in.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotBakedError("it is not an SVG that is safe to read") from error
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise NotBakedError("it is not an SVG")
    found = [each for each in root.iter() if each.tag == f"{{{NAMESPACE}}}credential"]
    if not found:
        raise NothingBakedError("no credential is in the picture")
    if len(found) > 1:
        raise NotBakedError("several are")
    text: str = found[0].get("verify") or found[0].text or ""
    if not text.strip():
        raise NotBakedError("the credential in the picture is empty")
    return text.strip()


def bake_png(picture: bytes, credential: str) -> bytes:
    """Return the picture with the credential in an `iTXt` chunk before its end (§5.3.1)."""
    chunks = list(_chunks(picture))
    kept = [chunk for chunk in chunks if not _is_ours(chunk)]
    # Keyword, no compression, its method, no language, no translated keyword; then UTF-8.
    text = KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0" + credential.encode()
    baked = [*kept[:-1], (b"iTXt", text), kept[-1]]
    return PNG_SIGNATURE + b"".join(_chunk(kind, data) for kind, data in baked)


def without_chunks_but(picture: bytes, kinds: Container[bytes]) -> bytes:
    """Return the PNG with chunks of these kinds only; what follows its end is left behind too.

    Raises:
        NotBakedError: not a PNG, or damaged.
    """
    kept = [_chunk(kind, data) for kind, data in _chunks(picture) if kind in kinds]
    return PNG_SIGNATURE + b"".join(kept)


def unbake_png(data: bytes) -> str:
    """Return the credential's text, JSON or a compact JWS.

    Raises:
        NotBakedError: not a PNG, damaged, or not exactly one credential in it.
    """
    ours = [content for kind, content in _chunks(data) if _is_ours((kind, content))]
    if not ours:
        raise NothingBakedError("no credential is in the picture")
    if len(ours) > 1:
        raise NotBakedError("several are")
    if ours[0][len(KEYWORD) + 1 : len(KEYWORD) + 2] != b"\0":
        raise NotBakedError("the credential in the picture is compressed, which is not allowed")
    # After the keyword: flag, method, language NUL, translated keyword NUL, text.
    after = ours[0][len(KEYWORD) + 3 :]
    _language, _, after = after.partition(b"\0")
    _translated, _, text = after.partition(b"\0")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise NotBakedError("the credential in the picture is not UTF-8") from error


def _is_ours(chunk: tuple[bytes, bytes]) -> bool:
    return chunk[0] == b"iTXt" and chunk[1].startswith(KEYWORD + b"\0")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of every chunk, IEND last (PNG third edition §5.3)."""
    if not data.startswith(PNG_SIGNATURE):
        raise NotBakedError("it is not a PNG")
    at = len(PNG_SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        head = data[at : at + _LENGTH_BYTES + _TYPE_BYTES]
        length, kind = int.from_bytes(head[:_LENGTH_BYTES]), head[_LENGTH_BYTES:]
        end = at + len(head) + length
        content, crc = data[at + len(head) : end], data[end : end + _CRC_BYTES]
        if len(head) + len(crc) != _LENGTH_BYTES + _TYPE_BYTES + _CRC_BYTES:
            raise NotBakedError("the PNG is cut short")
        if zlib.crc32(kind + content) != int.from_bytes(crc):
            raise NotBakedError("the PNG is damaged")
        yield kind, content
        if kind == b"IEND":
            return
        at = end + _CRC_BYTES
    raise NotBakedError("the PNG has too many parts")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
