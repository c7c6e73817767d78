import time
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

from hypothesis import given, settings

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways import rules
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, Requirement, SomeOf, stones
from lti_tool.pathways.rules import Held
from tests.pathways.trees import (
    ACHIEVEMENTS,
    NOON,
    earn,
    expressions,
    fewest_further,
    held,
    is_met,
    learners,
)

LATER = NOON + timedelta(hours=1)


def test_stones_of_both_groups_are_counted() -> None:
    pathway = AllOf(
        parts=(
            AllOf(parts=(earn(1), earn(2), earn(3))),
            SomeOf(choose=2, parts=(earn(4), earn(5), earn(6))),
            earn(7),
        )
    )

    standing = rules.evaluate(pathway, [held(1), held(2), held(3), held(5)], LATER)

    assert not standing.done
    assert standing.share == Decimal("0.6666")
    assert standing.missing == 2
    assert standing.nearest == (ACHIEVEMENTS[3], ACHIEVEMENTS[6])
    assert [part.done for part in standing.reasons.parts] == [True, False, False]
    two_of_three = standing.reasons.parts[1]
    assert (two_of_three.counted, two_of_three.needed) == (Decimal(1), Decimal(2))
    assert rules.fewest(pathway) == 6


def test_an_achievement_in_two_groups_is_taken_once_on_the_nearest_way() -> None:
    pathway = AllOf(
        parts=(
            SomeOf(choose=1, parts=(earn(1), earn(2))),
            SomeOf(choose=1, parts=(earn(3), earn(2))),
        )
    )

    assert rules.evaluate(pathway, [], LATER).nearest == (ACHIEVEMENTS[1],)


def test_credits_are_reached_by_the_fewest_and_heaviest() -> None:
    pathway = CreditsAtLeast(
        credits=Decimal(10),
        parts=(
            earn(1, credits_="2.5"),
            earn(2, credits_="2.5"),
            earn(3, credits_="5"),
            earn(4, credits_="7.5"),
        ),
    )

    standing = rules.evaluate(pathway, [held(1)], LATER)

    assert (standing.reasons.counted, standing.reasons.needed) == (Decimal("2.5"), Decimal(10))
    assert standing.share == Decimal("0.25")
    assert standing.nearest == (ACHIEVEMENTS[3],)


def test_an_award_counts_from_its_own_instant() -> None:
    award = held(1, minutes=30)

    assert not rules.evaluate(earn(1), [award], award.awarded_at - timedelta(microseconds=1)).done
    assert rules.evaluate(earn(1), [award], award.awarded_at).done


def test_almost_complete_never_reads_complete() -> None:
    pathway = AllOf(parts=tuple(_any_stone() for _ in range(150)))
    all_but_one = [_award_of(stone) for stone in list(stones(pathway))[1:]]

    standing = rules.evaluate(pathway, all_but_one, LATER)

    assert standing.share == Decimal("0.9933")


@given(pathway=expressions(), awards=learners())
@settings(max_examples=200, deadline=None)
def test_evaluation_agrees_with_trying_everything(pathway: Requirement, awards: list[Held]) -> None:
    known = {award.achievement_id for award in awards}

    standing = rules.evaluate(pathway, awards, LATER)

    assert standing.done == is_met(pathway, known)
    assert (standing.share == 1) == standing.done
    assert standing.missing == fewest_further(pathway, known)
    assert is_met(pathway, known.union(standing.nearest))
    assert not known.intersection(standing.nearest)
    assert rules.fewest(pathway) == fewest_further(pathway, set())


@given(pathway=expressions(), awards=learners())
@settings(max_examples=100, deadline=None)
def test_a_further_award_never_takes_anything_away(
    pathway: Requirement, awards: list[Held]
) -> None:
    standings = [rules.evaluate(pathway, awards[:count], LATER) for count in range(len(awards) + 1)]

    for before, after in pairwise(standings):
        assert after.share >= before.share
        assert after.missing <= before.missing
        assert after.done >= before.done


@given(pathway=expressions(), awards=learners())
@settings(max_examples=100, deadline=None)
def test_completion_has_the_instant_from_which_the_awards_suffice(
    pathway: Requirement, awards: list[Held]
) -> None:
    instants = sorted({award.awarded_at for award in awards})
    expected = next(
        (instant for instant in instants if rules.evaluate(pathway, awards, instant).done), None
    )

    assert rules.completed_at(pathway, awards) == expected


@given(pathway=expressions(), awards=learners())
@settings(max_examples=100, deadline=None)
def test_what_counts_is_every_award_beside_every_stone_that_names_it(
    pathway: Requirement, awards: list[Held]
) -> None:
    pairs = rules.contributions(pathway, awards, LATER)

    for stone in stones(pathway):
        for award in awards:
            counts = award.achievement_id == stone.achievement_id
            assert ((stone.id, award.award_id) in pairs) == counts


def test_a_thousand_learners_on_forty_requirements_are_judged_in_a_second() -> None:
    groups = [AllOf(parts=tuple(_any_stone() for _ in range(4))) for _ in range(7)]
    pathway = AllOf(parts=(SomeOf(choose=4, parts=tuple(groups)), _any_stone(), _any_stone()))
    awards = [_award_of(stone) for number, stone in enumerate(stones(pathway)) if number % 2]

    began = time.process_time()
    for _ in range(1000):
        rules.evaluate(pathway, awards, LATER)

    assert time.process_time() - began < 1


def _any_stone() -> Earn:
    return Earn(achievement_id=AchievementId(uuid4()))


def _award_of(stone: Earn) -> Held:
    return Held(award_id=AwardId(uuid4()), achievement_id=stone.achievement_id, awarded_at=NOON)
