"""Resources: what is entered, used and left, with a transaction that commits or rolls back."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, resource, task, task_func


@dataclass
class Transfer:
    database: sqlite3.Connection
    cents: int
    mail: asyncio.TaskGroup = field(init=False)


@asynccontextmanager
async def transaction(transfer: Transfer) -> AsyncGenerator[None]:
    transfer.database.execute("BEGIN")
    try:
        yield
    except BaseException as error:  # what the run is going to raise
        transfer.database.rollback()
        print(f"  rolled back: {error.__class__.__name__}")
        raise
    transfer.database.commit()
    print("  committed")


async def withdraw(transfer: Transfer) -> None:
    transfer.database.execute("UPDATE account SET cents = cents - ?", (transfer.cents,))
    [(left,)] = transfer.database.execute("SELECT cents FROM account")
    if left < 0:
        raise ValueError(f"{-left} cents are missing")


async def send_receipt(transfer: Transfer) -> None:
    transfer.mail.create_task(send(f"{transfer.cents} cents"))


async def send(text: str) -> None:
    await asyncio.sleep(0.01)
    print(f"  mail: {text}")


processor = (
    AsyncDagTaskProcessor[Transfer]
    .builder()
    .add_task(resource("mail", lambda _: asyncio.TaskGroup(), into="mail"))
    .add_task(resource("transaction", transaction, execute=withdraw))
    .add_task(task("receipt", execute=task_func(send_receipt)), depends_on=("mail",))
    .build()
)


async def main() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("CREATE TABLE account AS SELECT 1000 AS cents")
    for cents in (300, 900):
        print(f"{cents} cents")
        try:
            await processor.process_tasks(Transfer(database, cents))
        except SdaxExecutionError as error:
            print(f"  failed: {error.exceptions[0]}")
    print("left:", *database.execute("SELECT cents FROM account").fetchone())
    database.close()


if __name__ == "__main__":
    asyncio.run(main())
