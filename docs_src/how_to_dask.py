"""A report whose sums are made on a Dask cluster, here one on this machine."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import distributed
from remote_work import square, wait_until_told_to_stop
from sdax_contrib.dask import on_dask
from sdax_core import AsyncDagTaskProcessor, SdaxExecutionError, TaskFunction
from sdax_helpers import resource, task

dask: Any = distributed  # it has no types


@dataclass
class Report:
    scheduler: str
    file: str = ""
    dask: Any = None
    squares: list[int] = field(default_factory=list[int])


async def client(report: Report) -> Any:
    return dask.Client(report.scheduler, asynchronous=True)


def dask_of(report: Report) -> Any:
    return report.dask


def file_of(report: Report) -> tuple[str]:
    return (report.file,)


def store(report: Report, result: int) -> None:
    report.squares.append(result)


def squaring(number: int) -> TaskFunction[Report]:
    # If its worker is lost, Dask may run it again on another one.
    return on_dask(square, client=dask_of, args=lambda _: (number,), into=store, idempotent=True)


def graph(slow: bool) -> AsyncDagTaskProcessor[Report]:
    builder = AsyncDagTaskProcessor[Report].builder()
    builder.add_task(resource("dask", client, into="dask"))
    for number in range(3):
        builder.add_task(task(f"square {number}", execute=squaring(number)), depends_on=("dask",))
    if slow:
        function = on_dask(
            wait_until_told_to_stop,  # it asks stop_requested() now and then
            client=dask_of,
            args=file_of,
            into=None,
            timeout=3.0,
        )
        builder.add_task(task("slow", execute=function), depends_on=("dask",))
    return builder.build()


async def main(scheduler: str) -> None:
    report = Report(scheduler, file="/dev/null")
    await graph(slow=False).process_tasks(report)
    print(sorted(report.squares))
    try:
        await graph(slow=True).process_tasks(report)
    except SdaxExecutionError as error:
        [timeout] = error.exceptions
        print(timeout.__notes__[0])


if __name__ == "__main__":  # a worker process imports this file again
    with dask.LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=":0", silence_logs=logging.CRITICAL
    ) as cluster:
        asyncio.run(main(cluster.scheduler_address))
