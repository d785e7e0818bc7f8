"""A first graph: what is acquired, what is done with it, and what is released whatever happens."""

import asyncio
from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, task, task_func


@dataclass
class Checkout:
    """What the tasks of one run share."""

    customer: str
    cart: dict[str, int] = field(default_factory=dict[str, int])
    prices: dict[str, int] = field(default_factory=dict[str, int])
    total: int = 0


async def connect(checkout: Checkout) -> None:
    await asyncio.sleep(0.01)  # Each sleep stands for real input or output.
    print("connected")


async def disconnect(checkout: Checkout) -> None:
    print("disconnected")


async def fetch_cart(checkout: Checkout) -> None:
    await asyncio.sleep(0.02)
    checkout.cart = {"ada": {"lamp": 2}, "grace": {"unicorn": 1}}[checkout.customer]


async def fetch_prices(checkout: Checkout) -> None:
    await asyncio.sleep(0.02)
    checkout.prices = {"lamp": 20}


async def add_up(checkout: Checkout) -> None:
    checkout.total = sum(count * checkout.prices[item] for item, count in checkout.cart.items())


async def charge(checkout: Checkout) -> None:
    print(f"{checkout.customer} pays {checkout.total}")


check_out = (
    AsyncDagTaskProcessor[Checkout]
    .builder()
    .add_task(
        task(
            "database",
            pre_execute=task_func(connect, timeout=1.0, retries=2),
            post_execute=task_func(disconnect),
        )
    )
    .add_task(task("cart", execute=task_func(fetch_cart)), depends_on=("database",))
    .add_task(task("prices", execute=task_func(fetch_prices)), depends_on=("database",))
    .add_task(task("total", execute=task_func(add_up)), depends_on=("cart", "prices"))
    .add_task(task("payment", execute=task_func(charge)), depends_on=("total",))
    .build(execute_order="dependencies")
)


async def main() -> None:
    await check_out.process_tasks(Checkout("ada"))
    try:
        await check_out.process_tasks(Checkout("grace"))
    except SdaxExecutionError as error:
        for failure in error.failures:
            print(f"{failure.task} failed: {failure.exception!r}; skipped: {error.skipped}")


asyncio.run(main())
