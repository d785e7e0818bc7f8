"""Graphs made from a graph: a part of it, or the same with other tasks in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from sdax_core._after import After
from sdax_core._diagnosis import unknown_keys
from sdax_core._graph import TaskGraph
from sdax_core._keys import check_key
from sdax_core._task import AsyncTask
from sdax_core._type_variables import K, T


def part_of(graph: TaskGraph[T, K], keys: Collection[K]) -> TaskGraph[T, K]:
    """Give the graph of the tasks with these `keys` and of all that they depend on.

    What they only come after is not drawn in: it is waited for if it is there.

    Raises:
        GraphError: No task has one of the keys (guarantee 36).
        ValueError: There are no keys.
        TypeError: A key is not hashable.
    """
    if not keys:
        raise ValueError("subset takes the keys of the tasks to keep: give at least one")
    numbers = _numbers("subset", graph, keys)
    kept = set(numbers)
    for task in numbers:  # it grows while it is read
        for before in graph.predecessors[task]:
            if before not in kept and (before, task) not in graph.only_after:
                kept.add(before)
                numbers.append(before)
    return _graph_of(graph, graph.tasks, kept)


def with_replaced(graph: TaskGraph[T, K], tasks: Mapping[K, AsyncTask[T, K]]) -> TaskGraph[T, K]:
    """Give the same graph with each task whose key is in `tasks` replaced by the task found there.

    Raises:
        GraphError: No task has one of the keys (guarantee 36), or a required task would depend on an
            optional one (guarantee 38).
        ValueError: The name of a task is not the key that it is given for.
        TypeError: `tasks` is not a mapping of keys to `AsyncTask`s.
    """
    if not isinstance(cast("object", tasks), Mapping):
        raise TypeError(
            f"override takes a mapping of keys to tasks; got {tasks!r} ({type(tasks).__name__})"
        )
    all_tasks = list(graph.tasks)
    for number, (key, task) in zip(_numbers("override", graph, tasks), tasks.items(), strict=True):
        if not isinstance(cast("object", task), AsyncTask):
            raise TypeError(
                f"override: task {key!r} must be an AsyncTask; got {task!r} ({type(task).__name__})"
            )
        if task.name != key:
            raise ValueError(
                f"override: the task for {key!r} is named {task.name!r}: it must have the same name"
            )
        all_tasks[number] = task
    return _graph_of(graph, all_tasks, range(len(all_tasks)))


def _numbers(method: str, graph: TaskGraph[T, K], keys: Collection[K]) -> list[int]:
    for key in keys:
        check_key(key, f"{method}: a key")
    numbers = {key: number for number, key in enumerate(graph.keys)}
    unknown = [key for key in dict.fromkeys(keys) if key not in numbers]
    if unknown:
        raise unknown_keys(method, unknown, graph.keys)
    return [numbers[key] for key in keys]


def _graph_of(
    graph: TaskGraph[T, K], tasks: Collection[AsyncTask[T, K]], kept: Collection[int]
) -> TaskGraph[T, K]:
    """Make a graph of the `kept` tasks, in the order of adding, with the edges between them."""
    return TaskGraph[T, K].of(
        {
            key: task
            for number, (key, task) in enumerate(zip(graph.keys, tasks, strict=True))
            if number in kept
        },
        {
            key: tuple(
                After(graph.keys[before])
                if (before, number) in graph.only_after
                else graph.keys[before]
                for before in graph.predecessors[number]
                if before in kept
            )
            for number, key in enumerate(graph.keys)
            if number in kept
        },
    )
