"""From `AsyncExitStack` to resources."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from sdax import AsyncDagTaskProcessor, resource, task, task_func


@asynccontextmanager
async def opened(name: str) -> AsyncGenerator[str]:
    print(f"  {name} opened")
    try:
        yield name
    finally:
        print(f"  {name} closed")


async def work(pool: str, client: str) -> None:
    print(f"  working with {pool} and {client}")


# --8<-- [start:by-hand]
async def by_hand() -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(opened("pool"))
        client = await stack.enter_async_context(opened("client"))
        await stack.enter_async_context(opened(f"session of the {client}"))
        await work(pool, client)


# --8<-- [end:by-hand]


# --8<-- [start:with-sdax]
class Job:
    pool: str
    client: str


async def do_work(job: Job) -> None:
    await work(job.pool, job.client)


do_job = (
    AsyncDagTaskProcessor[Job]
    .builder()
    .add_task(resource("pool", lambda _: opened("pool"), into="pool"))
    .add_task(resource("client", lambda _: opened("client"), into="client"))
    .add_task(
        resource("session", lambda job: opened(f"session of the {job.client}")),
        depends_on=("client",),
    )
    .add_task(task("work", execute=task_func(do_work)), depends_on=("pool", "session"))
    .build()
)


async def with_sdax() -> None:
    await do_job.process_tasks(Job())


# --8<-- [end:with-sdax]


async def main() -> None:
    print("by hand")
    await by_hand()
    print("with sdax")
    await with_sdax()


if __name__ == "__main__":
    asyncio.run(main())
