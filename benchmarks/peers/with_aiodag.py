"""aiodag: a function becomes a Task that waits for other Tasks.

Its way to depend on a task without taking its result is `task(function, *dependencies)`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.peers import library
from benchmarks.work import (
    NO_GRAPH_TO_BUILD,
    AsyncFunction,
    Build,
    CannotDo,
    Run,
    Work,
    check_needs,
)

aiodag = library("aiodag")


def prepare_run(work: Work) -> Run:
    """A run makes all Tasks, each with those that it waits for."""
    check_needs(work, "a graph")
    (function,) = work.phases
    return in_a_graph(work, function) if work.dependencies else in_levels(work.levels, function)


def in_a_graph(work: Work, function: AsyncFunction) -> Run:
    """Keys come after those that they depend on."""

    async def run() -> None:
        tasks: dict[str, Any] = {}
        for key, needed in work.dependencies.items():
            tasks[key] = aiodag.task(function, *[tasks[other] for other in needed])(None)
        await asyncio.gather(*tasks.values())

    return run


def in_levels(levels: tuple[int, ...], function: AsyncFunction) -> Run:
    """Each task waits for the whole level before."""

    async def run() -> None:
        before: list[Any] = []
        for width in levels:
            task = aiodag.task(function, *before)
            before = [task(None) for _ in range(width)]
        await asyncio.gather(*before)

    return run


def prepare_build(work: Work) -> Build:
    """Building is a part of each run.

    Raises:
        CannotDo: Always.
    """
    raise CannotDo(NO_GRAPH_TO_BUILD)
