"""The graph that the tests of the page "Test your graph" are for."""

from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, task, task_func


@dataclass
class Order:
    items: list[str]
    prices: dict[str, int] = field(default_factory=dict[str, int])
    total: int = 0
    reserved: bool = False


async def fetch_prices(order: Order) -> None:
    raise OSError("there is no network here")


async def reserve(order: Order) -> None:
    order.reserved = True


async def release(order: Order) -> None:
    order.reserved = False


async def add_up(order: Order) -> None:
    order.total = sum(order.prices[item] for item in order.items)


place_order = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(task("stock", pre_execute=task_func(reserve), post_execute=task_func(release)))
    .add_task(
        task("prices", execute=task_func(fetch_prices, retries=3, initial_delay=10.0)),
        depends_on=("stock",),
    )
    .add_task(task("total", execute=task_func(add_up)), depends_on=("prices",))
    .build(execute_order="dependencies")
)
