import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways import rules
from lti_tool.pathways.counting import Held, Rulings, changes_after
from lti_tool.pathways.expression import (
    AllOf,
    CreditsAtLeast,
    CreditsOfKind,
    Earn,
    SomeOf,
    stones,
)
from lti_tool.pathways.rules import Reason
from lti_tool.pathways.words import explain
from tests.pathways import dice
from tests.pathways.trees import (
    ACHIEVEMENTS,
    NAMES,
    NOON,
    earn,
    fewest_further,
    fresh,
    held,
    is_met,
)

LATER = NOON + timedelta(hours=1)

# Of seeds, since a pathway takes more throws than Hypothesis likes to make itself.
_CHANCE = st.integers(0, 2**32).map(Random)


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


def test_a_group_of_credits_weighs_as_much_as_the_fewest_that_would_do() -> None:
    any_of_four = tuple(earn(number, credits_="5") for number in range(1, 5))
    pathway = AllOf(parts=(CreditsAtLeast(credits=Decimal(5), parts=any_of_four), earn(5)))

    assert rules.evaluate(pathway, [held(5)], LATER).share == Decimal("0.5")


def test_an_award_counts_from_its_own_instant() -> None:
    award = held(1, minutes=30)

    assert not rules.evaluate(earn(1), [award], award.awarded_at - timedelta(microseconds=1)).done
    assert rules.evaluate(earn(1), [award], award.awarded_at).done


def test_almost_complete_never_reads_complete() -> None:
    pathway = AllOf(parts=tuple(_any_stone() for _ in range(150)))
    all_but_one = [_award_of(stone) for stone in list(stones(pathway))[1:]]

    standing = rules.evaluate(pathway, all_but_one, LATER)

    assert standing.share == Decimal("0.9933")


@pytest.mark.timeout(300)  # nothing but arithmetic: as slow as its share of a processor
def test_ten_thousand_pathways_and_learners_agree_with_trying_everything() -> None:
    """A quarter of them here, the others in the tests below, so that they run side by side."""
    _agree("first")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", ["second", "third", "fourth"])
def test_further_thousands_agree_too(seed: str) -> None:
    _agree(seed)


def _agree(seed: str) -> None:
    for number in range(2500):
        _check(Random(f"{seed} {number}"))  # noqa: S311 - to be repeatable is the point


@given(chance=_CHANCE)
@settings(max_examples=100, deadline=None)
def test_evaluation_agrees_with_trying_everything(chance: Random) -> None:
    _check(chance)


def _check(chance: Random) -> None:
    pathway = dice.sound_tree(chance)
    learner = dice.learner(chance, pathway)
    awards, rulings = learner.awards, learner.rulings
    at = NOON + timedelta(days=chance.randrange(60))

    standing = rules.evaluate(pathway, awards, at, rulings)

    assert standing.done == is_met(pathway, awards, at, rulings)
    assert (standing.share == 1) == standing.done
    assert standing.missing == fewest_further(pathway, awards, at, rulings)
    for reason in _outside_exclusive(standing.reasons):
        node = reason.requirement
        assert reason.done == is_met(node, awards, at, rulings, whole=pathway)
        assert len(set(reason.awards)) == len(reason.awards)
    further = [fresh(known, at=at) for known in standing.nearest]
    assert is_met(pathway, [*awards, *further], at, rulings)
    assert rules.fewest(pathway) == fewest_further(pathway, [], at)


def _outside_exclusive(reason: Reason) -> Iterator[Reason]:
    """Yield the reasons of a tree, of an exclusive group only its own: of its parts one way is."""
    yield reason
    if not getattr(reason.requirement, "exclusive", False):
        for part in reason.parts:
            yield from _outside_exclusive(part)


@given(chance=_CHANCE)
@settings(max_examples=100, deadline=None)
def test_a_further_award_never_takes_anything_away(chance: Random) -> None:
    pathway = dice.sound_tree(chance)
    awards = dice.learner(chance, pathway).awards
    at = NOON + timedelta(days=chance.randrange(60))
    standings = [rules.evaluate(pathway, awards[:count], at) for count in range(len(awards) + 1)]

    for before, after in pairwise(standings):
        assert after.share >= before.share
        assert after.missing <= before.missing
        assert after.done >= before.done


@given(chance=_CHANCE)
@settings(max_examples=100, deadline=None)
def test_completion_has_the_first_instant_at_which_all_was_there(chance: Random) -> None:
    pathway = dice.sound_tree(chance)
    awards = dice.learner(chance, pathway).awards
    instants = sorted({award.awarded_at for award in awards})
    expected = next((at for at in instants if is_met(pathway, awards, at)), None)

    assert rules.completed_at(pathway, awards) == expected


@given(chance=_CHANCE)
@settings(max_examples=100, deadline=None)
def test_what_is_said_to_expire_is_all_that_time_changes(chance: Random) -> None:
    pathway = dice.sound_tree(chance)
    learner = dice.learner(chance, pathway)
    at = NOON + timedelta(days=50)  # nothing begins after that
    standing = rules.evaluate(pathway, learner.awards, at, learner.rulings)
    change = changes_after(pathway, learner.awards, at, learner.rulings)

    assert all(expiry.at >= (change or at) for expiry in standing.expiries)
    until = (change or at + timedelta(days=1000)) - timedelta(microseconds=1)
    later = rules.evaluate(pathway, learner.awards, until, learner.rulings)
    assert rules.contributions(later) == rules.contributions(standing)
    assert later.nearest == standing.nearest


def test_in_an_exclusive_group_nothing_counts_twice_and_all_is_used() -> None:
    both = (earn(1), earn(2))
    pathway = AllOf(
        exclusive=True,
        parts=(
            SomeOf(choose=1, parts=both),
            SomeOf(choose=1, parts=(earn(1), earn(3))),
        ),
    )

    one = rules.evaluate(pathway, [held(1)], LATER)
    two = rules.evaluate(pathway, [held(1), held(2)], LATER)

    assert (one.done, one.share, one.missing) == (False, Decimal("0.5"), 1)
    assert [part.done for part in one.reasons.parts] == [True, False]
    assert one.reasons.parts[1].parts[0].why == "elsewhere"
    assert two.done
    assert len(rules.contributions(two)) == 2


def test_credits_of_a_kind_are_wanted_beside_the_sum() -> None:
    core = [replace(earn(n, credits_="5"), credit_kind="core") for n in (1, 2)]
    pathway = CreditsAtLeast(
        credits=Decimal(15),
        of_kind=(CreditsOfKind(name="core", credits=Decimal(10)),),
        parts=(*core, earn(3, credits_="10"), earn(4, credits_="10")),
    )

    standing = rules.evaluate(pathway, [held(3), held(4)], LATER)

    assert standing.reasons.counted == 20
    assert not standing.done
    assert standing.nearest == (ACHIEVEMENTS[0], ACHIEVEMENTS[1])


@pytest.mark.parametrize(
    ("stone", "award", "why"),
    [
        (earn(1), None, "absent"),
        (earn(1), held(1, ends=30), "expired"),
        (replace(earn(1), within_days=1), held(1, minutes=-2000), "too_old"),
        (replace(earn(1), grade_at_least=Decimal("0.8")), held(1), "grade"),
        (replace(earn(1), level_at_least=6), held(1), "level"),
        (replace(earn(1), needs=(ACHIEVEMENTS[1],)), held(1), "needs"),
        (replace(earn(1), counts_expired=True), held(1, ends=30), None),
    ],
)
def test_a_stone_that_is_not_there_says_why(stone: Earn, award: Held | None, why: str) -> None:
    standing = rules.evaluate(stone, [award] if award else [], LATER)

    assert standing.reasons.why == why
    assert standing.done == (why is None)


NINE = NOON + timedelta(days=9)
_UNTIL_FIFTH = "held, but it expired on 5 March 2026."


@pytest.mark.parametrize(
    ("stone", "awards", "says"),
    [
        (earn(1), [], "not held yet."),
        (replace(earn(1), needs=(ACHIEVEMENTS[1],)), [], "not held yet; it needs Stone 2 too."),
        (
            replace(earn(1), needs=(ACHIEVEMENTS[1], ACHIEVEMENTS[2])),
            [held(1), held(2)],
            "held, but it counts only together with Stone 3.",
        ),
        (earn(1), [held(1, ends=60)], "held, but it expired on 2 March 2026."),
        # What comes nearest is told, not what else is held.
        (
            replace(earn(1), grade_at_least=Decimal("0.8")),
            [
                replace(held(1, ends=60), grade=Decimal("0.9")),
                replace(held(1, ends=60 * 24 * 99), grade=Decimal("0.5")),
            ],
            "held, but it expired on 2 March 2026.",
        ),
        (
            replace(earn(1), grade_at_least=Decimal("0.8")),
            [
                replace(held(1, ends=60), grade=Decimal("0.5")),
                replace(held(1), grade=Decimal("0.75")),
                replace(held(1, minutes=60 * 24 * 99), grade=Decimal(1)),
            ],
            "held with 75 %; at least 80 % is needed.",
        ),
        (
            replace(earn(1), grade_at_least=Decimal("0.8")),
            [held(1)],
            "held without a grade; at least 80 % is needed.",
        ),
        (
            replace(earn(1), grade_at_least=Decimal("0.8")),
            [
                replace(held(1), grade=Decimal(0)),
                replace(held(1), grade=Decimal("0.75")),
                held(1),
            ],
            "held with 75 %; at least 80 % is needed.",
        ),
        # Of two that are over the one that ended last, though the other was made last.
        (earn(1), [held(1, ends=60 * 24 * 3), held(1, minutes=1, ends=60)], _UNTIL_FIFTH),
        (
            replace(earn(1), within_days=1),
            [held(1)],
            "held, but it counts only for 1 day after it is earned.",
        ),
        (
            replace(earn(1), level_at_least=5),
            [replace(held(1), level=4)],
            "held, but at least level 5 is needed.",
        ),
    ],
)
def test_why_a_stone_is_not_there_is_said_of_what_comes_nearest(
    stone: Earn, awards: list[Held], says: str
) -> None:
    standing = rules.evaluate(stone, awards, NINE)

    told = explain(standing.reasons, NAMES, {award.award_id: award for award in awards})

    assert told.text == f"Stone 1: {says}"


def test_an_award_counts_until_the_instant_at_which_it_ends() -> None:
    expires, grows_old = held(1, ends=60), held(1)
    for stone, award, end in (
        (earn(1), expires, NOON + timedelta(minutes=60)),
        # So many times 24 hours, also over a leap day and the end of summer time.
        (replace(earn(1), within_days=366), grows_old, NOON + timedelta(hours=24 * 366)),
    ):
        standing = rules.evaluate(stone, [award], end - timedelta(microseconds=1))

        assert standing.done
        assert [one.at for one in standing.expiries] == [end]
        assert not rules.evaluate(stone, [award], end).done
        assert changes_after(stone, [award], end) is None


def test_an_award_that_was_earned_again_counts_once_and_for_as_long_as_either() -> None:
    first = replace(held(1, ends=60), grade=Decimal("0.5"))
    again = replace(first, awarded_at=NOON + timedelta(minutes=30), valid_until=NINE)
    good = replace(earn(1), grade_at_least=Decimal("0.5"))

    standing = rules.evaluate(good, [first, again], NOON + timedelta(minutes=40))

    assert standing.reasons.awards == (first.award_id,)
    assert (standing.reasons.since, standing.reasons.until) == (NOON, NINE)
    later = rules.evaluate(good, [first, again], NOON + timedelta(minutes=60))
    assert later.reasons.since == again.awarded_at
    # Its first end changes nothing, and is no news.
    assert changes_after(good, [first, again], NOON) == NINE
    # Each time stands for itself: a poorer pass in time does not lend the better one its time.
    poorer = replace(again, grade=Decimal("0.4"))
    assert not rules.evaluate(good, [first, poorer], NOON + timedelta(minutes=60)).done
    assert changes_after(good, [first, poorer], NOON) == first.valid_until


def test_what_is_waived_or_replaced_need_not_be_held_beside_another() -> None:
    needing = replace(earn(2), needs=(ACHIEVEMENTS[0],))
    inner = AllOf(parts=(earn(1), needing))
    pathway = SomeOf(choose=1, parts=(inner,))
    first = inner.parts[0].id
    other = held(5, ends=120)

    for rulings in (
        Rulings(waived={first: LATER}),
        Rulings(substitutes={first: (other.award_id, LATER)}),
    ):
        before = rules.evaluate(pathway, [held(2), other], LATER - timedelta(seconds=1), rulings)

        assert before.nearest == (ACHIEVEMENTS[0],)
        assert rules.evaluate(pathway, [held(2), other], LATER, rulings).done
    gone = rules.evaluate(pathway, [held(2), other], NOON + timedelta(minutes=120), rulings)
    assert [part.why for part in gone.reasons.parts[0].parts] == ["absent", "needs"]
    # That a group is waived says nothing of its stones.
    group = Rulings(waived={inner.id: NOON})
    beside = AllOf(parts=(inner, replace(needing, id=uuid4())))
    assert not rules.evaluate(beside, [held(2)], LATER, group).done


def test_a_decision_counts_from_its_day_on() -> None:
    pathway = AllOf(parts=(earn(1), earn(2)))
    waived = Rulings(waived={pathway.parts[1].id: LATER})

    assert not rules.evaluate(pathway, [held(1)], LATER - timedelta(seconds=1), waived).done
    assert rules.evaluate(pathway, [held(1)], LATER, waived).done
    assert rules.completed_at(pathway, [held(1)], waived) == LATER


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
