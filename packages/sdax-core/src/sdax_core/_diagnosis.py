"""Says everything that is wrong with a graph, once it is known that something is."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import Any, cast

from sdax_core._dependencies import Named, Tasks, missing, requiring_optional, resolved
from sdax_core._errors import GraphError
from sdax_core._keys import nearest_key
from sdax_core._order import breadth_first_order, find_cycle, reversed_edges
from sdax_core._task import AsyncTask

_LISTED = 5
_LARGEST_GRAPH_WITH_SUGGESTIONS = 10_000  # comparing one key with all others takes a while


def diagnose(tasks: Tasks, dependencies: Named, inherited: Tasks) -> GraphError:
    """Make one error for all wrong dependencies and the first cycle (guarantees 3 and 38)."""
    not_there = tuple(missing(tasks, dependencies, inherited))
    on_optional = tuple(requiring_optional(tasks, dependencies, inherited))
    cycle = _cycle(tasks, dependencies)
    problems = [
        *_missing_problems(not_there, {**inherited, **tasks}),
        *_optional_problems(on_optional, tasks),
    ]
    if cycle:
        problems.append(_cycle_problem(cycle))
    message = problems[0]
    if len(problems) > 1:
        listing = "".join(f"\n  {problem}" for problem in problems)
        message = f"these tasks do not make a graph:{listing}"
    return GraphError(message, missing=not_there, cycle=cycle, requiring_optional=on_optional)


def unknown_keys(method: str, keys: Sequence[Hashable], known: Collection[Hashable]) -> GraphError:
    """Make one error for all keys that a method of a processor was given and no task has."""
    problems = [
        f"{method}: there is no task {key!r}{_did_you_mean(key, known, key)}"
        for key in keys[:_LISTED]
    ]
    return GraphError("\n".join([*problems, *_more(keys)]), unknown=tuple(keys))


def _missing_problems(
    missing: Sequence[tuple[Hashable, Hashable]], known: Collection[Hashable]
) -> Iterator[str]:
    for task, key in missing[:_LISTED]:
        hint = _did_you_mean(key, known, task)
        if isinstance(key, AsyncTask):
            hint = f"; depends_on takes keys: write {cast('Any', key).name!r}"
        yield f"task {task!r} depends on non-existent task {key!r}{hint}"
    yield from _more(missing)


def _optional_problems(
    on_optional: Sequence[tuple[Hashable, Hashable]], tasks: Tasks
) -> Iterator[str]:
    for task, key in on_optional[:_LISTED]:
        if key in tasks:
            yield (
                f"task {task!r} is required and depends on {key!r}, which is optional: "
                f"name it as after({key!r}), or make {task!r} optional=True as well"
            )
        else:
            yield (
                f"task {task!r} depends on {key!r}, an optional task of the parent: "
                f"name it as after({key!r})"
            )
    yield from _more(on_optional)


def _more(pairs: Sequence[object]) -> Iterator[str]:
    if len(pairs) > _LISTED:
        yield f"and {len(pairs) - _LISTED} more of these"


def _did_you_mean(key: Hashable, known: Collection[Hashable], never: Hashable) -> str:
    if len(known) > _LARGEST_GRAPH_WITH_SUGGESTIONS:
        return ""
    # The task itself is often spelled most like what it names ("auth2" needs "auth"), never meant.
    nearest = nearest_key(key, (other for other in known if other != never))
    return "" if nearest is None else f"; did you mean {nearest!r}?"


def _cycle(tasks: Tasks, dependencies: Named) -> tuple[Any, ...]:
    keys = tuple(tasks)
    numbers = {key: number for number, key in enumerate(keys)}
    predecessors, _ = resolved(numbers, dependencies)
    order = breadth_first_order(predecessors, reversed_edges(predecessors))
    cycle = find_cycle(predecessors, order)
    return tuple(keys[number] for number in cycle)


def _cycle_problem(cycle: Sequence[Hashable]) -> str:
    if len(set(cycle)) == 1:
        return f"Cycle detected: task {cycle[0]!r} depends on itself"
    return f"Cycle detected: {' -> '.join(map(repr, cycle))} (each depends on the next)"
