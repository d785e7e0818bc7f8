"""The floor: what the calls and the Tasks of a case cost with nothing around them.

No order beyond the levels, no errors, no cancellation, no isolation. Nothing that does the same calls in asyncio can
be faster, so the distance to it is what a graph, and all that is guaranteed about it, costs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.functions import returns_at_once, suspends_once
from benchmarks.work import AsyncFunction, Build, CannotDo, Run, Work

EAGER: Mapping[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}
new_task: Any = asyncio.Task  # `eager_start` is unknown to the type checkers for 3.11


def prepare_run(work: Work) -> Run:
    """A loop of awaits, or where functions suspend a Task for each.

    Raises:
        CannotDo: Less than what the case asks for would be no floor of it.
    """
    if work.size == 1:
        raise CannotDo("the code by hand is the floor")
    if work.needs() & {"retries", "contexts", "a bound"} or not work.levels:
        raise CannotDo("no floor: leaving out the order or the setting leaves nothing to compare")
    steps = [
        (function, width * (work.subtasks or 1))
        for function in work.phases
        for width in work.levels
    ]
    return bare_tasks(steps) if work.suspends else plain_awaits(steps)


def prepare_build(work: Work) -> Build:
    """There is no floor to building.

    Raises:
        CannotDo: Always.
    """
    raise CannotDo("no floor: a graph that is not checked is not built")


Steps = list[tuple[AsyncFunction, int]]


def plain_awaits(steps: Steps) -> Run:
    """One function after another."""

    async def run() -> None:
        for function, count in steps:
            for _ in range(count):
                await function(None)

    return run


def bare_tasks(steps: Steps, **options: object) -> Run:
    """Tasks, started eagerly where Python can, awaited one after another."""
    settings = {**EAGER, **options}

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for function, count in steps:
            for task in [new_task(function(None), loop=loop, **settings) for _ in range(count)]:
                await task

    return run


def callbacks(count: int) -> Run:
    """`call_soon`, and no coroutine at all."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        for _ in range(count - 1):
            loop.call_soon(nothing)
        loop.call_soon(over.set_result, None)
        await over

    return run


def nothing() -> None:
    """A callback that does nothing."""


def lazy_tasks(count: int) -> Run:
    """Tasks that begin in the next cycle of the event loop, as `create_task` makes them."""

    async def run() -> None:
        create_task = asyncio.get_running_loop().create_task
        for task in [create_task(returns_at_once(None)) for _ in range(count)]:
            await task

    return run


def bare_costs(count: int) -> dict[str, Run]:
    """What `count` of each cost. The work by hand that they are compared with is one TaskGroup."""
    costs = {
        f"bare cost of {count:,} awaits, no suspension": plain_awaits([(returns_at_once, count)]),
        f"bare cost of {count:,} callbacks by call_soon": callbacks(count),
        f"bare cost of {count:,} Tasks, no suspension": lazy_tasks(count),
        f"bare cost of {count:,} eager Tasks, no suspension": bare_tasks(
            [(returns_at_once, count)]
        ),
        f"bare cost of {count:,} eager Tasks, each suspends once": bare_tasks(
            [(suspends_once, count)]
        ),
    }
    if not EAGER:
        costs = {name: run for name, run in costs.items() if "eager" not in name}
    return costs
