"""The topological order of a graph whose tasks are numbered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def reversed_edges(predecessors: Sequence[Iterable[int]]) -> list[list[int]]:
    """List for each task the tasks that have it among their predecessors, rising."""
    successors: list[list[int]] = [[] for _ in predecessors]
    for task, before in enumerate(predecessors):
        for predecessor in before:
            successors[predecessor].append(task)
    return successors


def breadth_first_order(
    predecessors: Sequence[Sequence[int]], successors: Sequence[Sequence[int]]
) -> list[int]:
    """List every task after its predecessors: the roots first, then what each task sets free.

    Ties are in the order of adding. Tasks that are on a cycle, or behind one, are left out: nothing
    sets them free. Linear time, no recursion (guarantee 4).
    """
    waiting = list(map(len, predecessors))
    order = [task for task, count in enumerate(waiting) if not count]
    for task in order:  # it grows while it is read
        for successor in successors[task]:
            waiting[successor] -= 1
            if not waiting[successor]:
                order.append(successor)
    return order


def find_cycle(predecessors: Sequence[Sequence[int]], order: Sequence[int]) -> tuple[int, ...]:
    """Find a cycle among the tasks that `order` leaves out, or give `()` if it leaves out none.

    Each task of the result depends on the next; the first and the last are the same.
    """
    left_out = set(range(len(predecessors))).difference(order)
    if not left_out:
        return ()
    # A task was left out because a predecessor was: the walk back never ends, so it closes a cycle.
    task = min(left_out)
    path: dict[int, int] = {}
    while task not in path:
        path[task] = len(path)
        task = next(predecessor for predecessor in predecessors[task] if predecessor in left_out)
    walked = tuple(path)
    return (*walked[path[task] :], task)
