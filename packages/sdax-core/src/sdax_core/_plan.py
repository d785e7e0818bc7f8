"""What the engine walks: the graph compiled, once per `build()`, into a walk for each phase.

All three phases are walks over the same nodes. They differ in the functions that the nodes carry and in the
direction of the edges: `post_execute` walks the reversed graph, which is the same two tables swapped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sdax_core._graph import TaskGraph
from sdax_core._options import BuildOptions
from sdax_core._phase_id import PhaseId
from sdax_core._task_function import TaskFunction

Function: TypeAlias = Callable[[Any], Awaitable[Any]]
Edges: TypeAlias = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class GuardedNode:
    """A node whose function needs more than a plain call: a timeout, retries, a task group."""

    node: int
    key: Hashable
    phase: PhaseId
    settings: TaskFunction[Any]


@dataclass(frozen=True, slots=True)
class WalkPlan:
    """One phase, compiled."""

    functions: tuple[Function | None, ...]
    """What each node runs, as the user gave it; `None` where there is nothing to run."""
    guarded: tuple[GuardedNode, ...]
    """The nodes whose functions are not simply called."""
    successors: Edges
    """What each node releases when it has ended."""
    predecessors: Edges
    """What each node waits for."""
    waiting: tuple[int, ...]
    """How many prerequisites each node still waits for when the walk begins."""
    ready: tuple[int, ...]
    """The nodes that can run when the walk begins, in order of adding."""

    def narrowed(self, eligible: Iterable[int]) -> WalkPlan:
        """Give the same walk with only the `eligible` nodes having something to run."""
        functions: list[Function | None] = [None] * len(self.functions)
        for node in eligible:
            functions[node] = self.functions[node]
        guarded = tuple(entry for entry in self.guarded if functions[entry.node] is not None)
        return _walk_plan(functions, guarded, self.successors, self.predecessors)


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph compiled for the engine."""

    graph: TaskGraph[Any, Any]
    options: BuildOptions
    pre_execute: WalkPlan
    execute: WalkPlan
    post_execute: WalkPlan


def compile_plan(graph: TaskGraph[Any, Any], options: BuildOptions) -> Plan:
    """Compile a valid graph. Linear in tasks and dependencies (guarantee 4)."""
    forward = graph.successors, graph.predecessors
    backward = graph.predecessors, graph.successors
    no_edges: Edges = ((),) * len(graph.keys)
    execute_edges = forward if options.execute_order == "dependencies" else (no_edges, no_edges)
    tasks = graph.tasks
    return Plan(
        graph=graph,
        options=options,
        pre_execute=_phase_plan(graph, PhaseId.PRE_EXEC, [t.pre_execute for t in tasks], *forward),
        execute=_phase_plan(graph, PhaseId.EXECUTE, [t.execute for t in tasks], *execute_edges),
        post_execute=_phase_plan(
            graph, PhaseId.POST_EXEC, [t.post_execute for t in tasks], *backward
        ),
    )


def _phase_plan(
    graph: TaskGraph[Any, Any],
    phase: PhaseId,
    settings: list[TaskFunction[Any] | None],
    successors: Edges,
    predecessors: Edges,
) -> WalkPlan:
    functions: list[Any] = [None if given is None else given.function for given in settings]
    guarded = tuple(
        GuardedNode(node, graph.keys[node], phase, given)
        for node, given in enumerate(settings)
        if given is not None and _is_guarded(given)
    )
    return _walk_plan(functions, guarded, successors, predecessors)


def _is_guarded(settings: TaskFunction[Any]) -> bool:
    return bool(
        settings.timeout is not None or settings.retries or settings.has_task_group_argument
    )


def _walk_plan(
    functions: Sequence[Function | None],
    guarded: tuple[GuardedNode, ...],
    successors: Edges,
    predecessors: Edges,
) -> WalkPlan:
    waiting = list(map(len, predecessors))
    roots = [node for node, count in enumerate(waiting) if not count]
    ready = ready_beyond(roots, functions, successors, waiting)
    return WalkPlan(
        tuple(functions), guarded, successors, predecessors, tuple(waiting), tuple(ready)
    )


def ready_beyond(
    nodes: Iterable[int],
    functions: Sequence[Function | None],
    successors: Edges,
    waiting: list[int],
) -> list[int]:
    """Complete those of `nodes` that have nothing to run, and what this releases, on the spot.

    Counts `waiting` down. A node without a function is passed as soon as it is reached: a join is an
    ordinary node, never contracted into the product of the edges that meet in it (guarantee 6).

    Returns:
        The nodes with a function that are ready then, in order of adding.
    """
    found: list[int] = []
    reached = deque(nodes)
    while reached:
        node = reached.popleft()
        if functions[node] is not None:
            found.append(node)
            continue
        for successor in successors[node]:
            waiting[successor] -= 1
            if not waiting[successor]:
                reached.append(successor)
    found.sort()
    return found
