"""The same work by hand, with the cleanup guaranteed: `post_execute` runs for all whose `pre_execute` started.

Nested in `AsyncExitStack` or `try`/`finally`, a failed cleanup disturbs no other, and what failed is raised together.
Still weaker than what sdax guarantees: whoever cancels during cleanup cancels the cleanup.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from contextlib import AsyncExitStack
from contextvars import Context, copy_context
from typing import Any

from benchmarks.by_hand import Graph, in_order, reversed_graph
from benchmarks.work import AsyncFunction, Build, CannotDo, Run, Work

NOTHING_TO_CLEAN_UP = "nothing to clean up: the same as by hand"


def prepare_run(work: Work) -> Run:
    """Choose the code for this kind of work.

    Raises:
        CannotDo: There is nothing to clean up: then it is the same code as by hand.
    """
    if work.pre_execute is None or work.execute is None or work.post_execute is None:
        raise CannotDo(NOTHING_TO_CLEAN_UP)
    if work.needs() > {"phases"} and not (work.dependencies or work.own_context):
        raise CannotDo("no code written for it")
    phases = work.pre_execute, work.execute, work.post_execute
    if work.own_context:
        return in_contexts(work.size, *phases)
    if work.size == 1:
        return one_task(*phases)
    if work.dependencies:
        return by_graph(work.dependencies, *phases)
    return by_levels(work.levels, *phases)


def one_task(acquire: AsyncFunction, execute: AsyncFunction, release: AsyncFunction) -> Run:
    """`try`/`finally` is all that is needed."""

    async def run() -> None:
        try:
            await acquire(None)
            await execute(None)
        finally:
            await release(None)

    return run


def by_levels(
    levels: tuple[int, ...], acquire: AsyncFunction, execute: AsyncFunction, release: AsyncFunction
) -> Run:
    """One exit callback for each level, which cleans up what was started in it."""
    size = sum(levels)

    async def begin(started: list[object], ctx: object) -> None:
        started.append(ctx)
        await acquire(ctx)

    async def clean_up(started: list[object]) -> None:
        await finish_all(release(ctx) for ctx in started)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for width in levels:
                started: list[object] = []
                stack.push_async_callback(clean_up, started)
                async with asyncio.TaskGroup() as group:
                    for _ in range(width):
                        group.create_task(begin(started, None))
            async with asyncio.TaskGroup() as group:
                for _ in range(size):
                    group.create_task(execute(None))

    return run


def by_graph(
    graph: Graph, acquire: AsyncFunction, execute: AsyncFunction, release: AsyncFunction
) -> Run:
    """Walk the graph, note what was started, and walk back over that."""
    turned = reversed_graph(graph)

    async def run() -> None:
        started: set[str] = set()

        async def begin(key: str) -> None:
            started.add(key)
            await acquire(None)

        async def clean_up(key: str) -> None:
            if key in started:
                await release(None)

        try:
            await in_order(graph, begin)
            async with asyncio.TaskGroup() as group:
                for _ in graph:
                    group.create_task(execute(None))
        finally:
            errors: list[Exception] = []
            await in_order(turned, lambda key: note_error(clean_up(key), errors))
            if errors:
                raise ExceptionGroup("cleanup failed", errors)

    return run


def in_contexts(
    size: int, acquire: AsyncFunction, execute: AsyncFunction, release: AsyncFunction
) -> Run:
    """Each task has a context, and those of the started ones are cleaned up in."""

    async def begin(started: list[Context], context: Context) -> None:
        started.append(context)
        await acquire(None)

    async def run() -> None:
        contexts = [copy_context() for _ in range(size)]
        started: list[Context] = []
        create_task = asyncio.get_running_loop().create_task
        try:
            async with asyncio.TaskGroup() as group:
                for context in contexts:
                    group.create_task(begin(started, context), context=context)
            async with asyncio.TaskGroup() as group:
                for context in contexts:
                    group.create_task(execute(None), context=context)
        finally:
            await finish_all(create_task(release(None), context=context) for context in started)

    return run


async def finish_all(cleanups: Iterable[Awaitable[None]]) -> None:
    """Run all of them, whatever the others do, and raise all that failed."""
    results = await asyncio.gather(*cleanups, return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        raise ExceptionGroup("cleanup failed", errors)


async def note_error(cleanup: Coroutine[Any, Any, None], errors: list[Exception]) -> None:
    """Await a cleanup and keep its error, so that it does not disturb the others."""
    try:
        await cleanup
    except Exception as error:
        errors.append(error)


def prepare_build(work: Work) -> Build:
    """Building cleans nothing up.

    Raises:
        CannotDo: Always.
    """
    raise CannotDo(NOTHING_TO_CLEAN_UP)
