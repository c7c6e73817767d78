"""Changing a draft's tree: every step, and that nothing is lost on the way."""

from collections import Counter
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.pathways import outline
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    CreditsOfKind,
    Earn,
    Requirement,
    SomeOf,
    nodes,
)
from lti_tool.pathways.outline import Group, GroupKind, Step
from tests.pathways.trees import earn, expressions


def told(node: Requirement) -> str:
    """Return a tree as letters: stones by number, groups in brackets."""
    if isinstance(node, Earn):
        return str(node.achievement_id.int)
    signs = {"all_of": "()", "some_of": "[]", "credits_at_least": "{}"}[node.kind]
    return signs[0] + " ".join(map(told, node.parts)) + signs[1]


def after(tree: Group, part: Requirement, step: Step) -> str | None:
    changed = outline.take(tree, part.id, step)
    return told(changed) if changed is not None else None


ONE, TWO, THREE, FOUR = earn(1), earn(2), earn(3), earn(4)
INNER = SomeOf(choose=1, parts=(TWO, THREE))
TREE = AllOf(parts=(ONE, INNER, FOUR))


@pytest.mark.parametrize(
    ("part", "step", "expected"),
    [
        (ONE, "up", None),
        (ONE, "down", "([2 3] 1 4)"),
        (FOUR, "up", "(1 4 [2 3])"),
        (FOUR, "down", None),
        (FOUR, "in", "(1 [2 3 4])"),
        (ONE, "in", "([1 2 3] 4)"),
        (TWO, "in", None),
        (TWO, "out", "(1 [3] 2 4)"),
        (INNER, "out", None),
        (INNER, "remove", "(1 4)"),
        (THREE, "remove", "(1 [2] 4)"),
    ],
    ids=lambda value: told(value) if isinstance(value, Earn | AllOf | SomeOf) else str(value),
)
def test_a_part_takes_a_step_or_cannot(part: Requirement, step: Step, expected: str | None) -> None:
    assert after(TREE, part, step) == expected


def test_the_whole_takes_no_step_and_an_unknown_part_neither() -> None:
    assert [outline.take(TREE, TREE.id, step) for step in outline.STEPS] == [None] * 5
    assert outline.take(TREE, uuid4(), "up") is None


def test_no_group_goes_into_a_group_of_credits() -> None:
    credits_ = CreditsAtLeast(credits=Decimal(1), parts=(ONE,))
    group = AllOf(parts=(TWO,))
    tree = AllOf(parts=(credits_, group))

    assert outline.take(tree, group.id, "in") is None
    assert outline.add(tree, credits_.id, [AllOf(parts=())]) is None
    assert after(AllOf(parts=(credits_, TWO)), TWO, "in") == "({1 2})"


def test_a_group_becomes_another_kind_with_its_parts_and_id() -> None:
    changed = outline.shaped(
        INNER,
        "credits_at_least",
        title="Core",
        choose=1,
        credits_=Decimal(3),
        of_kind=(CreditsOfKind(name="lab", credits=Decimal(1)),),
        exclusive=False,
    )

    assert isinstance(changed, CreditsAtLeast)
    assert (changed.id, told(changed), changed.title) == (INNER.id, "{2 3}", "Core")
    nested = AllOf(parts=(AllOf(parts=(ONE,)),))
    kind: GroupKind = "credits_at_least"
    assert (
        outline.shaped(
            nested, kind, title="", choose=1, credits_=Decimal(3), of_kind=(), exclusive=False
        )
        is None
    )


@given(st.data())
def test_steps_that_are_offered_can_be_taken_and_keep_every_part(data: st.DataObject) -> None:
    tree = outline.as_group(data.draw(expressions()))
    place = data.draw(st.sampled_from(list(outline.places(tree))))
    for step in outline.STEPS:
        changed = outline.take(tree, place.node.id, step)
        assert (changed is not None) == (step in place.steps)
        if changed is not None:
            lost = Counter(one.id for one in nodes(place.node)) if step == "remove" else Counter()
            before = Counter(one.id for one in nodes(tree))
            assert Counter(one.id for one in nodes(changed)) == before - lost
