"""The work as a graph that sdax runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    FunctionCall,
    Observer,
    SdaxTaskGroup,
    TaskFunction,
)

from benchmarks.work import AsyncFunction, Build, Run, Work

WIDE = 8
"""Levels wider than this meet in a join: n + m dependencies instead of n * m."""


class Listens(Observer):
    """Is told when a function has ended, and does nothing."""

    def function_ended(self, call: FunctionCall, /) -> None:
        """Do nothing."""


Entry = tuple[AsyncTask[object], tuple[str, ...]]


def prepare_run(work: Work) -> Run:
    """Build the graph once. A run is one call of `process_tasks`."""
    builder = fill(AsyncDagTaskProcessor[object].builder(), entries(work))
    processor = builder.build(
        execute_order="dependencies" if work.execute_in_order else "together",
        max_concurrency=work.max_concurrency,
        observers=[Listens()] if work.observed else [],
    )
    return lambda: processor.process_tasks(None)


def prepare_build(work: Work) -> Build:
    """Build from tasks that are there already, as the keys for `graphlib` are, unless they count."""
    if work.makes_tasks:
        return lambda: fill(AsyncDagTaskProcessor[object].builder(), entries(work)).build()
    tasks = list(entries(work))
    return lambda: fill(AsyncDagTaskProcessor[object].builder(), tasks).build()


Builder = AsyncDagTaskProcessorBuilder[object, str]


def fill(builder: Builder, added: Iterable[Entry]) -> Builder:
    """Add all tasks."""
    for task, needed in added:
        builder.add_task(task, depends_on=needed)
    return builder


def entries(work: Work) -> Iterator[Entry]:
    """The tasks with their dependencies, in the order of adding."""
    if work.dependencies:
        for key, needed in work.dependencies.items():
            yield new_task(key, work), needed
        return
    needed = ()
    for number, keys in enumerate(work.keys_by_level()):
        for key in keys:
            yield new_task(key, work), needed
        needed = keys
        if len(keys) > WIDE and number < len(work.levels) - 1:
            yield AsyncTask(f"join_{number}"), keys
            needed = (f"join_{number}",)


def new_task(key: str, work: Work) -> AsyncTask[object]:
    """A task with the functions and the settings of `work`."""
    phases = (work.pre_execute, work.execute, work.post_execute)
    return AsyncTask(key, *(phase and task_function(phase, work) for phase in phases))


def task_function(function: AsyncFunction, work: Work) -> TaskFunction[object]:
    """A function with the settings of `work`."""
    if not work.subtasks:
        return TaskFunction(function, work.timeout, work.retries, initial_delay=0.0)

    async def start_subtasks(ctx: object, group: SdaxTaskGroup) -> None:
        for _ in range(work.subtasks):
            group.create_task(function(ctx))

    return TaskFunction(start_subtasks, has_task_group_argument=True)
