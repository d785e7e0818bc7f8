"""Functions, cleanup and observers are told why functions were cancelled."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, FunctionCall, Observer, current_run, task, task_func


@dataclass
class Job:
    has_quota: bool = True


async def download(job: Job) -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError as cancelled:
        print(f"  download: {cancelled}")
        raise


async def check_quota(job: Job) -> None:
    await asyncio.sleep(0)
    if not job.has_quota:
        raise PermissionError("the quota is used up")


async def remove_files(job: Job) -> None:
    cause = current_run().cancel_cause
    if cause is not None:
        print(f"  cleanup: kind={cause.kind!r}, task={cause.task!r}, error={cause.error!r}")


class Causes(Observer):
    def function_ended(self, call: FunctionCall, /) -> None:
        if call.outcome == "cancelled":
            print(f"  observer: {call.task} was cancelled. {call.cancel_cause}")


processor = (
    AsyncDagTaskProcessor[Job]
    .builder()
    .add_task(
        task("files", pre_execute=task_func(download), post_execute=task_func(remove_files)),
    )
    .add_task(task("quota", pre_execute=task_func(check_quota)))
    .build(observers=[Causes()])
)


async def cancelled_by_its_caller(job: Job) -> None:
    run = asyncio.create_task(processor.process_tasks(job))
    await asyncio.sleep(0.05)
    run.cancel()
    await run


async def show(title: str, run: Awaitable[None]) -> None:
    print(title)
    try:
        await run
    except (Exception, asyncio.CancelledError) as error:
        print(f"  the caller gets {type(error).__name__}")


async def main() -> None:
    await show("a task fails:", processor.process_tasks(Job(has_quota=False)))
    await show("the deadline is reached:", processor.process_tasks(Job(), timeout=0.05))
    await show("the caller is cancelled:", cancelled_by_its_caller(Job()))


if __name__ == "__main__":
    asyncio.run(main())
