"""What the engine walks: the graph compiled, once per `build()`, into a walk for each phase.

All three phases are walks over the same nodes. They differ in the functions that the nodes carry and in the
direction of the edges: `post_execute` walks the reversed graph.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

from sdax_core._graph import TaskGraph
from sdax_core._node_numbers import Edges, NumberedGraph, Order, PlaceOf
from sdax_core._options import BuildOptions
from sdax_core._order import reversed_edges
from sdax_core._phase_id import PhaseId
from sdax_core._retry_policy import RetryPolicy, policy_of
from sdax_core._run_settings import RunSettings
from sdax_core._task_function import TaskFunction

Function: TypeAlias = Callable[[Any], Awaitable[Any]]


# These are plain classes, not dataclasses: the methods that a dataclass generates cost most of the import.


class GuardedNode:
    """A node whose function needs more than a plain call: a timeout, retries, a task group."""

    __slots__ = ("is_plain", "key", "name", "node", "on_success", "phase", "policy", "settings")

    def __init__(
        self, node: int, key: Hashable, phase: PhaseId, settings: TaskFunction[Any]
    ) -> None:
        self.node: int = node
        self.key: Hashable = key
        self.phase: PhaseId = phase
        self.settings: TaskFunction[Any] = settings
        self.policy: RetryPolicy | None = policy_of(settings)
        """What decides about retries; `None` if there are none."""
        self.on_success: Callable[[int], object] | None = getattr(self.policy, "on_success", None)
        """What the policy wants to be told of an attempt that succeeds; `None` for nothing."""
        self.is_plain: bool = not _is_guarded(settings)
        """Whether a plain call is all that the function needs."""
        self.name: str = _task_name(key, phase)
        """The name of an asyncio Task that runs the function (guarantee 28)."""


def _task_name(key: Hashable, phase: PhaseId) -> str:
    try:
        return f"sdax: {key}.{phase}"
    except Exception:  # the key is the user's, and so is its `__str__`
        return f"sdax: {object.__repr__(key)}.{phase}"


class WalkPlan:
    """One phase, compiled. Nothing changes it once it is made."""

    __slots__ = (
        "_order",
        "_place_of",
        "_predecessors",
        "functions",
        "guarded",
        "intercepts",
        "ready",
        "successors",
        "waiting",
    )

    def __init__(
        self,
        functions: Sequence[Function | None],
        guarded: tuple[GuardedNode, ...],
        order: Order,
        place_of: PlaceOf,
    ) -> None:
        successors, counts = order
        self._order = order
        self._place_of = place_of
        self._predecessors: Sequence[Sequence[int]] | None = None
        self.functions: tuple[Function | None, ...] = tuple(functions)
        """What each node runs, as the user gave it; `None` where there is nothing to run."""
        self.guarded: tuple[GuardedNode, ...] = guarded
        """The nodes whose functions are not simply called."""
        self.intercepts: bool = any(entry.settings.interceptors for entry in guarded)
        """Whether a function of the phase has interceptors of its own."""
        self.successors: Edges = successors
        """What each node releases when it has ended."""
        waiting = list(counts)
        roots = [node for node, count in enumerate(waiting) if not count]
        self.ready: tuple[int, ...] = tuple(
            ready_beyond(roots, functions, successors, waiting, place_of)
        )
        """The nodes that can run when the walk begins, in order of adding."""
        self.waiting: tuple[int, ...] = tuple(waiting)
        """How many prerequisites each node still waits for then."""

    def narrowed(self, eligible: Iterable[int]) -> WalkPlan:
        """Give the same walk with only the `eligible` nodes having something to run."""
        functions: list[Function | None] = [None] * len(self.functions)
        for node in eligible:
            functions[node] = self.functions[node]
        guarded = tuple(entry for entry in self.guarded if functions[entry.node] is not None)
        return WalkPlan(functions, guarded, self._order, self._place_of)

    def predecessors(self) -> Sequence[Sequence[int]]:
        """Give for each node what it waits for; only runs that somebody observes ask."""
        found = self._predecessors
        if found is None:
            # Made once, when first needed. Two threads may both make it: the results are equal.
            found = self._predecessors = reversed_edges(self.successors)
        return found


class Plan:
    """A valid graph compiled for the engine, in time linear in tasks and dependencies (guarantee 4)."""

    __slots__ = (
        "_every_node_guarded",
        "execute",
        "gates",
        "limit",
        "nodes",
        "optional",
        "options",
        "post_execute",
        "pre_execute",
        "settings",
    )

    def __init__(self, graph: TaskGraph[Any, Any], options: BuildOptions) -> None:
        nodes = NumberedGraph(graph)
        forward, together = nodes.forward(), nodes.together()
        in_order = options.execute_order == "dependencies"
        cleans_up = any(task.post_execute is not None for task in graph.tasks)
        self.nodes: NumberedGraph = nodes
        self.options: BuildOptions = options
        self.limit: int = options.max_concurrency or sys.maxsize
        """How many functions of a run may be running at once."""
        self.settings: RunSettings = RunSettings(
            observers=options.observers, interceptors=options.interceptors
        )
        """The settings of a run whose caller says nothing."""
        self.gates: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
            (node, task.when) for node, task in enumerate(nodes.tasks) if task.when is not None
        )
        """The tasks that ask a predicate whether they take part."""
        self.optional: frozenset[int] = frozenset(
            node for node, task in enumerate(nodes.tasks) if task.optional
        )
        """The tasks whose failure is not the run's."""
        self._every_node_guarded: dict[PhaseId, tuple[GuardedNode | None, ...]] = {}
        self.pre_execute: WalkPlan = _phase_plan(nodes, PhaseId.PRE_EXEC, forward)
        self.execute: WalkPlan = _phase_plan(
            nodes, PhaseId.EXECUTE, forward if in_order else together
        )
        self.post_execute: WalkPlan = _phase_plan(
            nodes, PhaseId.POST_EXEC, nodes.backward() if cleans_up else together
        )

    def every_node_guarded(self, phase: PhaseId) -> tuple[GuardedNode | None, ...]:
        """Give a guarded node for every function of a phase, for runs that somebody observes or intercepts."""
        found = self._every_node_guarded.get(phase)
        if found is None:
            # Made once, when first needed. Two threads may both make it: the results are equal.
            found = tuple(
                None
                if (given := getattr(task, phase)) is None
                else GuardedNode(node, self.nodes.keys[node], phase, given)
                for node, task in enumerate(self.nodes.tasks)
            )
            self._every_node_guarded[phase] = found
        return found


def _phase_plan(nodes: NumberedGraph, phase: PhaseId, order: Order) -> WalkPlan:
    setting_of = attrgetter(phase.value)
    settings: list[TaskFunction[Any] | None] = [setting_of(task) for task in nodes.tasks]
    functions: list[Any] = [None if given is None else given.function for given in settings]
    guarded = tuple(
        GuardedNode(node, nodes.keys[node], phase, given)
        for node, given in enumerate(settings)
        if given is not None and _is_guarded(given)
    )
    return WalkPlan(functions, guarded, order, nodes.place_of)


def _is_guarded(settings: TaskFunction[Any]) -> bool:
    return bool(
        settings.timeout is not None
        or settings.retries
        or settings.has_task_group_argument
        or settings.retry is not None
        or settings.interceptors
    )


def ready_beyond(
    nodes: Iterable[int],
    functions: Sequence[Function | None],
    successors: Edges,
    waiting: list[int],
    place_of: PlaceOf,
) -> list[int]:
    """Complete those of `nodes` that have nothing to run, and what this releases, on the spot.

    Counts `waiting` down. A node without a function is passed as soon as it is reached: a join is an
    ordinary node, never contracted into the product of the edges that meet in it (guarantee 6).

    Returns:
        The nodes with a function that are ready then, in order of adding.
    """
    found: list[int] = []
    reached = list(nodes)
    for node in reached:  # which grows meanwhile
        if functions[node] is not None:
            found.append(node)
            continue
        for successor in successors[node]:
            waiting[successor] -= 1
            if not waiting[successor]:
                reached.append(successor)
    found.sort(key=place_of)
    return found
