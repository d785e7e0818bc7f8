"""The same graph for a loop with a real clock: nothing in it waits for time."""

from __future__ import annotations

from dataclasses import replace

from sdax_proof.graph_spec import (
    PHASES,
    Behaviour,
    Decision,
    FunctionSpec,
    GraphSpec,
    InterceptorSpec,
    Step,
    TaskSpec,
)


def without_waiting(graph: GraphSpec) -> GraphSpec:
    """The graph with functions that suspend for turns of the loop only."""
    tasks = tuple(_task(task) for task in graph.tasks)
    interceptors = _interceptors(graph.interceptors)
    return replace(graph, tasks=tasks, cleanup_timeout=None, interceptors=interceptors)


def _task(task: TaskSpec) -> TaskSpec:
    for phase in PHASES:
        function = task.function(phase)
        if function is not None:
            task = task.with_function(phase, _function(function))
    return task


def _function(function: FunctionSpec) -> FunctionSpec:
    attempts = tuple(_behaviour(attempt) for attempt in function.attempts)
    return replace(
        function,
        attempts=attempts,
        timeout=None,
        initial_delay=0.0,
        policy=_policy(function.policy),
        interceptors=_interceptors(function.interceptors),
    )


def _policy(policy: tuple[Decision, ...] | None) -> tuple[Decision, ...] | None:
    if policy is None:
        return None
    return tuple(0.0 if isinstance(decision, float) else decision for decision in policy)


def _interceptors(interceptors: tuple[InterceptorSpec, ...]) -> tuple[InterceptorSpec, ...]:
    def shortened(seconds: float | None) -> float | None:
        return None if seconds is None else 0.0

    return tuple(
        replace(spec, before=shortened(spec.before), after=shortened(spec.after))
        for spec in interceptors
    )


def _behaviour(behaviour: Behaviour) -> Behaviour:
    steps = tuple(Step(step.kind) for step in behaviour.steps)
    waits = behaviour.on_cancel in ("linger", "outlast")
    on_cancel = "obey" if waits else behaviour.on_cancel
    return replace(behaviour, steps=steps, on_cancel=on_cancel)
