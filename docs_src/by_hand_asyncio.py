"""The service in plain asyncio."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from by_hand_world import Client, Pool, Purchase, World, show

Answer = TypeVar("Answer")


# --8<-- [start:start-up]
@dataclass
class Application:
    pool: Pool
    client: Client
    rate: int = 0


@asynccontextmanager
async def fresh_rate(app: Application) -> AsyncGenerator[None]:
    app.rate = await app.client.get("rate")
    async with asyncio.TaskGroup() as group:
        refreshing = group.create_task(refresh(app))
        yield
        refreshing.cancel()


async def refresh(app: Application) -> None:
    while True:
        await asyncio.sleep(60)
        app.rate = await app.client.get("rate")


@asynccontextmanager
async def application(world: World) -> AsyncGenerator[Application]:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(Pool.opened(world))
        client = await stack.enter_async_context(Client.opened(world))
        app = Application(pool, client)
        await stack.enter_async_context(fresh_rate(app))
        yield app


# --8<-- [end:start-up]


# --8<-- [start:retries]
async def retried(call: Callable[[], Awaitable[Answer]], deadline: asyncio.Timeout) -> Answer:
    loop = asyncio.get_running_loop()
    attempt = 0
    while True:
        try:
            async with asyncio.timeout(5):
                return await call()
        except (TimeoutError, ConnectionError):
            delay = 0.01 * 2**attempt * random.uniform(0.5, 1)
            end = deadline.when()
            is_too_late = end is not None and loop.time() + delay >= end
            if attempt == 2 or is_too_late:
                raise
        attempt += 1
        await asyncio.sleep(delay)


# --8<-- [end:retries]


# --8<-- [start:order]
async def place_order(app: Application, purchase: Purchase, timeout: float | None) -> None:
    async with (
        asyncio.timeout(timeout) as deadline,
        app.pool.connection() as connection,
        connection.transaction(),
    ):
        try:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(
                    retried(lambda: app.client.get("discount"), deadline),
                )
                group.create_task(connection.reserve(purchase))
            cents = purchase.cents * asking.result() // 100 * app.rate // 100
            await connection.write(purchase, cents)
            await retried(lambda: app.client.charge(purchase), deadline)
        finally:
            if not deadline.expired():
                deadline.reschedule(None)  # It is for the work, not for the cleanup.


# --8<-- [end:order]


if __name__ == "__main__":
    asyncio.run(show(application, place_order))
