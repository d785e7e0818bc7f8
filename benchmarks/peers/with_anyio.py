"""anyio: the code written by hand, with anyio's task groups and time limits in the place of asyncio's."""

from __future__ import annotations

from graphlib import TopologicalSorter

import anyio

from benchmarks.by_hand import Graph, one_task, reversed_graph, with_retries, worker
from benchmarks.work import NO_GRAPH_TO_BUILD, REASONS, AsyncFunction, Build, CannotDo, Run, Work


def prepare_run(work: Work) -> Run:
    """Choose the code for this kind of work.

    Raises:
        CannotDo: The functions of a task have to share a context.
    """
    if work.own_context:
        raise CannotDo("runs every function in a copy of its own of the context")
    if work.observed:
        raise CannotDo(REASONS["an observer"])
    if work.max_concurrency is not None:
        return by_workers(work, work.max_concurrency)
    if work.size == 1:
        return one_task(work)
    if work.dependencies:
        return by_graph(work)
    return by_levels(work)


def by_levels(work: Work) -> Run:
    """One task group for each level."""
    acquire, execute, release = (
        function and with_settings(function, work)
        for function in (work.pre_execute, work.execute, work.post_execute)
    )

    async def run() -> None:
        if acquire is not None:
            for width in work.levels:
                await start(acquire, width)
        if execute is not None:
            await start(execute, work.size)
        if release is not None:
            for width in reversed(work.levels):
                await start(release, width)

    return run


async def start(function: AsyncFunction, count: int) -> None:
    """Run `function` that often, all together."""
    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(function, None)


def by_graph(work: Work) -> Run:
    """Start each task when all that it depends on has ended; `graphlib` knows when."""
    graph, turned = work.dependencies, reversed_graph(work.dependencies)

    async def run() -> None:
        if work.pre_execute is not None:
            await in_order(graph, work.pre_execute)
        if work.execute is not None and work.execute_in_order:
            await in_order(graph, work.execute)
        elif work.execute is not None:
            await start(work.execute, work.size)
        if work.post_execute is not None:
            await in_order(turned, work.post_execute)

    return run


async def in_order(graph: Graph, function: AsyncFunction) -> None:
    """Run `function` once for each task of `graph`, in order of the dependencies."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    async with anyio.create_task_group() as group:

        async def node(key: str) -> None:
            await function(None)
            sorter.done(key)
            for ready in sorter.get_ready():
                group.start_soon(node, ready)

        for ready in sorter.get_ready():
            group.start_soon(node, ready)


def by_workers(work: Work, limit: int) -> Run:
    """As many workers as functions may run at once."""

    async def run() -> None:
        for function in work.phases:
            jobs = iter(range(work.size))
            async with anyio.create_task_group() as group:
                for _ in range(limit):
                    group.start_soon(worker, function, jobs)

    return run


def with_settings(function: AsyncFunction, work: Work) -> AsyncFunction:
    """The function with its timeout, retries or subtasks around it."""
    if work.subtasks:
        return lambda _ctx: start(function, work.subtasks)
    if work.timeout is not None:
        return with_timeout(function, work.timeout)
    return with_retries(function, work.retries) if work.retries else function


def with_timeout(function: AsyncFunction, seconds: float) -> AsyncFunction:
    """The function under `fail_after`."""

    async def call(ctx: object) -> None:
        with anyio.fail_after(seconds):
            await function(ctx)

    return call


def prepare_build(work: Work) -> Build:
    """There is nothing to build.

    Raises:
        CannotDo: Always.
    """
    raise CannotDo(NO_GRAPH_TO_BUILD)
