"""The last version of sdax before 0.8, through its graph builder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.peers import library
from benchmarks.work import AsyncFunction, Build, CannotDo, Run, Work, check_needs

sdax = library("sdax")
WIDE = 8
"""Wider levels meet in a join, as where sdax itself is measured."""


def prepare_run(work: Work) -> Run:
    """Build the graph once. A run is one call of `process_tasks`."""
    check_needs(work, "a graph", "phases", "a timeout", "retries", "subtasks", "contexts")
    if work.execute_in_order:
        raise CannotDo("starts every execute together")
    if work.own_context:
        raise CannotDo("what a task sets in its context is not seen by its later phases")
    processor = fill(list(entries(work)))
    return lambda: processor.process_tasks(None)


def prepare_build(work: Work) -> Build:
    """Build anew from tasks that are there already, unless making them counts."""
    if work.makes_tasks:
        return lambda: fill(list(entries(work)))
    tasks = list(entries(work))
    return lambda: fill(tasks)


Added = list[tuple[Any, tuple[str, ...]]]


def fill(added: Added) -> Any:
    """Add all tasks and build."""
    builder = sdax.AsyncDagTaskProcessor.builder()
    for task, needed in added:
        builder.add_task(task, depends_on=needed)
    return builder.build()


def entries(work: Work) -> Iterator[tuple[Any, tuple[str, ...]]]:
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
            yield sdax.join(f"join_{number}"), keys
            needed = (f"join_{number}",)


def new_task(key: str, work: Work) -> Any:
    """A task with the functions and the settings of `work`."""
    phases = (work.pre_execute, work.execute, work.post_execute)
    return sdax.AsyncTask(key, *(phase and task_function(phase, work) for phase in phases))


def task_function(function: AsyncFunction, work: Work) -> Any:
    """A function with the settings of `work`."""
    if not work.subtasks:
        settings = {"timeout": work.timeout, "retries": work.retries, "initial_delay": 0.0}
        return sdax.TaskFunction(function, **settings)

    async def start_subtasks(ctx: object, group: Any) -> None:
        for _ in range(work.subtasks):
            group.create_task(function(ctx))

    return sdax.TaskFunction(start_subtasks, has_task_group_argument=True)
