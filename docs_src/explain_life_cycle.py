"""One graph, run four times: it succeeds, a task fails, it is cancelled, it runs out of time."""

import asyncio
from collections.abc import Iterable

from how_to_test_virtual_clock import run_at_once
from sdax import AsyncDagTaskProcessor, Observer, SdaxExecutionError, TaskFunction, task, task_func


# --8<-- [start:graph]
class Order:
    def __init__(self, *, price_fails: bool = False) -> None:
        self.price_fails = price_fails


def lasting(milliseconds: int) -> TaskFunction[Order]:
    """A function that stands for one which takes so long."""

    async def wait(order: Order) -> None:
        await asyncio.sleep(milliseconds / 1000)

    return task_func(wait)


async def fetch_price(order: Order) -> None:
    await asyncio.sleep(0.04)
    if order.price_fails:
        raise ConnectionError("the price service does not answer")


place_order = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(task("config", pre_execute=lasting(10)))
    .add_task(
        task("database", pre_execute=lasting(30), post_execute=lasting(20)), depends_on=("config",)
    )
    .add_task(
        task("bank", pre_execute=lasting(20), post_execute=lasting(10)), depends_on=("config",)
    )
    .add_task(
        task("transaction", pre_execute=lasting(10), post_execute=lasting(20)),
        depends_on=("database",),
    )
    .add_task(task("stock", execute=lasting(60)), depends_on=("transaction",))
    .add_task(task("price", execute=task_func(fetch_price)), depends_on=("transaction",))
    .add_task(task("charge", execute=lasting(30)), depends_on=("price", "stock", "bank"))
    .build(execute_order="dependencies")
)
# --8<-- [end:graph]


# --8<-- [start:runs]
async def succeeds(observers: Iterable[Observer] = ()) -> None:
    await place_order.process_tasks(Order(), observers=observers)


async def fails(observers: Iterable[Observer] = ()) -> None:
    await place_order.process_tasks(Order(price_fails=True), observers=observers)


async def is_cancelled(observers: Iterable[Observer] = ()) -> None:
    async with asyncio.timeout(0.08):  # cancels what is inside
        await place_order.process_tasks(Order(), observers=observers)


async def runs_out_of_time(observers: Iterable[Observer] = ()) -> None:
    await place_order.process_tasks(Order(), timeout=0.025, observers=observers)


# --8<-- [end:runs]
RUNS = (succeeds, fails, is_cancelled, runs_out_of_time)


async def main() -> None:
    for run in RUNS:
        try:
            await run()
            print(f"{run.__name__}: no exception")
        except (SdaxExecutionError, TimeoutError) as error:
            print(f"{run.__name__}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    run_at_once(main())
