"""Why a function may not keep `asyncio.current_task()`, and what to do instead."""

import asyncio

from sdax import AsyncDagTaskProcessor, task, task_func


class Job:
    kept: asyncio.Task[None] | None = None
    own: asyncio.Task[None] | None = None


# --8<-- [start:wrong]
async def start_wrongly(job: Job) -> None:
    job.kept = asyncio.current_task()  # the same Task goes on with `after`


async def after(job: Job) -> None:
    print("is it the Task of the function before?", asyncio.current_task() is job.kept)


# --8<-- [end:wrong]


async def watch() -> None:
    await asyncio.sleep(60)


# --8<-- [start:right]
async def start(job: Job) -> None:
    job.own = asyncio.create_task(watch())


async def stop(job: Job) -> None:
    if job.own is not None:
        job.own.cancel()
        await asyncio.wait([job.own])
        print("is our own Task cancelled?", job.own.cancelled())


# --8<-- [end:right]


processor = (
    AsyncDagTaskProcessor[Job]
    .builder()
    .add_task(task("wrong", pre_execute=task_func(start_wrongly)))
    .add_task(task("after", pre_execute=task_func(after)), depends_on=("wrong",))
    .add_task(task("watch", pre_execute=task_func(start), post_execute=task_func(stop)))
    .build()
)

if __name__ == "__main__":
    asyncio.run(processor.process_tasks(Job()))
