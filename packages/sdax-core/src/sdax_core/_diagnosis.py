"""Says everything that is wrong with a graph, once it is known that something is."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

from sdax_core._errors import GraphError
from sdax_core._keys import nearest_key
from sdax_core._order import breadth_first_order, find_cycle, reversed_edges
from sdax_core._type_variables import K

_MISSING_LISTED = 5
_LARGEST_GRAPH_WITH_SUGGESTIONS = 10_000  # comparing one key with all others takes a while


def diagnose(numbers: Mapping[K, int], dependencies: Mapping[K, Sequence[K]]) -> GraphError:
    """Make one error for all unknown dependencies and the first cycle (guarantee 3)."""
    missing = tuple(
        (task, key)
        for task, named in dependencies.items()
        for key in dict.fromkeys(named)
        if key not in numbers
    )
    cycle = _cycle(numbers, dependencies)
    problems = list(_missing_problems(missing, numbers))
    if cycle:
        problems.append(_cycle_problem(cycle))
    if len(problems) == 1:
        return GraphError(problems[0], missing=missing, cycle=cycle)
    listing = "".join(f"\n  {problem}" for problem in problems)
    return GraphError(f"these tasks do not make a graph:{listing}", missing=missing, cycle=cycle)


def _missing_problems(
    missing: Sequence[tuple[Hashable, Hashable]], known: Collection[Hashable]
) -> Iterator[str]:
    for task, key in missing[:_MISSING_LISTED]:
        problem = f"task {task!r} depends on non-existent task {key!r}"
        nearest = _suggestion(task, key, known)
        yield problem if nearest is None else f"{problem}; did you mean {nearest!r}?"
    more = len(missing) - _MISSING_LISTED
    if more > 0:
        yield f"and {more} more of these"


def _suggestion(task: Hashable, key: Hashable, known: Collection[Hashable]) -> Hashable | None:
    if len(known) > _LARGEST_GRAPH_WITH_SUGGESTIONS:
        return None
    # The task itself is often spelled most like what it names ("auth2" needs "auth"), never meant.
    return nearest_key(key, (other for other in known if other != task))


def _cycle(numbers: Mapping[K, int], dependencies: Mapping[K, Sequence[K]]) -> tuple[K, ...]:
    keys = tuple(numbers)
    predecessors = [
        sorted({numbers[key] for key in named if key in numbers}) for named in dependencies.values()
    ]
    order = breadth_first_order(predecessors, reversed_edges(predecessors))
    cycle = find_cycle(predecessors, order)
    return tuple(keys[number] for number in cycle)


def _cycle_problem(cycle: Sequence[Hashable]) -> str:
    if len(set(cycle)) == 1:
        return f"Cycle detected: task {cycle[0]!r} depends on itself"
    return f"Cycle detected: {' -> '.join(map(repr, cycle))} (each depends on the next)"
