"""The validated graph of tasks, with integers in the place of keys."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic

from sdax_core._dependencies import missing, requiring_optional, resolved
from sdax_core._frozen import fully_frozen
from sdax_core._order import breadth_first_order, reversed_edges
from sdax_core._task import AsyncTask
from sdax_core._type_variables import K, StringKeysByDefault, T

if TYPE_CHECKING:
    from sdax_core._after import After
    from sdax_core._dependencies import Edge, Tasks

_NO_EDGES: frozenset[Edge] = frozenset()
_NO_TASKS: Tasks = MappingProxyType({})


@fully_frozen
class TaskGraph(StringKeysByDefault, Generic[T, K]):
    """Tasks and their dependencies, checked once, never changed (guarantee 5).

    Tasks are numbered in the order of adding. Everything that is worked out from a graph (what a
    run walks, what people look at) speaks of numbers and looks a key up only to show it.
    """

    # A plain class: the methods that a dataclass generates cost more than the rest of the import.
    __slots__ = ("keys", "only_after", "order", "predecessors", "successors", "tasks")

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
    only_after: frozenset[tuple[int, int]]
    """Those edges, as (predecessor, successor), that only order: named as `after(key)` alone. They are
    among `predecessors` and `successors` like any other."""

    def __init__(
        self,
        *,
        keys: tuple[K, ...],
        tasks: tuple[AsyncTask[T, K], ...],
        predecessors: tuple[tuple[int, ...], ...],
        successors: tuple[tuple[int, ...], ...],
        order: tuple[int, ...],
        only_after: frozenset[tuple[int, int]] = _NO_EDGES,
    ) -> None:
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "tasks", tasks)
        object.__setattr__(self, "predecessors", predecessors)
        object.__setattr__(self, "successors", successors)
        object.__setattr__(self, "order", order)
        object.__setattr__(self, "only_after", only_after)

    @classmethod
    def of(
        cls,
        tasks: Mapping[K, AsyncTask[T, K]],
        dependencies: Mapping[K, tuple[K | After[K], ...]],
        inherited: Tasks = _NO_TASKS,
    ) -> TaskGraph[T, K]:
        """Make the graph of `tasks`; `dependencies` has the same keys in the same order.

        `inherited` are tasks that may be named as well, but are passed before any of these begins.

        Raises:
            GraphError: Dependencies do not exist, there is a cycle (guarantee 3), or a required task
                depends on an optional one (guarantee 38).
        """
        numbers: dict[Any, int] = {key: number for number, key in enumerate(tasks)}
        only_after = _NO_EDGES
        all_found = True
        try:
            predecessors = [
                tuple(sorted({numbers[key] for key in named})) if named else ()
                for named in dependencies.values()
            ]
        except KeyError:
            # Not all of them are keys of these tasks: `after(key)`, inherited ones, some that no task has.
            predecessors, only_after = resolved(numbers, dependencies)
            all_found = not any(missing(tasks, dependencies, inherited))
        successors = reversed_edges(predecessors)
        order = breadth_first_order(predecessors, successors)
        if (
            not all_found
            or len(order) < len(numbers)
            or any(requiring_optional(tasks, dependencies, inherited))
        ):
            from sdax_core._diagnosis import diagnose  # on demand: most graphs are in order

            raise diagnose(tasks, dependencies, inherited)
        return cls(
            keys=tuple(tasks),
            tasks=tuple(tasks.values()),
            predecessors=tuple(predecessors),
            successors=tuple(map(tuple, successors)),
            order=tuple(order),
            only_after=only_after,
        )

    def __repr__(self) -> str:
        edges = sum(map(len, self.predecessors))
        return f"TaskGraph({len(self.keys)} tasks, {edges} dependencies)"
