"""The picture of an achievement, uploaded or drawn: values, and an SVG around a PNG. Pure."""

from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any

MOST_WORDS = 300


class PictureKind(StrEnum):
    """What was uploaded; each is its file's ending."""

    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedPicture:
    """A picture that an issuer uploaded, as an edition remembers it.

    Attributes:
        id: of the stored files, made of what is in them: it never means another picture.
        words: what it shows, for those who do not see it.
    """

    id: str
    kind: PictureKind
    words: str

    def __post_init__(self) -> None:
        """Refuse a picture that part of the readers could not know."""
        if not are_words(self.words):
            raise ValueError(f"say in up to {MOST_WORDS} characters what the picture shows")

    def to_json(self) -> dict[str, Any]:
        """Return it for storage."""
        return {"id": self.id, "kind": self.kind.value, "words": self.words.strip()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "UploadedPicture":
        """Return what `to_json` wrote."""
        return cls(id=stored["id"], kind=PictureKind(stored["kind"]), words=stored["words"])


def are_words(words: str) -> bool:
    """Tell whether a text can say what a picture shows.

    Printable, as it stands in drawings, where a control character is no XML.
    """
    return bool(words.strip()) and len(words) <= MOST_WORDS and words.isprintable()


def in_svg(png: bytes, *, pixels: int, label: str) -> str:
    """Return an SVG that shows a PNG it carries, for what takes nothing but SVG."""
    data = b64encode(png).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {pixels} {pixels}" role="img"'
        f' aria-label="{escape(label)}"><image width="{pixels}" height="{pixels}"'
        f' href="data:image/png;base64,{data}"/></svg>\n'
    )
