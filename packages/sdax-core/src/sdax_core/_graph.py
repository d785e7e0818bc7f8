"""The validated graph of tasks, with integers in the place of keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic

from sdax_core._diagnosis import diagnose
from sdax_core._frozen import fully_frozen
from sdax_core._order import breadth_first_order, reversed_edges
from sdax_core._task import AsyncTask
from sdax_core._type_variables import K, StringKeysByDefault, T


@fully_frozen
class TaskGraph(StringKeysByDefault, Generic[T, K]):
    """Tasks and their dependencies, checked once, never changed (guarantee 5).

    Tasks are numbered in the order of adding. Everything that is worked out from a graph (what a
    run walks, what people look at) speaks of numbers and looks a key up only to show it.
    """

    # A plain class: the methods that a dataclass generates cost more than the rest of the import.
    __slots__ = ("keys", "order", "predecessors", "successors", "tasks")

    keys: tuple[K, ...]
    """The key of each task."""
    tasks: tuple[AsyncTask[T, K], ...]
    """The tasks themselves."""
    predecessors: tuple[tuple[int, ...], ...]
    """For each task the numbers of those that it depends on, rising, each once."""
    successors: tuple[tuple[int, ...], ...]
    """For each task the numbers of those that depend on it, rising, each once."""
    order: tuple[int, ...]
    """All numbers in topological order: breadth-first from the roots, ties in order of adding."""

    def __init__(
        self,
        *,
        keys: tuple[K, ...],
        tasks: tuple[AsyncTask[T, K], ...],
        predecessors: tuple[tuple[int, ...], ...],
        successors: tuple[tuple[int, ...], ...],
        order: tuple[int, ...],
    ) -> None:
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "tasks", tasks)
        object.__setattr__(self, "predecessors", predecessors)
        object.__setattr__(self, "successors", successors)
        object.__setattr__(self, "order", order)

    @classmethod
    def of(
        cls, tasks: Mapping[K, AsyncTask[T, K]], dependencies: Mapping[K, tuple[K, ...]]
    ) -> TaskGraph[T, K]:
        """Make the graph of `tasks`; `dependencies` has the same keys in the same order.

        Raises:
            GraphError: Dependencies do not exist, or there is a cycle (guarantee 3).
        """
        numbers = {key: number for number, key in enumerate(tasks)}
        try:
            predecessors = [
                tuple(sorted({numbers[key] for key in named})) if named else ()
                for named in dependencies.values()
            ]
        except KeyError:
            raise diagnose(numbers, dependencies) from None
        successors = reversed_edges(predecessors)
        order = breadth_first_order(predecessors, successors)
        if len(order) < len(numbers):
            raise diagnose(numbers, dependencies)
        return cls(
            keys=tuple(tasks),
            tasks=tuple(tasks.values()),
            predecessors=tuple(predecessors),
            successors=tuple(map(tuple, successors)),
            order=tuple(order),
        )

    def __repr__(self) -> str:
        edges = sum(map(len, self.predecessors))
        return f"TaskGraph({len(self.keys)} tasks, {edges} dependencies)"
