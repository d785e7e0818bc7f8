"""What `depends_on` names, in numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias, cast

from sdax_core._after import After
from sdax_core._task import AsyncTask

Named: TypeAlias = Mapping[Any, Iterable[Any]]
"""For each task the keys, and the `after(key)`, that it was said to depend on."""
Tasks: TypeAlias = Mapping[Any, AsyncTask[Any, Any]]
Edge: TypeAlias = tuple[int, int]
"""The numbers of a task and of one that comes after it."""

_is_optional = attrgetter("optional")


def resolved(
    numbers: Mapping[Any, int], named: Named
) -> tuple[list[tuple[int, ...]], frozenset[Edge]]:
    """Give the predecessors of each task, and which of the edges only order.

    Leaves out what is not among the keys of `numbers`: of a key that the parent has there is
    nothing to wait for, and one that nobody has is an error that is found elsewhere.
    """
    predecessors: list[tuple[int, ...]] = []
    only_after: set[Edge] = set()
    for task, dependencies in enumerate(named.values()):
        ordinary, ordering = _in_two_sets(numbers, dependencies)
        predecessors.append(tuple(sorted(ordinary | ordering)))
        only_after.update((before, task) for before in ordering - ordinary)
    return predecessors, frozenset(only_after)


def _in_two_sets(
    numbers: Mapping[Any, int], dependencies: Iterable[Any]
) -> tuple[set[int], set[int]]:
    ordinary: set[int] = set()
    ordering: set[int] = set()
    for dependency in dependencies:
        number = numbers.get(_key(dependency))
        if number is not None:
            (ordering if isinstance(dependency, After) else ordinary).add(number)
    return ordinary, ordering


def missing(tasks: Tasks, named: Named, inherited: Tasks) -> Iterator[tuple[Hashable, Hashable]]:
    """Give each task with each key that it names and that no task has, here or in the parent."""
    for task, dependencies in named.items():
        for key in dict.fromkeys(map(_key, dependencies)):
            if key not in tasks and key not in inherited:
                yield task, key


def requiring_optional(
    tasks: Tasks, named: Named, inherited: Tasks
) -> Iterator[tuple[Hashable, Hashable]]:
    """Give each task with each optional one that it may not depend on in the ordinary way.

    A required task may not, because it would have to be left out of a run that goes on. On an
    optional task of the parent not even an optional task may: whether it is there is not known to
    the run, which sees none of the parent's failures.
    """
    # Graphs without optional tasks, most of them, pay for this one look.
    if not any(map(_is_optional, chain(tasks.values(), inherited.values()))):
        return
    for task, dependencies in named.items():
        for key in dict.fromkeys(dependencies):
            if key in tasks:
                wrong = tasks[key].optional and not tasks[task].optional
            else:
                wrong = key in inherited and inherited[key].optional
            if wrong:
                yield task, key


def _key(dependency: Any) -> Any:
    if isinstance(dependency, After):
        return cast("After[Hashable]", dependency).key
    return dependency
