"""Builds a processor out of a graph's description."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol

from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

from sdax_proof.behaviour import RunContext, make_function
from sdax_proof.graph_spec import GraphSpec, Phase, TaskSpec


class Runner(Protocol):
    """What the proofs use of an `AsyncPhaseRunner`."""

    async def run_next(self) -> bool: ...
    def next_phase_id(self) -> Any: ...
    def failures(self) -> list[BaseException]: ...
    def skipped(self) -> tuple[Hashable, ...]: ...


class Processor(Protocol):
    """What the proofs use of a processor, whoever built it."""

    async def process_tasks(self, ctx: RunContext) -> None: ...
    def open(self, ctx: RunContext) -> Any: ...


def build(graph: GraphSpec) -> Processor:
    """The processor of that graph."""
    options: dict[str, Any] = {
        "execute_order": graph.execute_order,
        "on_execute_error": graph.on_execute_error,
        "max_concurrency": graph.max_concurrency,
        "cleanup_timeout": graph.cleanup_timeout,
    }
    if graph.levels:
        from sdax_levels import AsyncTaskProcessor

        levels: Any = AsyncTaskProcessor.builder()
        for number, spec in enumerate(graph.tasks):
            levels.add_task(_task(number, spec), spec.level)
        processor: Processor = levels.build(**options)
        return processor
    builder = AsyncDagTaskProcessor[RunContext, Hashable].builder()
    for number, spec in enumerate(graph.tasks):
        depends_on = tuple(graph.tasks[other].key for other in spec.depends_on)
        builder.add_task(_task(number, spec), depends_on)
    return builder.build(**options)


def _task(number: int, spec: TaskSpec) -> AsyncTask[RunContext, Hashable]:
    return AsyncTask(
        spec.key,
        pre_execute=_function(number, "pre_execute", spec),
        execute=_function(number, "execute", spec),
        post_execute=_function(number, "post_execute", spec),
    )


def _function(number: int, phase: Phase, task: TaskSpec) -> TaskFunction[RunContext] | None:
    spec = task.function(phase)
    if spec is None:
        return None
    return TaskFunction(
        make_function(number, phase, spec),
        timeout=spec.timeout,
        retries=spec.retries,
        initial_delay=spec.initial_delay,
        backoff_factor=spec.backoff_factor,
        has_task_group_argument=spec.task_group,
    )
