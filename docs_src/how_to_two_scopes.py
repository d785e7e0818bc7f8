"""A pool that is opened once, and requests that name it in their dependencies."""

import asyncio
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, ScopeClosedError, scope, task, task_func


@dataclass
class App:
    pool: str = ""


@dataclass
class Request:
    app: App
    user: str


async def open_pool(app: App) -> None:
    app.pool = "pool"
    print("the pool opens")


async def close_pool(app: App) -> None:
    print("the pool closes")


async def answer(request: Request) -> None:
    await asyncio.sleep(0)
    print(f"{request.user} is answered with the {request.app.pool}")


application = (
    AsyncDagTaskProcessor[App]
    .builder()
    .add_task(task("pool", pre_execute=task_func(open_pool), post_execute=task_func(close_pool)))
    .build()
)

requests = (
    AsyncDagTaskProcessor[Request]
    .builder(parent=application)
    .add_task(task("answer", execute=task_func(answer)), depends_on=("pool",))
    .build()
)


async def main() -> None:
    async with (
        asyncio.TaskGroup() as connections,
        scope(application, App(), drain_timeout=5) as app,
    ):
        for user in ("ada", "grace"):
            connections.create_task(app.run(requests, Request(app.ctx, user)))
        await asyncio.sleep(0)
        print(f"{app.in_flight} requests are in flight, and the application shuts down")
    try:
        await app.run(requests, Request(app.ctx, "late"))
    except ScopeClosedError as error:
        print(error)


if __name__ == "__main__":
    asyncio.run(main())
