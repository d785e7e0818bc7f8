"""Builds a processor out of a graph's description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Protocol

from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction, after

from sdax_proof.behaviour import RunContext, make_function
from sdax_proof.graph_spec import GraphSpec, Phase, TaskSpec
from sdax_proof.interceptors import DescribedInterceptor
from sdax_proof.policies import DescribedPolicy
from sdax_proof.predicates import make_predicate


class Runner(Protocol):
    """What the proofs use of an `AsyncPhaseRunner`."""

    async def run_next(self) -> bool: ...
    def next_phase_id(self) -> Any: ...
    def failures(self) -> list[BaseException]: ...
    def skipped(self) -> tuple[Hashable, ...]: ...


class Processor(Protocol):
    """What the proofs use of a processor, whoever built it."""

    @property
    def process_tasks(self) -> Callable[..., Awaitable[None]]: ...
    @property
    def open(self) -> Callable[..., Any]: ...


def build(graph: GraphSpec) -> Processor:
    """The processor of that graph."""
    options: dict[str, Any] = {
        "execute_order": graph.execute_order,
        "on_execute_error": graph.on_execute_error,
        "max_concurrency": graph.max_concurrency,
        "cleanup_timeout": graph.cleanup_timeout,
        "interceptors": [
            DescribedInterceptor(spec, number) for number, spec in enumerate(graph.interceptors)
        ],
    }
    if graph.levels:
        from sdax_levels import AsyncTaskProcessor

        levels: Any = AsyncTaskProcessor.builder()
        for number, spec in enumerate(graph.tasks):
            levels.add_task(_task(graph, number, spec), spec.level)
        processor: Processor = levels.build(**options)
        return processor
    builder = AsyncDagTaskProcessor[RunContext, Hashable].builder()
    for number, spec in enumerate(graph.tasks):
        depends_on = tuple(_dependency(graph, number, other) for other in spec.depends_on)
        builder.add_task(_task(graph, number, spec), depends_on)
    return builder.build(**options)


def _dependency(graph: GraphSpec, task: int, other: int) -> Hashable:
    key = graph.tasks[other].key
    return after(key) if graph.only_orders(task, other) else key


def _task(graph: GraphSpec, number: int, spec: TaskSpec) -> AsyncTask[RunContext, Hashable]:
    return AsyncTask(
        spec.key,
        pre_execute=_function(graph, number, "pre_execute"),
        execute=_function(graph, number, "execute"),
        post_execute=_function(graph, number, "post_execute"),
        when=None if spec.when is None else make_predicate(number, spec.when),
        optional=graph.is_optional(number, "execute"),
    )


def _function(graph: GraphSpec, task: int, phase: Phase) -> TaskFunction[RunContext] | None:
    spec = graph.tasks[task].function(phase)
    if spec is None:
        return None
    if spec.policy is not None:
        retries: dict[str, Any] = {"retry": DescribedPolicy(task, phase, spec)}
    else:
        names = ("retries", "initial_delay", "backoff_factor")
        retries = {name: getattr(spec, name) for name in names}
    return TaskFunction(
        make_function(task, phase, spec),
        timeout=spec.timeout,
        has_task_group_argument=spec.task_group,
        interceptors=tuple(
            DescribedInterceptor(described, len(graph.interceptors) + number)
            for number, described in enumerate(spec.interceptors)
        ),
        **retries,
    )
