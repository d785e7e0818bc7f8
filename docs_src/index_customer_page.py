"""A page for a customer: a connection, two queries at the same time, and the page made of both."""

import asyncio
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, task, task_func


@dataclass
class Page:
    """What the tasks of one run share."""

    customer: int
    name: str = ""
    orders: int = 0


async def connect(page: Page) -> None:
    await asyncio.sleep(0.02)  # Each sleep stands for real input or output.
    print("connected")


async def disconnect(page: Page) -> None:
    await asyncio.sleep(0.01)
    print("disconnected")


async def load_name(page: Page) -> None:
    await asyncio.sleep(0.03)
    page.name = {7: "Ada"}[page.customer]


async def count_orders(page: Page) -> None:
    await asyncio.sleep(0.04)
    page.orders = 3


async def show(page: Page) -> None:
    print(f"{page.name} has ordered {page.orders} times")


customer_page = (
    AsyncDagTaskProcessor[Page]
    .builder()
    .add_task(
        task(
            "database",
            pre_execute=task_func(connect, timeout=1.0, retries=2),
            post_execute=task_func(disconnect),
        )
    )
    .add_task(task("name", execute=task_func(load_name)), depends_on=("database",))
    .add_task(task("orders", execute=task_func(count_orders)), depends_on=("database",))
    .add_task(task("page", execute=task_func(show)), depends_on=("name", "orders"))
    .build(execute_order="dependencies")
)


async def main() -> None:
    await customer_page.process_tasks(Page(customer=7))
    try:
        await customer_page.process_tasks(Page(customer=8))
    except SdaxExecutionError as error:
        print(error.message)


if __name__ == "__main__":
    asyncio.run(main())
