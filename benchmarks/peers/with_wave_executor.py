"""wave-executor, through its `DAGExecutor`.

Best settings: no bound on concurrency, no adaptive window, no events, no circuit breaker, and no time limits where the
case has none.
"""

from __future__ import annotations

from benchmarks.peers import library
from benchmarks.work import NO_GRAPH_TO_BUILD, Build, CannotDo, Run, Work, check_needs

wave_executor = library("wave_executor")


def prepare_run(work: Work) -> Run:
    """A run is one call of `execute`, which checks the graph each time."""
    check_needs(work, "a graph", "a timeout", "retries", "a bound")
    if work.retries and work.suspends:
        raise CannotDo("waits a second before it tries again, whatever its settings")
    (function,) = work.phases
    config = wave_executor.WaveConfig(
        max_parallel_per_wave=work.max_concurrency or work.size,
        adaptive_batch_window=False,
        emit_events=False,
        circuit_breaker_enabled=False,
        max_retries=work.retries,
        default_task_timeout=work.timeout,
        total_execution_timeout=None,
    )
    executor = wave_executor.DAGExecutor(config)
    tasks = dict.fromkeys(work.graph())
    dependencies = {key: set(needed) for key, needed in work.graph().items()}

    async def call(_key: str, spec: object) -> None:
        await function(spec)

    return lambda: executor.execute(tasks, dependencies, call)


def prepare_build(work: Work) -> Build:
    """Building is a part of each run.

    Raises:
        CannotDo: Always.
    """
    raise CannotDo(NO_GRAPH_TO_BUILD)
