import re
from itertools import pairwise

import pytest

from lti_tool.learner.drawing import WIDTH, DrawnStone, Layer, Stone, draw


def layer(*labels: str, name: str = "All") -> Layer:
    stones = tuple(Stone(seed=label, label=label, state="ready") for label in labels)
    return Layer(label=name, stones=stones)


def extent(drawn: DrawnStone) -> tuple[float, float, float, float]:
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", drawn.outline)]
    across, down = numbers[0::2], numbers[1::2]
    return min(across), min(down), max(across), max(down)


@pytest.mark.parametrize("counts", [[1], [2, 1], [3, 3, 1, 1], [5, 4, 1], [12, 2, 1]])
def test_stones_lie_within_the_picture_and_beside_each_other(counts: list[int]) -> None:
    layers = [layer(*(f"{number}.{one}" for one in range(n))) for number, n in enumerate(counts)]

    drawing = draw(layers)

    boxes = [(drawn.y, *extent(drawn)) for drawn in drawing.stones]
    assert len(boxes) == sum(counts)
    for _, left, top, right, bottom in boxes:
        assert 60 <= left < right <= WIDTH
        assert 0 <= top < bottom <= drawing.ground
    for (y, _, top, right, _), (next_y, next_left, _, _, next_bottom) in pairwise(boxes):
        assert next_left >= right if next_y == y else next_bottom <= top


def test_the_first_layer_is_the_lowest() -> None:
    ground, top = draw([layer("a"), layer("b")]).stones

    assert ground.y > top.y


def test_a_layer_of_many_lies_in_several_rows_and_is_named_once() -> None:
    drawing = draw([layer(*map(str, range(11)), name="Any two")])

    assert [label.text for label in drawing.labels] == ["Any two"]
    assert len({stone.y for stone in drawing.stones}) == 3


def test_a_cairn_looks_the_same_each_time_and_stones_differ() -> None:
    first, second = draw([layer("a", "b")]), draw([layer("a", "b")])

    assert first == second
    widths = [extent(stone)[2] - extent(stone)[0] for stone in first.stones]
    assert widths[0] != widths[1]
