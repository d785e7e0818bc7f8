"""What type checkers know of a graph. `assert_type` does nothing when it runs."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol, assert_type

from sdax import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    SdaxExecutionError,
    TaskFailure,
    TaskFunction,
    join,
    task,
    task_func,
)


# --8<-- [start:context]
@dataclass
class Order:
    item: str
    price: int = 0


async def fetch_price(order: Order) -> None:
    order.price = len(order.item)


builder = AsyncDagTaskProcessor[Order].builder()
assert_type(builder, AsyncDagTaskProcessorBuilder[Order, str])

builder.add_task(task("price", execute=task_func(fetch_price)))
processor = builder.build()
assert_type(processor, AsyncDagTaskProcessor[Order, str])
# --8<-- [end:context]


# --8<-- [start:keys]
by_city = AsyncDagTaskProcessor[Order, tuple[str, int]].builder()
by_city.add_task(join(("lyon", 1)))
by_city.add_task(join(("lyon", 2)), depends_on=(("lyon", 1),))

mixed = AsyncDagTaskProcessor[Order, str | int].builder()
mixed.add_task(join("start"))
mixed.add_task(join(7), depends_on=("start",))
# --8<-- [end:keys]


# --8<-- [start:protocol]
class HasItem(Protocol):
    """All that the function below needs to know of a context."""

    item: str


async def show_item(ctx: HasItem) -> None:
    print(ctx.item)


show = task_func(show_item, timeout=1.0)
assert_type(show, TaskFunction[HasItem])
builder.add_task(task("show", execute=show))  # an Order has an item
# --8<-- [end:protocol]


# --8<-- [start:made-elsewhere]
def audit(name: str) -> AsyncTask[object]:
    """A task for any graph: it asks nothing of the context."""

    async def write(ctx: object) -> None:
        print(f"{name}: {type(ctx).__name__}")

    return task(name, execute=task_func(write))


builder.add_task(audit("audit"))
# --8<-- [end:made-elsewhere]


# --8<-- [start:errors]
def report(error: SdaxExecutionError) -> None:
    assert_type(error.failures, tuple[TaskFailure, ...])
    assert_type(error.skipped, tuple[Hashable, ...])


# --8<-- [end:errors]

if __name__ == "__main__":
    asyncio.run(builder.build().process_tasks(Order("lamp")))
