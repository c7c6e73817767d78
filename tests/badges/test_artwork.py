import io
from dataclasses import replace
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from lti_tool.badges import raster
from lti_tool.badges.artwork import Artwork, Field, Outline, describe, draw

SEED = UUID("0195d3f0-0000-7000-8000-000000000002")
STATISTICS = Artwork(outline=Outline.STONE, field=Field.STATISTICS, level=2)
SVG = "{http://www.w3.org/2000/svg}"


def test_the_same_data_give_the_same_picture_and_another_id_another() -> None:
    picture = draw(STATISTICS, seed=SEED, label="x")

    assert picture == draw(STATISTICS, seed=SEED, label="x")
    assert picture != draw(STATISTICS, seed=UUID(int=SEED.int + 1), label="x")


@pytest.mark.parametrize("outline", Outline)
@pytest.mark.parametrize("field", Field)
@pytest.mark.parametrize("level", [1, 4])
def test_every_kind_is_a_picture_with_as_many_stones_as_its_level(
    outline: Outline, field: Field, level: int
) -> None:
    artwork = Artwork(outline=outline, field=field, level=level)

    root = ET.fromstring(draw(artwork, seed=SEED, label="A badge"))  # noqa: S314 - our own text

    *_, stones = root.findall(f"{SVG}g")
    assert len(stones.findall(f"{SVG}path")) == level
    assert Artwork.from_json(artwork.to_json()) == artwork


def test_a_name_cannot_become_markup() -> None:
    name = '"><script>alert(1)</script>'

    root = ET.fromstring(draw(STATISTICS, seed=SEED, label=name))  # noqa: S314 - our own text

    assert root.get("aria-label") == name
    assert root.find(f".//{SVG}script") is None


@pytest.mark.parametrize("level", [0, 5])
def test_a_level_that_cannot_be_drawn_is_refused(level: int) -> None:
    with pytest.raises(ValueError, match="level"):
        Artwork(outline=Outline.STONE, field=Field.DATA, level=level)


@pytest.mark.parametrize("letters", ["R", "5.", "SQL", "A-1+"])
def test_letters_stand_in_place_of_the_sign_and_inside_the_outline(letters: str) -> None:
    artwork = replace(STATISTICS, letters=letters)

    root = ET.fromstring(draw(artwork, seed=SEED, label="x"))  # noqa: S314 - our own text

    _, sign, _ = root.findall(f"{SVG}g")
    assert len(sign.findall(f"{SVG}path")) == len(letters)
    assert Artwork.from_json(artwork.to_json()) == artwork
    assert describe(artwork) == f"Badge artwork: {letters} above 2 stones"


def test_every_letter_is_seen_in_the_picture_that_is_made_of_it() -> None:
    def pixels(letters: str) -> bytes:
        picture = draw(replace(STATISTICS, letters=letters), seed=SEED, label="x")
        return Image.open(io.BytesIO(raster.draw(picture))).convert("L").tobytes()

    seen = {pixels(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."}

    assert len(seen) == 39


@pytest.mark.parametrize("letters", ["", "SQLITE", "Ä", "a", "<"])
def test_letters_that_cannot_be_drawn_are_refused(letters: str) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        replace(STATISTICS, letters=letters)


def test_the_picture_is_told_in_words() -> None:
    assert describe(STATISTICS) == "Badge artwork: the sign for statistics above 2 stones"
