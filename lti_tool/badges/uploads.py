"""Pictures that issuers upload, and the picture of an edition in whatever form it is wanted.

What is foreign is made anew in `reader`'s process before it is kept; it is kept under a name made
of its content, as SVG where it is one, and as PNG always. Network storage may stand behind it: none
of this is to be called within a transaction.
"""

import hashlib
from uuid import UUID

from lti_tool.badges import artwork, raster, reader
from lti_tool.badges.errors import UnusablePictureError
from lti_tool.badges.pictures import PictureKind, UploadedPicture, are_words, in_svg
from lti_tool.badges.rules import AchievementDraft
from lti_tool.badges.vector import UnsafePictureError
from lti_tool.core.ids import InstitutionId
from lti_tool.core.language import phrase, recalled
from lti_tool.core.storage import storage

MOST_BYTES = raster.MOST_BYTES
PREFIX = "pictures"
_MEDIA_TYPES = {PictureKind.SVG: "image/svg+xml", PictureKind.PNG: "image/png"}


def keep(institution_id: InstitutionId, data: bytes, *, words: str) -> UploadedPicture:
    """Keep a picture, if it can be made safe, and return how an edition names it.

    Raises:
        UnusablePictureError: it cannot, nobody said what it shows, or there is a queue.
        StorageUnavailableError: nothing can be stored just now.
    """
    words = " ".join(words.split())
    if not are_words(words):
        raise UnusablePictureError(phrase("Say in a few words what the picture shows."))
    try:
        svg, png = reader.remake(data, label=words)
    except UnsafePictureError as error:
        raise UnusablePictureError(recalled(str(error))) from error
    except reader.TooCostlyError as error:
        raise UnusablePictureError(
            phrase("It takes too long to draw. Simplify it, or upload it as PNG.")
        ) from error
    except reader.BusyError as error:
        raise UnusablePictureError(
            phrase(
                "Many are having files looked at just now. Choose it again and publish in a minute."
            )
        ) from error
    kind = PictureKind.PNG if svg is None else PictureKind.SVG
    made = hashlib.sha256(png + (svg or "").encode()).hexdigest()
    picture = UploadedPicture(id=made, kind=kind, words=words)
    if svg is not None:
        _put(institution_id, made, PictureKind.SVG, svg.encode())
    _put(institution_id, made, PictureKind.PNG, png)
    return picture


def is_kept(institution_id: InstitutionId, picture: UploadedPicture) -> bool:
    """Tell whether an institution has this picture."""
    return storage().exists(_key(institution_id, picture.id, picture.kind))


def get_kept(institution_id: InstitutionId, id_: str, kind: PictureKind) -> bytes:
    """Return a picture that was uploaded, whether or not an edition has it.

    Raises:
        FileMissingError: the institution has none of that id.
    """
    return storage().get(_key(institution_id, id_, kind)).data


def svg_of(institution_id: InstitutionId, content: AchievementDraft, achievement_id: UUID) -> str:
    """Return an edition's picture as SVG.

    Raises:
        FileMissingError: what was uploaded is no longer there.
    """
    picture = content.picture
    if picture is None:
        return artwork.draw(content.artwork, seed=achievement_id, label=content.name)
    kept = get_kept(institution_id, picture.id, picture.kind)
    if picture.kind is PictureKind.SVG:
        return kept.decode()
    return in_svg(kept, pixels=raster.PIXELS, label=picture.words)


def png_of(institution_id: InstitutionId, content: AchievementDraft, achievement_id: UUID) -> bytes:
    """Return an edition's picture as PNG.

    Raises:
        FileMissingError: what was uploaded is no longer there.
    """
    if content.picture is None:
        return raster.draw(svg_of(institution_id, content, achievement_id))
    return get_kept(institution_id, content.picture.id, PictureKind.PNG)


def words_of(content: AchievementDraft) -> str:
    """Return what an edition's picture shows, for those who do not see it."""
    if content.picture is None:
        return artwork.describe(content.artwork)
    return content.picture.words


def _put(institution_id: InstitutionId, id_: str, kind: PictureKind, data: bytes) -> None:
    storage().put(_key(institution_id, id_, kind), data, _MEDIA_TYPES[kind])


def _key(institution_id: InstitutionId, id_: str, kind: PictureKind) -> str:
    return f"{PREFIX}/{institution_id.hex}/{id_[:2]}/{id_}.{kind}"
