"""A run leaves nothing that only the garbage collector could find (guarantee 20)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    Attempt,
    Observer,
    TaskFunction,
    current_run,
)


async def suspend(ctx: object) -> None:
    await asyncio.sleep(0)


async def ask_for_the_run(ctx: object) -> None:
    await asyncio.sleep(0)
    assert current_run().outcome in ("running", "succeeded")


async def return_at_once(ctx: object) -> None:
    pass


class Watches(Observer):
    def attempt_ended(self, attempt: Attempt, /) -> None:
        pass


async def pass_on(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
    return await proceed()


@pytest.mark.guarantee("20.4")
@pytest.mark.parametrize("function", [return_at_once, suspend, ask_for_the_run])
@pytest.mark.parametrize(
    ("settings", "of_the_run"),
    [
        pytest.param({}, {}, id="plain"),
        pytest.param({"timeout": 9.0, "retries": 2}, {}, id="timeout, retries"),
        pytest.param({}, {"observers": [Watches()]}, id="observer"),
        pytest.param({"retries": 2}, {"observers": [Watches()]}, id="observer, retries"),
        pytest.param({}, {"interceptors": [pass_on]}, id="interceptor"),
        pytest.param({}, {"timeout": 9.0}, id="timeout of the run"),
    ],
)
def test_a_run_that_succeeds_leaves_no_reference_cycles(
    function: Any, settings: dict[str, Any], of_the_run: dict[str, Any]
) -> None:
    work = TaskFunction[None](function, **settings)
    builder = AsyncDagTaskProcessor[None].builder()
    for name in "abc":
        builder.add_task(AsyncTask(name, work, work, work))
    processor = builder.build()

    async def found_after(runs: int) -> int:
        for _ in range(runs):
            await processor.process_tasks(None, **of_the_run)
        return gc.collect()

    async def main() -> tuple[int, int]:
        await found_after(3)  # what is made once is made now
        gc.disable()
        try:
            return await found_after(0), await found_after(20)
        finally:
            gc.enable()

    without_runs, with_runs = asyncio.run(main())
    assert with_runs - without_runs < 20
