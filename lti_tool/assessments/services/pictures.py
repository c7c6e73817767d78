"""Images of authors: kept once, named by what they are, shown wherever content names them."""

import hashlib

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from lti_tool.assessments.errors import UnreadableImageError
from lti_tool.core.ids import InstitutionId
from lti_tool.core.language import phrase
from lti_tool.core.storage import StoredFile, storage

LARGEST_IMAGE = 2_000_000
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def store_image(institution_id: InstitutionId, data: bytes) -> str:
    """Keep an image and return how Markdown names it: `![what it shows](image:<id>)`.

    The name is made of the content and the institution, so that the same image is kept
    once, never changes under its name, and cannot be found by guessing. Network storage
    may stand behind it: not to be called within a transaction.

    Raises:
        UnreadableImageError: it is too large, or no PNG, JPEG, GIF, WebP or SVG.
        StorageUnavailableError: nothing can be stored just now.
    """
    media_type = _media_type(data)
    id_ = hashlib.sha256(institution_id.bytes + data).hexdigest()
    storage().put(_key(id_), data, media_type)
    return f"image:{id_}"


def get_image(id_: str) -> StoredFile:
    """Return an image by the id in its name.

    Raises:
        FileMissingError: there is none.
    """
    return storage().get(_key(id_))


def _key(id_: str) -> str:
    return f"images/{id_[:2]}/{id_}"


def _media_type(data: bytes) -> str:
    """Return what the data is by its own account; names and headers of uploads say anything."""
    if len(data) > LARGEST_IMAGE:
        raise UnreadableImageError(phrase("It is larger than 2 MB."))
    for signature, media_type in _SIGNATURES:
        if data.startswith(signature):
            return media_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    try:
        # Whoever opens an SVG by itself finds its scripts forbidden by the answer's headers.
        if ElementTree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg":
            return "image/svg+xml"
    # The last two: of an encoding that it only names.
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnreadableImageError(phrase("It is no PNG, JPEG, GIF, WebP or SVG image.")) from error
    raise UnreadableImageError(phrase("It is no PNG, JPEG, GIF, WebP or SVG image."))
