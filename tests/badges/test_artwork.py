from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

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


def test_the_picture_is_told_in_words() -> None:
    assert describe(STATISTICS) == "Badge artwork: the sign for statistics above 2 stones"
