"""What it costs to judge a pathway with reasons: `python benchmarks/pathways.py [LEARNERS]`."""

import sys
import time
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.pathways import rules
from lti_tool.pathways.counting import Held
from lti_tool.pathways.expression import AllOf, Earn, SomeOf, nodes, stones

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def stone() -> Earn:
    """Return a stone of an achievement of its own."""
    return Earn(achievement_id=AchievementId(uuid4()))


def main(learners: int) -> None:
    """Judge learners, each with about half of the stones, and print the CPU time."""
    groups = tuple(AllOf(parts=tuple(stone() for _ in range(4))) for _ in range(7))
    pathway = AllOf(parts=(SomeOf(choose=4, parts=groups), stone(), stone(), stone()))
    chance = Random(1)  # noqa: S311 - to be repeatable is the point
    held = [
        [
            Held(award_id=AwardId(uuid4()), achievement_id=one.achievement_id, awarded_at=NOW)
            for one in stones(pathway)
            if chance.random() < 1 / 2
        ]
        for _ in range(learners)
    ]
    began = time.process_time()
    for awards in held:
        rules.evaluate(pathway, awards, NOW)
    spent = time.process_time() - began
    size = len(list(nodes(pathway)))
    print(f"{learners} learners on {size} requirements: {1000 * spent:.0f} ms CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
