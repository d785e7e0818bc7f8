import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, resource, task, task_func


class Database:
    def __init__(self) -> None:
        self.rows: list[str] = []
        self.pending: list[str] = []


class Order:
    def __init__(self, item: str) -> None:
        self.item = item
        self.database: Database


@asynccontextmanager
async def open_database(order: Order) -> AsyncGenerator[Database]:
    print("  database: open")
    try:
        yield Database()
    finally:
        print("  database: closed")


@asynccontextmanager
async def transaction(order: Order) -> AsyncGenerator[None]:
    try:
        yield
    except BaseException:
        print(f"  rolled back: {order.database.pending}")
        raise
    order.database.rows += order.database.pending
    print(f"  committed: {order.database.rows}")


async def store(order: Order) -> None:
    order.database.pending.append(order.item)


async def charge(order: Order) -> None:
    if order.item == "unicorn":
        raise ValueError("nobody can pay for a unicorn")


place_order = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(resource("database", open_database, into="database", timeout=1.0))
    .add_task(resource("transaction", transaction), depends_on=("database",))
    .add_task(task("store", execute=task_func(store)), depends_on=("transaction",))
    .add_task(task("charge", execute=task_func(charge)), depends_on=("transaction",))
    .build()
)


async def main() -> None:
    for item in ("lamp", "unicorn"):
        print(item)
        try:
            await place_order.process_tasks(Order(item))
        except SdaxExecutionError as error:
            print(f"  failed: {error.exceptions[0]}")


if __name__ == "__main__":
    asyncio.run(main())
