"""Who takes which seat, against trying every way."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from random import Random

from lti_tool.pathways.flow import Bench, seat

PEOPLE = "abcd"


def any_benches(random: Random) -> list[Bench[str, str]]:
    """Two benches of up to three seats, each seat for some people at 0 or 1."""
    return [
        Bench(
            seats={
                f"{name}{number}": {
                    who: random.randint(0, 1) for who in PEOPLE if random.random() < 0.6
                }
                for number in range(random.randint(1, 3))
            },
            wanted=random.randint(1, 3),
        )
        for name in ("left", "right")
    ]


def ways(benches: Sequence[Bench[str, str]]) -> Iterator[Mapping[str, str]]:
    """Yield every way to seat people: none twice, and no bench with more than it wants."""
    seats = {name: candidates for bench in benches for name, candidates in bench.seats.items()}
    for chosen in product(*((None, *candidates) for candidates in seats.values())):
        way = {name: who for name, who in zip(seats, chosen, strict=True) if who is not None}
        fits = all(sum(name in way for name in bench.seats) <= bench.wanted for bench in benches)
        if fits and max(Counter(way.values()).values(), default=1) == 1:
            yield way


def cost(benches: Sequence[Bench[str, str]], way: Mapping[str, str]) -> tuple[int, int]:
    """Return how many seats are taken, negative, and what they cost: less is better."""
    seats = {name: candidates for bench in benches for name, candidates in bench.seats.items()}
    return -len(way), sum(seats[name][who] for name, who in way.items())


def test_the_most_seats_are_taken_at_the_least_cost() -> None:
    for seed in range(1000):
        benches = any_benches(Random(seed))  # noqa: S311 - the same each time
        possible = list(ways(benches))

        found = seat(benches)

        assert found in possible, seed
        assert cost(benches, found) == min(cost(benches, way) for way in possible), seed
