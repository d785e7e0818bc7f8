"""A part of a graph on its own, with a fake in it: how to test a task with what it needs."""

import asyncio
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, task, task_func, task_sync_func


@dataclass
class Checkout:
    cart: int = 0
    price: int = 0
    total: int = 0


async def fetch_cart(checkout: Checkout) -> None:
    checkout.cart = 2


async def fetch_price(checkout: Checkout) -> None:
    raise ConnectionError("there is no network in a test")


async def add_up(checkout: Checkout) -> None:
    checkout.total = checkout.cart * checkout.price


async def charge(checkout: Checkout) -> None:
    print(f"charged {checkout.total}")


check_out = (
    AsyncDagTaskProcessor[Checkout]
    .builder()
    .add_task(task("cart", execute=task_func(fetch_cart)))
    .add_task(task("price", execute=task_func(fetch_price)))
    .add_task(task("total", execute=task_func(add_up)), depends_on=("cart", "price"))
    .add_task(task("charge", execute=task_func(charge)), depends_on=("total",))
    .build(execute_order="dependencies")
)


def cheap(checkout: Checkout) -> None:
    checkout.price = 20


async def main() -> None:
    without_network = check_out.override({"price": task("price", execute=task_sync_func(cheap))})
    without_charge = without_network.subset("total")
    checkout = Checkout()
    await without_charge.process_tasks(checkout)
    print(f"total: {checkout.total}")
    for processor in (check_out, without_network, without_charge):
        print(*processor.analysis.tasks)


if __name__ == "__main__":
    asyncio.run(main())
