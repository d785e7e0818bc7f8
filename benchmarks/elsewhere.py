"""What a call in another process costs: `python -m benchmarks.elsewhere`.

A function that does nothing, in a worker process of anyio and on a Dask cluster of one worker on this machine: called
by the library alone, and as a task of a graph. Rounds alternate; the median of each is printed, in milliseconds of the
clock on the wall, as other processes take part.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from typing import Any, TypeAlias

import distributed
from anyio import to_process
from sdax_contrib.anyio import on_process
from sdax_contrib.dask import on_dask
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

ROUNDS = 200

dask: Any = distributed  # it has no types
Call: TypeAlias = Callable[[], Awaitable[Any]]


def nothing() -> None:
    pass


def no_arguments(_: object) -> tuple[()]:
    return ()


def run_of(function: TaskFunction[Any]) -> Call:
    builder = AsyncDagTaskProcessor[Any].builder()
    graph = builder.add_task(AsyncTask("call", execute=function)).build()
    return lambda: graph.process_tasks(None)


async def milliseconds(call: Call) -> float:
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


async def print_medians(calls: Mapping[str, Call]) -> None:
    taken: dict[str, list[float]] = {name: [await milliseconds(calls[name])] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            taken[name].append(await milliseconds(call))
    for name, (first, *later) in taken.items():
        print(f"{median(later):8.2f} ms  {name} (the first: {first:.0f} ms)")


async def main(scheduler: str) -> None:
    await print_medians(
        {
            "anyio.to_process.run_sync": lambda: to_process.run_sync(nothing),
            "on_process": run_of(on_process(nothing, args=no_arguments, into=None)),
        }
    )
    async with dask.Client(scheduler, asynchronous=True) as client:
        by_graph = on_dask(nothing, client=lambda _: client, args=no_arguments, into=None)
        await print_medians(
            {
                "client.submit of Dask": lambda: client.submit(nothing, pure=False),
                "on_dask": run_of(by_graph),
            }
        )


if __name__ == "__main__":  # a worker process imports this file again
    with dask.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
    ) as cluster:
        asyncio.run(main(cluster.scheduler_address))
