"""A run that is cancelled: by a time limit, twice, by anyio, and while it cleans up."""

import asyncio

import anyio
from how_to_test_virtual_clock import run_at_once
from sdax import AsyncDagTaskProcessor, task, task_func


# --8<-- [start:graph]
class Job:
    pass


async def work(job: Job) -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError as error:
        print(f"  work: {error}")
        raise


async def tidy_up(job: Job) -> None:
    print("  cleanup: begins")
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        print("  cleanup: cancelled")
        raise
    print("  cleanup: done")


async def close(job: Job) -> None:
    await asyncio.sleep(1)
    print("  closed")


do_job = (
    AsyncDagTaskProcessor[Job]
    .builder()
    .add_task(task("connection", post_execute=task_func(close)))
    .add_task(
        task("job", execute=task_func(work), post_execute=task_func(tidy_up)),
        depends_on=("connection",),
    )
    .build()
)
# --8<-- [end:graph]


# --8<-- [start:callers]
async def a_time_limit() -> None:
    async with asyncio.timeout(0.5):
        await do_job.process_tasks(Job())


async def cancelled_twice() -> None:
    run = asyncio.create_task(do_job.process_tasks(Job()))
    await asyncio.sleep(0.5)
    run.cancel()
    await asyncio.sleep(0.5)  # now it cleans up
    run.cancel()
    await run


async def a_scope_of_anyio() -> None:
    with anyio.move_on_after(0.5) as scope:  # cancels again in every cycle of the event loop
        await do_job.process_tasks(Job())
    print(f"  the scope was cancelled: {scope.cancelled_caught}")


async def first_cancelled_in_cleanup() -> None:
    run = asyncio.create_task(do_job.process_tasks(Job(), timeout=0.2))
    await asyncio.sleep(0.7)
    run.cancel()
    await run


# --8<-- [end:callers]


async def main() -> None:
    for caller in (a_time_limit, cancelled_twice, a_scope_of_anyio, first_cancelled_in_cleanup):
        print(caller.__name__.replace("_", " "))
        try:
            await caller()
        except (TimeoutError, asyncio.CancelledError) as error:
            print(f"  the caller gets {type(error).__name__}")


if __name__ == "__main__":
    run_at_once(main())
