"""Random graphs, and what should be found out about them, in the plainest way: recursive, by definition."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from sdax_core import AsyncTask, TaskAnalysis, TaskAnalyzer, TaskFunction

PHASES = ("pre_execute", "execute", "post_execute")


async def nothing(_: object) -> None: ...


@dataclass(frozen=True)
class Node:
    """A task of a random graph."""

    key: Hashable
    depends_on: tuple[Hashable, ...] = ()
    phases: frozenset[str] = frozenset()

    def task(self) -> AsyncTask[Any, Hashable]:
        functions: dict[str, Any] = {phase: TaskFunction(nothing) for phase in self.phases}
        return AsyncTask(self.key, **functions)


def analysis_of(nodes: Iterable[Node]) -> TaskAnalysis[Any, Hashable]:
    analyzer = TaskAnalyzer[Any, Hashable]()
    for node in nodes:
        analyzer.add_task(node.task(), depends_on=node.depends_on)
    return analyzer.analyze()


TEXT_KEYS: st.SearchStrategy[Hashable] = st.text("abc", min_size=1, max_size=3)
MIXED_KEYS: st.SearchStrategy[Hashable] = st.one_of(
    st.none(),
    st.integers(-3, 9),
    st.floats(),
    st.text("abc", max_size=2),
    st.tuples(st.text("ab", max_size=1), st.integers(0, 2)),
    st.frozensets(st.integers(0, 3), max_size=3),
)
ALL_KEYS = st.one_of(
    st.lists(TEXT_KEYS, unique=True, max_size=10),
    st.lists(MIXED_KEYS, unique=True, max_size=10),
)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Node, ...]:
    """Tasks without cycles, in any order of adding: dependencies may come after their dependants."""
    keys = draw(ALL_KEYS)
    nodes: list[Node] = []
    for place, key in enumerate(keys):
        before = st.sampled_from(keys[:place]) if place else st.nothing()
        nodes.append(
            Node(
                key,
                tuple(draw(st.lists(before, max_size=min(place, 4)))),
                draw(st.frozensets(st.sampled_from(PHASES))),
            )
        )
    return tuple(draw(st.permutations(nodes)))


@st.composite
def tangles(draw: st.DrawFn) -> tuple[Node, ...]:
    """Tasks that depend on any others, and on some that do not exist."""
    keys = draw(st.lists(TEXT_KEYS, unique=True, max_size=6))
    known_or_not = st.sampled_from([*keys, "x", "xy"])
    return tuple(Node(key, tuple(draw(st.lists(known_or_not, max_size=2)))) for key in keys)


class Reference:
    """What is true of a graph."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = {node.key: node for node in nodes}

    def keys_with(self, phase: str) -> list[Hashable]:
        return [key for key, node in self.nodes.items() if phase in node.phases]

    def dependants(self, key: Hashable) -> list[Hashable]:
        return [other for other, node in self.nodes.items() if key in node.depends_on]

    def nearest_predecessors(self, key: Hashable) -> frozenset[Hashable]:
        """The tasks with `pre_execute` that are met first on every way back from `key`."""
        found: set[Hashable] = set()
        for other in self.nodes[key].depends_on:
            if "pre_execute" in self.nodes[other].phases:
                found.add(other)
            else:
                found |= self.nearest_predecessors(other)
        return frozenset(found)

    def nearest_dependants(self, key: Hashable) -> frozenset[Hashable]:
        """The tasks with `post_execute` that are met first on every way forward from `key`."""
        found: set[Hashable] = set()
        for other in self.dependants(key):
            if "post_execute" in self.nodes[other].phases:
                found.add(other)
            else:
                found |= self.nearest_dependants(other)
        return frozenset(found)

    def all_dependants(self, key: Hashable) -> set[Hashable]:
        direct = self.dependants(key)
        return set(direct).union(*map(self.all_dependants, direct))

    def reverse_depth(self, key: Hashable) -> int:
        """One more than the highest among those with `post_execute` that depend on `key`, or 0."""
        later = [
            self.reverse_depth(other)
            for other in self.all_dependants(key)
            if "post_execute" in self.nodes[other].phases
        ]
        return max(later, default=-1) + 1

    def breadth_first(self) -> tuple[Hashable, ...]:
        """Roots first; then, task by task, what each was the last to be waited for by."""
        order = [key for key, node in self.nodes.items() if not node.depends_on]
        visited: set[Hashable] = set()
        for key in order:
            visited.add(key)
            order.extend(
                other
                for other in self.dependants(key)
                if set(self.nodes[other].depends_on) <= visited
            )
        return tuple(order)

    def listed(self, keys: Iterable[Hashable]) -> tuple[Hashable, ...]:
        """Sorted if any two keys are in an order, else in the order of adding."""
        chosen = set(keys)
        as_added: list[Any] = [key for key in self.nodes if key in chosen]
        if all(_in_an_order(one, other) for one in as_added for other in as_added):
            return tuple(sorted(as_added))
        return tuple(as_added)


def _in_an_order(one: Any, other: Any) -> bool:
    try:
        return one is other or bool(one < other) != bool(other < one)
    except TypeError:
        return False
