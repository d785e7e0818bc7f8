"""A shop on FastAPI: one pool for the application, one graph for each order."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, HTTPException
from sdax_contrib.fastapi import exception_handlers, lifespan, open_application, run_graph
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import Scope, resource, task, task_func
from web_serving import serving


@dataclass
class App:
    stock: dict[str, int] = field(default_factory=lambda: {"lamp": 1})


@dataclass
class Order:
    app: App
    item: str
    cents: int = 0


@asynccontextmanager
async def pool(app: App) -> AsyncGenerator[None, None]:
    print("pool opened")
    try:
        yield
    finally:
        print("pool closed")


@asynccontextmanager
async def transaction(order: Order) -> AsyncGenerator[None, None]:
    try:
        yield
    except BaseException as error:
        print(f"{order.item}: rolled back for {type(error).__name__}")
        raise
    if not order.app.stock.get(order.item):
        raise RuntimeError("the commit failed")
    order.app.stock[order.item] -= 1
    print(f"{order.item}: committed")


async def price(order: Order) -> None:
    if order.item == "vase":
        raise ConnectionError("the price service does not answer")
    order.cents = 1250


application = AsyncDagTaskProcessor[App].builder().add_task(resource("pool", pool)).build()
place_order = (
    AsyncDagTaskProcessor[Order]
    .builder(parent=application)
    .add_task(resource("transaction", transaction), depends_on=("pool",))
    .add_task(task("price", execute=task_func(price, timeout=1.0)), depends_on=("transaction",))
    .build()
)


async def new_order(item: str, opened: Annotated[Scope[App], Depends(open_application)]) -> Order:
    return Order(opened.ctx, item)


Placed = Annotated[Order, run_graph(place_order, new_order, timeout=5.0)]
api = FastAPI(lifespan=lifespan(application, App), exception_handlers=exception_handlers())


@api.post("/orders")
async def place(order: Placed) -> dict[str, int]:
    if order.item == "chair":
        raise HTTPException(422, "we do not sell chairs")
    return {"cents": order.cents}  # the client has it when the transaction is committed


async def main() -> None:
    logging.getLogger("sdax").addHandler(logging.NullHandler())  # your own: it gets the tracebacks
    async with serving(api) as address, httpx2.AsyncClient(trust_env=False) as client:
        for item in ("lamp", "lamp", "vase", "chair"):
            response = await client.post(f"{address}/orders?item={item}")
            print(response.status_code, response.text)


if __name__ == "__main__":
    asyncio.run(main())
