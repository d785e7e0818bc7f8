"""What something adds to each function of a run: shared by `watching` and `guarding`.

A run of a thousand functions that return at once, in several variants. Rounds alternate, the shortest counts, and what
a variant takes longer than the first one is divided by the number of functions.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

FUNCTIONS = 1000
ROUNDS = 25

Run: TypeAlias = Callable[[], Awaitable[Any]]


async def nothing(_: object) -> None:
    pass


def graph_of(function: TaskFunction[Any]) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for number in range(FUNCTIONS):
        builder.add_task(AsyncTask(f"task {number}", execute=function))
    return builder.build()


def print_costs(runs: Mapping[str, Run]) -> None:
    """Print what each run takes, beyond the first of them."""
    best = dict.fromkeys(runs, float("inf"))
    with asyncio.Runner() as runner:
        for _ in range(ROUNDS):
            for name, run in runs.items():
                best[name] = min(best[name], _seconds(runner, run))
    first, *others = best
    print(f"{best[first] / FUNCTIONS * 1e6:8.2f} µs for each function: {first}")
    for name in others:
        print(f"{(best[name] - best[first]) / FUNCTIONS * 1e6:+8.2f} µs  {name}")


def _seconds(runner: asyncio.Runner, run: Run) -> float:
    async def main() -> None:
        await run()

    started = time.process_time()
    runner.run(main())
    return time.process_time() - started
