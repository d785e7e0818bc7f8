"""The graph as the engine numbers it.

A run comes to the tasks of a graph in about their topological order. Where they were added in another order, and
the graph has outgrown the caches of the processor, nearly every step would wait for memory. So what a run walks is
numbered in topological order: a million tasks with three random dependencies each then take a third of the time.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from sdax_core._graph import TaskGraph
from sdax_core._task import AsyncTask

Edges: TypeAlias = tuple[tuple[int, ...], ...]
"""For each node the nodes that its edges lead to, in order of adding."""
Order: TypeAlias = tuple[Edges, tuple[int, ...]]
"""What each node releases when it has ended, and how many others it waits for."""
PlaceOf: TypeAlias = Callable[[int], int] | None
"""Gives the place of a node in the order of adding, to sort by; `None` where that is its number."""


class NumberedGraph:
    """The tasks of a graph as nodes, numbered in topological order."""

    __slots__ = ("_graph", "_numbers", "keys", "only_after", "place_of", "tasks")

    def __init__(self, graph: TaskGraph[Any, Any]) -> None:
        order = graph.order
        self._graph = graph
        self._numbers: Sequence[int] | None = None
        self.keys: tuple[Any, ...] = graph.keys
        self.tasks: tuple[AsyncTask[Any, Any], ...] = graph.tasks
        self.only_after: frozenset[tuple[int, int]] = graph.only_after
        """The edges, as in the graph, that only order."""
        self.place_of: PlaceOf = None
        if order != tuple(range(len(order))):
            self._numbers = numbers = _inverse(order)
            self.keys = tuple([graph.keys[place] for place in order])
            self.tasks = tuple([graph.tasks[place] for place in order])
            self.only_after = frozenset(
                (numbers[before], numbers[after]) for before, after in graph.only_after
            )
            self.place_of = order.__getitem__

    def forward(self) -> Order:
        """Give the order in which every task follows what it depends on."""
        return self._numbered(self._graph.successors, self._graph.predecessors)

    def backward(self) -> Order:
        """Give the reverse of it."""
        return self._numbered(self._graph.predecessors, self._graph.successors)

    def together(self) -> Order:
        """Give the order in which nothing waits for anything."""
        count = len(self.keys)
        return ((),) * count, (0,) * count

    def in_order_of_adding(self, nodes: Iterable[int]) -> list[int]:
        """Sort nodes as their tasks were added."""
        return sorted(nodes, key=self.place_of)

    def _numbered(self, following: Edges, awaited: Edges) -> Order:
        counts = tuple(map(len, awaited))
        numbers, order = self._numbers, self._graph.order
        if numbers is None:
            return following, counts
        edges = tuple([tuple([numbers[other] for other in following[place]]) for place in order])
        return edges, tuple([counts[place] for place in order])


def _inverse(order: Sequence[int]) -> Sequence[int]:
    # An array gives a new int for each edge, which lies in memory beside the others of its tuple. One int for each
    # node, shared by all edges that lead to it, would have to be fetched from somewhere else for each edge.
    numbers = array("q", order)
    for number, place in enumerate(order):
        numbers[place] = number
    return numbers
