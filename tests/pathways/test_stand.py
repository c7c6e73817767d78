"""Where time and a pathway's policy leave somebody, against walking through all instants."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.pathways import rules
from lti_tool.pathways.counting import Held, Rulings
from lti_tool.pathways.stand import LapsePolicy, ends_then, stand
from tests.pathways import dice
from tests.pathways.trees import NOON, earn, held, is_met

_CHANCE = st.integers(0, 2**32).map(Random)


def _instants(awards: list[Held], rulings: Rulings) -> list[datetime]:
    """Every instant at which anything can begin or end, in order."""
    found = {award.awarded_at for award in awards}
    found |= {award.valid_until for award in awards if award.valid_until is not None}
    found |= {award.awarded_at + timedelta(days=20) for award in awards}  # as the dice say
    found |= set(rulings.waived.values())
    found |= {since for _, since in rulings.substitutes.values()}
    return sorted(found)


@given(chance=_CHANCE)
@settings(max_examples=150, deadline=None)
def test_a_completion_has_its_instant_by_every_policy(chance: Random) -> None:
    pathway = dice.sound_tree(chance)
    learner = dice.learner(chance, pathway)
    at = NOON + timedelta(days=chance.randrange(60))
    known = [at_ for at_ in _instants(learner.awards, learner.rulings) if at_ <= at]
    met = [is_met(pathway, learner.awards, one, learner.rulings) for one in known]
    first = next((one for one, is_so in zip(known, met, strict=True) if is_so), None)
    since = None
    for one, is_so in zip(known, met, strict=True):
        since = (since or one) if is_so else None

    kept = stand(pathway, learner.awards, at, LapsePolicy.KEEP, learner.rulings)

    assert kept.completed_at == first
    assert kept.evaluation.done == (first is not None)
    now = rules.evaluate(pathway, learner.awards, at, learner.rulings)
    assert kept.contributions >= rules.contributions(now)
    for policy in (LapsePolicy.REVIEW, LapsePolicy.SUSPEND):
        standing = stand(pathway, learner.awards, at, policy, learner.rulings)
        assert standing.completed_at == since
        assert standing.contributions == rules.contributions(now)
        assert standing.changes_at == kept.changes_at


@given(chance=_CHANCE)
@settings(max_examples=100, deadline=None)
def test_what_is_complete_ends_at_the_first_instant_at_which_it_is_not(chance: Random) -> None:
    pathway = dice.sound_tree(chance)
    learner = dice.learner(chance, pathway)
    at = NOON + timedelta(days=50)  # nothing begins after that
    if not rules.evaluate(pathway, learner.awards, at, learner.rulings).done:
        return
    later = [one for one in _instants(learner.awards, learner.rulings) if one > at]
    end = next(
        (one for one in later if not is_met(pathway, learner.awards, one, learner.rulings)), None
    )

    assert ends_then(pathway, learner.awards, at, learner.rulings) == end


@pytest.mark.parametrize(
    ("policy", "done"), [("keep", True), ("review", False), ("suspend", False)]
)
def test_a_part_that_ends_is_missing_unless_the_completion_is_kept(
    policy: str, *, done: bool
) -> None:
    end = NOON + timedelta(minutes=60)
    award = held(1, ends=60)

    before = stand(earn(1), [award], end - timedelta(microseconds=1), LapsePolicy(policy))
    after = stand(earn(1), [award], end, LapsePolicy(policy))

    assert (before.completed_at, before.changes_at) == (NOON, end)
    assert (after.completed_at is not None) is done
    assert after.evaluation.done is done
    assert bool(after.contributions) is done
    assert after.changes_at is None
