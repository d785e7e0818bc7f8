"""Cleanup that commits or rolls back: it asks the run how it went."""

import asyncio
import sqlite3
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, current_run, task, task_func, task_sync_func


@dataclass
class Transfer:
    database: sqlite3.Connection
    cents: int
    fraud_check_takes: float = 0.0
    patience: float | None = None


def begin(transfer: Transfer) -> None:
    transfer.database.execute("BEGIN")


def commit_or_roll_back(transfer: Transfer) -> None:
    run = current_run()
    if run.outcome == "succeeded":
        transfer.database.commit()
    else:
        transfer.database.rollback()
    print(f"{transfer.cents} cents: {run.outcome}")
    for failure in run.failures:
        print(f"  {failure.task} failed: {failure.exception}")


def withdraw(transfer: Transfer) -> None:
    transfer.database.execute("UPDATE account SET cents = cents - ?", (transfer.cents,))
    [(left,)] = transfer.database.execute("SELECT cents FROM account")
    if left < 0:
        raise ValueError(f"{-left} cents are missing")


async def check_for_fraud(transfer: Transfer) -> None:
    await asyncio.sleep(transfer.fraud_check_takes)


processor = (
    AsyncDagTaskProcessor[Transfer]
    .builder()
    .add_task(
        task(
            "transaction",
            pre_execute=task_sync_func(begin),
            post_execute=task_sync_func(commit_or_roll_back),
        )
    )
    .add_task(task("withdraw", execute=task_sync_func(withdraw)), depends_on=("transaction",))
    .add_task(task("fraud", execute=task_func(check_for_fraud)), depends_on=("transaction",))
    .build()
)


async def main() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("CREATE TABLE account AS SELECT 1000 AS cents")
    for transfer in (
        Transfer(database, 300),
        Transfer(database, 900),
        Transfer(database, 5, fraud_check_takes=60.0, patience=0.05),
    ):
        try:
            await processor.process_tasks(transfer, timeout=transfer.patience)
        except Exception as error:
            print(f"  the caller gets {type(error).__name__}")
    print("left:", *database.execute("SELECT cents FROM account").fetchone())
    database.close()


if __name__ == "__main__":
    asyncio.run(main())
