"""The same work in asyncio, written by hand: what every ratio is relative to.

The best a good engineer would write for each case with `asyncio.TaskGroup`, and no more than the case needs. It
runs all phases, but if something fails or is cancelled, nothing is cleaned up: `by_hand_with_cleanup.py` does that.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import copy_context
from graphlib import TopologicalSorter

from benchmarks.work import AsyncFunction, Build, Run, Work

Graph = Mapping[str, tuple[str, ...]]


def prepare_run(work: Work) -> Run:
    """Choose the code for this kind of work."""
    if work.own_context:
        return in_contexts(work)
    if work.max_concurrency is not None:
        return by_workers(work, work.max_concurrency)
    if work.size == 1:
        return one_task(work)
    if work.dependencies:
        return by_graph(work)
    return by_levels(work)


# Orders


def one_task(work: Work) -> Run:
    """For one task a plain `await` of each function will do."""
    acquire, execute, release = work.pre_execute, work.execute, work.post_execute

    async def run() -> None:
        if acquire is not None:
            await acquire(None)
        if execute is not None:
            await execute(None)
        if release is not None:
            await release(None)

    return run


def by_levels(work: Work) -> Run:
    """One TaskGroup for each level."""
    acquire, execute, release = with_settings(work)
    levels, size = work.levels, work.size

    async def run() -> None:
        if acquire is not None:
            for width in levels:
                async with asyncio.TaskGroup() as group:
                    for _ in range(width):
                        group.create_task(acquire(None))
        if execute is not None:
            async with asyncio.TaskGroup() as group:
                for _ in range(size):
                    group.create_task(execute(None))
        if release is not None:
            for width in reversed(levels):
                async with asyncio.TaskGroup() as group:
                    for _ in range(width):
                        group.create_task(release(None))

    return run


def by_graph(work: Work) -> Run:
    """Start each task when all that it depends on has ended; `graphlib` knows when."""
    graph, turned = work.dependencies, reversed_graph(work.dependencies)

    async def run() -> None:
        if work.pre_execute is not None:
            await in_order(graph, work.pre_execute)
        if work.execute is not None and work.execute_in_order:
            await in_order(graph, work.execute)
        elif work.execute is not None:
            async with asyncio.TaskGroup() as group:
                for _ in graph:
                    group.create_task(work.execute(None))
        if work.post_execute is not None:
            await in_order(turned, work.post_execute)

    return run


async def in_order(graph: Graph, function: Callable[[str], Awaitable[None]]) -> None:
    """Run `function` with the key of each task of `graph`, in order of the dependencies."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    async with asyncio.TaskGroup() as group:

        async def node(key: str) -> None:
            await function(key)
            sorter.done(key)
            for ready in sorter.get_ready():
                group.create_task(node(ready))

        for ready in sorter.get_ready():
            group.create_task(node(ready))


def reversed_graph(graph: Graph) -> Graph:
    """The same tasks, each with those that depend on it."""
    turned: dict[str, list[str]] = {key: [] for key in graph}
    for key, needed in graph.items():
        for dependency in needed:
            turned[dependency].append(key)
    return {key: tuple(dependents) for key, dependents in turned.items()}


def in_contexts(work: Work) -> Run:
    """Give each task a context of its own, the same in all phases."""

    async def run() -> None:
        contexts = [copy_context() for _ in range(work.size)]
        for function in work.phases:
            async with asyncio.TaskGroup() as group:
                for context in contexts:
                    group.create_task(function(None), context=context)

    return run


def by_workers(work: Work, limit: int) -> Run:
    """As many workers as functions may run at once; cheaper than a Task each with a semaphore."""

    async def run() -> None:
        for function in work.phases:
            jobs = iter(range(work.size))
            async with asyncio.TaskGroup() as group:
                for _ in range(limit):
                    group.create_task(worker(function, jobs))

    return run


async def worker(function: AsyncFunction, jobs: Iterator[int]) -> None:
    """Do what is left of the jobs, one after another."""
    for _ in jobs:
        await function(None)


# Settings


Functions = tuple[AsyncFunction | None, AsyncFunction | None, AsyncFunction | None]


def with_settings(work: Work) -> Functions:
    """The functions of the three phases, each with its timeout, retries or subtasks around it."""

    def guard(function: AsyncFunction | None) -> AsyncFunction | None:
        if function is None:
            return None
        if work.subtasks:
            return with_subtasks(function, work.subtasks)
        if work.timeout is not None:
            return with_timeout(function, work.timeout)
        return with_retries(function, work.retries) if work.retries else function

    return guard(work.pre_execute), guard(work.execute), guard(work.post_execute)


def with_timeout(function: AsyncFunction, seconds: float) -> AsyncFunction:
    async def call(ctx: object) -> None:
        async with asyncio.timeout(seconds):
            await function(ctx)

    return call


def with_retries(function: AsyncFunction, retries: int) -> AsyncFunction:
    initial_delay = 0.0

    async def call(ctx: object) -> None:
        for retry in range(retries):
            try:
                await function(ctx)
                return
            except (TimeoutError, ConnectionError):
                await asyncio.sleep(initial_delay * 2**retry * random.uniform(0.5, 1.0))
        await function(ctx)

    return call


def with_subtasks(function: AsyncFunction, count: int) -> AsyncFunction:
    async def call(ctx: object) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(function(ctx))

    return call


# Building


def prepare_build(work: Work) -> Build:
    """Add all tasks to a sorter and have it order them, which finds cycles."""
    graph = work.graph()

    def build() -> tuple[str, ...]:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for key, needed in graph.items():
            sorter.add(key, *needed)
        return tuple(sorter.static_order())

    return build
