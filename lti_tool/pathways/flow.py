"""Who fills which place, where nobody may fill two: a flow from achievements to places. Pure.

Exact: of all ways to fill the most places, one that costs the least. The result depends on
nothing but the order of its arguments.
"""

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Who = TypeVar("Who", bound=Hashable)
Seat = TypeVar("Seat", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench(Generic[Who, Seat]):
    """Seats of which so many are to be taken.

    Attributes:
        seats: per seat who may take it, and what each costs, 0 or 1.
        wanted: at most so many are taken.
    """

    seats: Mapping[Seat, Mapping[Who, int]]
    wanted: int


@dataclass(slots=True)
class _Edge:
    to: int
    room: int
    cost: int
    back: int


def seat(benches: Sequence[Bench[Who, Seat]]) -> dict[Seat, Who]:
    """Return who takes which seat: as many seats as can be, at the least cost."""
    graph = _Graph()
    source, sink = graph.node(), graph.node()
    people: dict[Who, int] = {}
    taken: list[tuple[Seat, Who, _Edge]] = []
    for bench in benches:
        bench_node = graph.node()
        graph.edge(bench_node, sink, bench.wanted, 0)
        for seat_, candidates in bench.seats.items():
            seat_node = graph.node()
            graph.edge(seat_node, bench_node, 1, 0)
            for who, cost in candidates.items():
                if who not in people:
                    people[who] = graph.node()
                    graph.edge(source, people[who], 1, 0)
                taken.append((seat_, who, graph.edge(people[who], seat_node, 1, cost)))
    while graph.push(source, sink):
        pass
    return {seat_: who for seat_, who, edge in taken if edge.room == 0}


class _Graph:
    """Successive shortest paths: each push keeps the flow the cheapest of its size."""

    def __init__(self) -> None:
        self.edges: list[list[_Edge]] = []

    def node(self) -> int:
        self.edges.append([])
        return len(self.edges) - 1

    def edge(self, from_: int, to: int, room: int, cost: int) -> _Edge:
        forth = _Edge(to, room, cost, len(self.edges[to]))
        self.edges[to].append(_Edge(from_, 0, -cost, len(self.edges[from_])))
        self.edges[from_].append(forth)
        return forth

    def push(self, source: int, sink: int) -> bool:
        """Send one unit along a cheapest way (Bellman and Ford); False when there is none."""
        costs: dict[int, int] = {source: 0}
        came: dict[int, _Edge] = {}
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for edge in self.edges[node]:
                cost = costs[node] + edge.cost
                if edge.room and (edge.to not in costs or cost < costs[edge.to]):
                    costs[edge.to] = cost
                    came[edge.to] = edge
                    waiting.append(edge.to)
        if sink not in came:
            return False
        node = sink
        while node != source:
            edge = came[node]
            edge.room -= 1
            back = self.edges[node][edge.back]
            back.room += 1
            node = back.to
        return True
