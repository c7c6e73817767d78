from hypothesis import given
from hypothesis import strategies as st

from lti_tool.registrar import funnel

STANDING = st.dictionaries(st.integers(0, 40), st.integers(1, 10_000), min_size=1).map(
    lambda counts: sorted(counts.items())
)


def test_layers_count_everybody_who_reached_them_from_the_top_down() -> None:
    layers = funnel.layers([(0, 2), (1, 3), (2, 5)])

    assert [(one.missing, one.learners, one.percent) for one in layers] == [
        (0, 2, 40),
        (1, 5, 50),
        (2, 10, None),
    ]
    assert [(one.x, one.width) for one in layers] == [
        ("40.0%", "20.0%"),
        ("25.0%", "50.0%"),
        ("0.0%", "100.0%"),
    ]


def test_a_top_that_nobody_reached_is_a_layer_too() -> None:
    [top, bottom] = funnel.layers([(1, 4)])

    assert (top.learners, top.percent, top.width) == (0, 0, "0.0%")
    assert bottom.learners == 4


def test_without_learners_there_is_nothing_to_draw() -> None:
    assert funnel.layers([]) == []


def test_if_all_are_complete_there_is_one_layer() -> None:
    [only] = funnel.layers([(0, 7)])

    assert (only.learners, only.percent, only.width) == (7, None, "100.0%")


@given(STANDING)
def test_layers_grow_downwards_end_with_everybody_and_stay_few(
    standing: list[tuple[int, int]],
) -> None:
    layers = funnel.layers(standing)

    learners = [one.learners for one in layers]
    assert learners == sorted(learners)
    assert learners[-1] == sum(count for _, count in standing)
    assert len(layers) <= funnel.MOST_LAYERS + 1
    assert [one.missing for one in layers] == sorted({one.missing for one in layers})
    assert layers[0].missing == 0
    assert all(one.percent is None or 0 <= one.percent <= 100 for one in layers)
