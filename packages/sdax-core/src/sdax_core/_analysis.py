"""What people and tests may know about a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic

from sdax_core._graph import TaskGraph
from sdax_core._keys import listing_order
from sdax_core._task import AsyncTask
from sdax_core._type_variables import K, StringKeysByDefault, T

if TYPE_CHECKING:
    from sdax_core._waves import ExecutionGraph, ExecutionWave


# Not slotted: each view is worked out when it is first asked for, and kept in the `__dict__`.
# Two threads that ask at once may both work it out; the results are equal, so that does no harm.
@dataclass(frozen=True, eq=False, repr=False)
class TaskAnalysis(StringKeysByDefault, Generic[T, K]):
    """A view of a graph, immutable through and through.

    Building and running need none of it (guarantee 4). Tuples list tasks sorted where their keys
    can be sorted, else in the order of adding.
    """

    graph: TaskGraph[T, K]
    """The graph that this is a view of."""

    @cached_property
    def tasks(self) -> Mapping[K, AsyncTask[T, K]]:
        """The tasks by key, in the order of adding."""
        return MappingProxyType(dict(zip(self.graph.keys, self.graph.tasks, strict=True)))

    @cached_property
    def dependencies(self) -> Mapping[K, tuple[K, ...]]:
        """The keys that each task was said to depend on, each once, `only_after` ones among them."""
        keys = self.graph.keys
        return MappingProxyType(
            {
                key: listing_order(keys[number] for number in numbers)
                for key, numbers in zip(keys, self.graph.predecessors, strict=True)
            }
        )

    @cached_property
    def only_after(self) -> Mapping[K, tuple[K, ...]]:
        """The keys that a task named as `after(key)` alone, for each task that did (guarantee 38)."""
        keys = self.graph.keys
        named: dict[K, list[K]] = {}
        for before, task in sorted(self.graph.only_after, key=itemgetter(1, 0)):
            named.setdefault(keys[task], []).append(keys[before])
        return MappingProxyType({key: listing_order(before) for key, before in named.items()})

    @cached_property
    def topological_order(self) -> tuple[K, ...]:
        """All keys, breadth-first from the roots, ties in the order of adding."""
        return tuple(self.graph.keys[number] for number in self.graph.order)

    @cached_property
    def pre_task_names(self) -> tuple[K, ...]:
        """The keys of the tasks with `pre_execute`."""
        return self._names(lambda task: task.pre_execute is not None)

    @cached_property
    def execute_task_names(self) -> tuple[K, ...]:
        """The keys of the tasks with `execute`."""
        return self._names(lambda task: task.execute is not None)

    @cached_property
    def post_task_names(self) -> tuple[K, ...]:
        """The keys of the tasks with `post_execute`."""
        return self._names(lambda task: task.post_execute is not None)

    @cached_property
    def post_only_task_names(self) -> tuple[K, ...]:
        """The keys of the tasks with `post_execute` and without `pre_execute`."""
        return self._names(lambda task: task.post_execute is not None and task.pre_execute is None)

    @cached_property
    def optional_task_names(self) -> tuple[K, ...]:
        """The keys of the tasks that a run may go on without (guarantee 38)."""
        return self._names(lambda task: task.optional)

    @cached_property
    def conditional_task_names(self) -> tuple[K, ...]:
        """The keys of the tasks that have a `when` (guarantee 37)."""
        return self._names(lambda task: task.when is not None)

    @cached_property
    def pre_execute_graph(self) -> ExecutionGraph[K]:
        """The waves of `pre_execute`: tasks that wait for the same tasks with `pre_execute`."""
        from sdax_core._waves import pre_execute_waves  # on demand: a run knows no waves

        return pre_execute_waves(self.graph)

    @cached_property
    def post_execute_graph(self) -> ExecutionGraph[K]:
        """The waves of `post_execute`, by reverse depth.

        Coarser than a run, which starts each cleanup as soon as it may (guarantee 8).
        """
        from sdax_core._waves import post_execute_waves

        return post_execute_waves(self.graph)

    def pre_wave_containing(self, key: K) -> ExecutionWave[K] | None:
        """Give the `pre_execute` wave that the task is in, or `None`."""
        return self.pre_execute_graph.wave_containing(key)

    def post_wave_containing(self, key: K) -> ExecutionWave[K] | None:
        """Give the `post_execute` wave that the task is in, or `None`."""
        return self.post_execute_graph.wave_containing(key)

    @property
    def total_tasks(self) -> int:
        """How many tasks there are."""
        return len(self.graph.tasks)

    @property
    def tasks_with_pre_execute(self) -> int:
        """How many tasks have `pre_execute`."""
        return len(self.pre_task_names)

    @property
    def tasks_with_execute(self) -> int:
        """How many tasks have `execute`."""
        return len(self.execute_task_names)

    @property
    def tasks_with_post_execute(self) -> int:
        """How many tasks have `post_execute`."""
        return len(self.post_task_names)

    @cached_property
    def nodes(self) -> int:
        """How many tasks have no function at all."""
        return sum(
            task.pre_execute is None and task.execute is None and task.post_execute is None
            for task in self.graph.tasks
        )

    @property
    def max_pre_wave_num(self) -> int:
        """The number of waves of `pre_execute`."""
        return len(self.pre_execute_graph.waves)

    @property
    def max_post_wave_num(self) -> int:
        """The number of waves of `post_execute`."""
        return len(self.post_execute_graph.waves)

    def __repr__(self) -> str:
        return f"TaskAnalysis({self.graph!r})"

    def render(self) -> str:
        """Describe the graph in plain text: counts, what is special about some tasks, and waves."""
        return "\n".join(
            (
                f"tasks: {self.total_tasks}",
                f"  with pre_execute: {self.tasks_with_pre_execute}",
                f"  with execute: {self.tasks_with_execute}",
                f"  with post_execute: {self.tasks_with_post_execute}",
                f"  with none: {self.nodes}",
                *self._special_tasks(),
                "pre_execute:",
                _indented(self.pre_execute_graph.render()),
                "post_execute:",
                _indented(self.post_execute_graph.render()),
            )
        )

    def _special_tasks(self) -> Iterator[str]:
        if self.conditional_task_names:
            yield f"with when: {_listed(self.conditional_task_names)}"
        if self.optional_task_names:
            yield f"optional: {_listed(self.optional_task_names)}"
        for task, before in self.only_after.items():
            yield f"{task!r} only waits for: {_listed(before)}"

    def _names(self, chosen: Callable[[AsyncTask[T, K]], bool]) -> tuple[K, ...]:
        return listing_order(task.name for task in self.graph.tasks if chosen(task))


def _listed(keys: Iterable[object]) -> str:
    return ", ".join(map(repr, keys))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
