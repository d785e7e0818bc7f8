"""The service with sdax."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from by_hand_world import Client, Connection, Pool, Purchase, World, show
from sdax import AsyncDagTaskProcessor, Scope, TaskFunction, resource, scope, task, task_func


# --8<-- [start:start-up]
@dataclass
class Application:
    world: World
    pool: Pool = field(init=False)
    client: Client = field(init=False)
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


start_up = (
    AsyncDagTaskProcessor[Application]
    .builder()
    .add_task(resource("pool", lambda app: Pool.opened(app.world), into="pool"))
    .add_task(resource("client", lambda app: Client.opened(app.world), into="client"))
    .add_task(resource("rate", fresh_rate), depends_on=("client",))
    .build()
)


def application(world: World) -> Scope[Application]:
    return scope(start_up, Application(world))


# --8<-- [end:start-up]


# --8<-- [start:order]
@dataclass
class Order:
    app: Application
    purchase: Purchase
    connection: Connection = field(init=False)
    discount: int = 0


async def ask_discount(order: Order) -> None:
    order.discount = await order.app.client.get("discount")


async def reserve(order: Order) -> None:
    await order.connection.reserve(order.purchase)


async def write(order: Order) -> None:
    cents = order.purchase.cents * order.discount // 100 * order.app.rate // 100
    await order.connection.write(order.purchase, cents)


async def charge(order: Order) -> None:
    await order.app.client.charge(order.purchase)


# --8<-- [end:order]


# --8<-- [start:retries]
def remote(call: Callable[[Order], Awaitable[None]]) -> TaskFunction[Order]:
    return task_func(call, timeout=5, retries=2, initial_delay=0.01)


# --8<-- [end:retries]


# --8<-- [start:graph]
ordering = (
    AsyncDagTaskProcessor[Order]
    .builder(parent=start_up)
    .add_task(
        resource("connection", lambda order: order.app.pool.connection(), into="connection"),
        depends_on=("pool",),
    )
    .add_task(
        resource("transaction", lambda order: order.connection.transaction()),
        depends_on=("connection",),
    )
    .add_task(task("discount", execute=remote(ask_discount)), depends_on=("client",))
    .add_task(task("stock", execute=task_func(reserve)), depends_on=("transaction",))
    .add_task(task("write", execute=task_func(write)), depends_on=("discount", "stock", "rate"))
    .add_task(task("charge", execute=remote(charge)), depends_on=("write",))
    .build(execute_order="dependencies", on_execute_error="cancel")
)


async def place_order(app: Scope[Application], purchase: Purchase, timeout: float | None) -> None:
    await app.run(ordering, Order(app.ctx, purchase), timeout=timeout)


# --8<-- [end:graph]


if __name__ == "__main__":
    asyncio.run(show(application, place_order))
