import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sdax import AsyncDagTaskProcessor, Scope, resource, task, task_func
from sdax_contrib.fastapi import exception_handlers, lifespan, open_application, run_graph
from sdax_contrib.limited import limited

# What the service holds as long as it runs.


class Warehouse:
    def __init__(self) -> None:
        self.stock = {"lamp": 2, "vase": 1}
        self.price_calls = 0


class App:
    warehouse: Warehouse


@asynccontextmanager
async def open_warehouse(app: App) -> AsyncGenerator[Warehouse]:
    print("warehouse: open", flush=True)
    try:
        yield Warehouse()
    finally:
        print("warehouse: closed", flush=True)


application = (
    AsyncDagTaskProcessor[App]
    .builder()
    .add_task(resource("warehouse", open_warehouse, into="warehouse", timeout=10.0))
    .build()
)


# What one order does, on top of it.


class Order:
    def __init__(self, app: App, item: str) -> None:
        self.warehouse = app.warehouse
        self.item = item
        self.price = 0


@asynccontextmanager
async def reservation(order: Order) -> AsyncGenerator[None]:
    if not order.warehouse.stock.get(order.item):
        raise HTTPException(404, f"we have no {order.item}")
    order.warehouse.stock[order.item] -= 1
    try:
        yield
    except BaseException:  # something else has failed, or the run was cancelled
        order.warehouse.stock[order.item] += 1
        print(f"{order.item}: put back", flush=True)
        raise
    print(f"{order.item}: sold", flush=True)


async def fetch_price(order: Order) -> None:
    order.warehouse.price_calls += 1
    if order.warehouse.price_calls == 1 or order.item == "vase":
        raise ConnectionError("the price service does not answer")
    order.price = 20


five_at_once = limited(prices=asyncio.Semaphore(5))  # for all requests together

place_order = (
    AsyncDagTaskProcessor[Order]
    .builder(parent=application)
    .add_task(resource("reservation", reservation), depends_on=("warehouse",))
    .add_task(
        task(
            "price",
            execute=task_func(
                fetch_price,
                timeout=2.0,
                retries=2,
                initial_delay=0.05,
                interceptors=(five_at_once,),
            ),
        )
    )
    .build()
)


# What clients see.


async def new_order(item: str, opened: Annotated[Scope[App], Depends(open_application)]) -> Order:
    return Order(opened.ctx, item)


api = FastAPI(lifespan=lifespan(application, App), exception_handlers=exception_handlers())


@api.post("/orders")
async def order(
    placed: Annotated[Order, run_graph(place_order, new_order, timeout=5.0)],
) -> dict[str, int]:
    return {"price": placed.price}
