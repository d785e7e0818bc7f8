"""Run something in an asyncio Task of its own, and see how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

_CYCLES_TO_SETTLE = 20


async def ended(run: Coroutine[Any, Any, object]) -> BaseException | None:
    """The exception that `run` ended with, that very object, or None."""
    try:
        await run
    except BaseException as error:
        return error
    return None


async def ended_after_cancels(
    run: Coroutine[Any, Any, object], *times: float
) -> BaseException | None:
    """How `run` ended, in a Task of its own that is cancelled at these times of the clock."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(ended(run))
    timers = [loop.call_at(time, task.cancel) for time in times]
    try:
        return await task
    finally:
        for timer in timers:
            timer.cancel()


async def settled() -> None:
    """Give way to the event loop until all that can go on has gone on, and waits for something."""
    for _ in range(_CYCLES_TO_SETTLE):
        await asyncio.sleep(0)


def notes(error: BaseException | None) -> str:
    """The notes of `error`, one per line."""
    return "\n".join(getattr(error, "__notes__", ()))
