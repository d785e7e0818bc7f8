"""Waves: tasks of a phase that start together, as people look at a graph.

A view only: a run knows no waves. It starts a function the moment its own prerequisites are met.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from sdax_core._frozen import fully_frozen
from sdax_core._graph import TaskGraph
from sdax_core._keys import listing_order
from sdax_core._type_variables import K, T

_NONE: frozenset[int] = frozenset()


@fully_frozen
@dataclass(frozen=True, repr=False)
class ExecutionWave(Generic[K]):
    """Tasks that share one start barrier."""

    wave_num: int
    """The place of the wave in `ExecutionGraph.waves`."""
    tasks: tuple[K, ...]
    """The keys of the tasks."""
    depends_on_tasks: tuple[K, ...] = ()
    """The keys of the tasks of the same phase that these wait for."""

    def __repr__(self) -> str:
        after = f" after {self.depends_on_tasks!r}" if self.depends_on_tasks else ""
        return f"ExecutionWave({self.wave_num}: {self.tasks!r}{after})"


@fully_frozen
@dataclass(frozen=True, repr=False)
class ExecutionGraph(Generic[K]):
    """The waves of one phase."""

    waves: tuple[ExecutionWave[K], ...]
    """By number; `waves[n].wave_num == n`."""
    _by_key: dict[K, ExecutionWave[K]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {key: wave for wave in self.waves for key in wave.tasks}
        object.__setattr__(self, "_by_key", by_key)

    def wave_containing(self, key: K) -> ExecutionWave[K] | None:
        """Give the wave that the task is in, or `None` if it has no function in this phase."""
        return self._by_key.get(key)

    def __repr__(self) -> str:
        return f"ExecutionGraph({len(self.waves)} waves, {len(self._by_key)} tasks)"

    def render(self) -> str:
        """Describe the waves in plain text, a line each."""
        return "\n".join(map(_rendered, self.waves)) or "no waves"


def _rendered(wave: ExecutionWave[K]) -> str:
    line = f"wave {wave.wave_num}: {', '.join(map(repr, wave.tasks))}"
    if wave.depends_on_tasks:
        line += f" (after {', '.join(map(repr, wave.depends_on_tasks))})"
    return line


def pre_execute_waves(graph: TaskGraph[T, K]) -> ExecutionGraph[K]:
    """Group the tasks with `pre_execute` that wait for the same ones.

    The waves are numbered in the order in which their first task comes in topological order.
    """
    takes_part = [task.pre_execute is not None for task in graph.tasks]
    nearest = _nearest(takes_part, graph.predecessors, graph.order)
    members: dict[frozenset[int], list[int]] = {}
    for task in graph.order:
        if takes_part[task]:
            members.setdefault(nearest[task], []).append(task)
    return _execution_graph(graph, ((tasks, after) for after, tasks in members.items()))


def post_execute_waves(graph: TaskGraph[T, K]) -> ExecutionGraph[K]:
    """Group the tasks with `post_execute` by reverse depth, what is cleaned up first in wave 0.

    The number of a wave is one more than the highest number among the tasks with `post_execute`
    that depend on its tasks, directly or through others.
    """
    takes_part = [task.post_execute is not None for task in graph.tasks]
    from_the_end = graph.order[::-1]
    nearest = _nearest(takes_part, graph.successors, from_the_end)
    depth = [0] * len(graph.tasks)
    members: list[list[int]] = []
    for task in from_the_end:
        if takes_part[task]:
            depth[task] = max((depth[dependent] + 1 for dependent in nearest[task]), default=0)
            if depth[task] == len(members):
                members.append([])
            members[depth[task]].append(task)
    return _execution_graph(
        graph,
        ((tasks, _NONE.union(*(nearest[task] for task in tasks))) for tasks in members),
    )


def _nearest(
    takes_part: Sequence[bool], neighbours: Sequence[Sequence[int]], order: Sequence[int]
) -> list[frozenset[int]]:
    """Find the nearest tasks that take part in a phase, looking through those that do not.

    `order` has every task after its `neighbours`. A task behind one join shares the join's set: a
    thousand of them cost one set.
    """
    nearest = [_NONE] * len(takes_part)
    for task in order:
        found = {
            frozenset((other,)) if takes_part[other] else nearest[other]
            for other in neighbours[task]
        }
        nearest[task] = found.pop() if len(found) == 1 else _NONE.union(*found)
    return nearest


def _execution_graph(
    graph: TaskGraph[T, K], waves: Iterable[tuple[Iterable[int], Iterable[int]]]
) -> ExecutionGraph[K]:
    def keys(tasks: Iterable[int]) -> tuple[K, ...]:
        return listing_order([graph.keys[task] for task in sorted(tasks)])

    return ExecutionGraph(
        tuple(
            ExecutionWave(number, keys(tasks), keys(after))
            for number, (tasks, after) in enumerate(waves)
        )
    )
