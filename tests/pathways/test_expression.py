import json

import pytest
from hypothesis import given

from lti_tool.pathways.expression import AllOf, Earn, Requirement, from_json, nodes, stones, to_json
from tests.pathways.trees import earn, expressions


@given(pathway=expressions())
def test_a_tree_survives_its_journey_through_json(pathway: Requirement) -> None:
    text = json.dumps(to_json(pathway))

    assert from_json(json.loads(text)) == pathway


def test_nodes_come_in_display_order() -> None:
    first, second, third = earn(1), earn(2), earn(3)
    inner = AllOf(parts=(first, second))
    tree = AllOf(parts=(inner, third))

    assert list(nodes(tree)) == [tree, inner, first, second, third]
    assert list(stones(tree)) == [first, second, third]


def test_a_stone_carries_no_credits_unless_it_says_so() -> None:
    stone = from_json({"kind": "earn", "achievement_id": str(earn(1).achievement_id)})

    assert isinstance(stone, Earn)
    assert stone.credits == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "none_of", "parts": []},
        {"kind": "all_of"},
        {"kind": "all_of", "parts": [], "weight": 2},
        {"kind": "earn", "achievement_id": "7"},
    ],
)
def test_what_is_no_tree_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(wrong)
