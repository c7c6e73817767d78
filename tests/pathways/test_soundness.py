from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.core.ids import AchievementId
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Requirement, SomeOf
from lti_tool.pathways.soundness import MOST_REQUIREMENTS, find_cycle, problems, size_problems
from tests.pathways.trees import ACHIEVEMENTS, NAMES, earn, expressions

A, B, C, D = ACHIEVEMENTS[:4]


@given(pathway=expressions())
def test_what_can_be_completed_is_sound(pathway: Requirement) -> None:
    assert list(size_problems(pathway)) == []
    assert problems(pathway, NAMES) == []


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (AllOf(parts=()), "The group is empty."),
        (SomeOf(choose=3, parts=(earn(1), earn(2))), "3 of 2 parts cannot be met."),
        (SomeOf(choose=0, parts=(earn(1),)), "0 of 1 parts cannot be met."),
        (AllOf(parts=(earn(1), earn(1))), "Stone 1 is in the group 2 times."),
        (
            AllOf(parts=(earn(1), AllOf(title="Foundation", parts=(AllOf(parts=()),)))),
            "In Foundation, part 1: The group is empty.",
        ),
        (
            CreditsAtLeast(credits=Decimal(6), parts=(earn(1, credits_="5"),)),
            "6 credits are needed, and the parts carry 5 together.",
        ),
        (
            CreditsAtLeast(credits=Decimal(5), parts=(earn(1, credits_="5"), earn(2))),
            "Stone 2 carries no credits.",
        ),
        (
            CreditsAtLeast(credits=Decimal(0), parts=(earn(1, credits_="5"),)),
            "The credits that are needed must be more than 0.",
        ),
    ],
)
def test_what_nobody_can_complete_is_named(tree: Requirement, sentence: str) -> None:
    assert [problem.sentence for problem in problems(tree, NAMES)] == [sentence]


def test_every_problem_is_told_at_once() -> None:
    tree = AllOf(parts=(AllOf(parts=()), SomeOf(choose=2, parts=(earn(1),))))

    assert len(problems(tree, NAMES)) == 2


def test_trees_too_large_or_too_deep_are_refused_without_walking_them() -> None:
    deep: Requirement = earn(1)
    for _ in range(100_000):
        deep = AllOf(parts=(deep,))
    wide = AllOf(parts=tuple(earn(1) for _ in range(MOST_REQUIREMENTS)))
    tall: Requirement = earn(1)
    for _ in range(8):
        tall = AllOf(parts=(tall,))

    for tree in (deep, wide):
        texts = [problem.text for problem in size_problems(tree)]
        assert texts == ["A pathway has at most 200 requirements."]
    assert [problem.text for problem in size_problems(tall)] == [
        "Groups lie at most 8 deep, not 9."
    ]


@pytest.mark.parametrize(
    ("needs", "cycle"),
    [
        ({}, ()),
        ({A: {B}, B: {C}, C: {D}}, ()),
        ({A: {A}}, (A, A)),
        ({A: {B}, B: {A}}, (A, B, A)),
        ({A: {B, C}, B: {D}, D: {C}, C: {A}}, (A, C, A)),
        ({A: {B}, B: {C}, C: {B}}, ()),
    ],
)
def test_the_offending_path_is_named(
    needs: Mapping[AchievementId, set[AchievementId]], cycle: tuple[AchievementId, ...]
) -> None:
    assert find_cycle(A, needs) == cycle


@given(
    needs=st.dictionaries(
        st.sampled_from(ACHIEVEMENTS), st.sets(st.sampled_from(ACHIEVEMENTS), max_size=3)
    )
)
def test_a_cycle_is_found_exactly_when_there_is_one(
    needs: dict[AchievementId, set[AchievementId]],
) -> None:
    reached: set[AchievementId] = set()
    further = set(needs.get(A, ()))
    while further - reached:
        reached |= further
        further = {needed for known in reached for needed in needs.get(known, ())}

    cycle = find_cycle(A, needs)

    assert bool(cycle) == (A in reached)
    for known, needed in pairwise(cycle):
        assert needed in needs[known]
