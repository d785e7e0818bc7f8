"""An error of a run, read by a program."""

import asyncio

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, task, task_func


async def lock(ctx: object) -> None:
    print("locked")


async def unlock(ctx: object) -> None:
    print("unlocked")


async def charge(ctx: object) -> None:
    raise ConnectionError("the bank does not answer")


async def ship(ctx: object) -> None:
    print("shipped")


order = (
    AsyncDagTaskProcessor[object]
    .builder()
    .add_task(task("stock", pre_execute=task_func(lock), post_execute=task_func(unlock)))
    .add_task(
        task("charge", execute=task_func(charge, retries=2, initial_delay=0.01)),
        depends_on=("stock",),
    )
    .add_task(task("ship", execute=task_func(ship)), depends_on=("charge",))
    .build(execute_order="dependencies")
)

try:
    asyncio.run(order.process_tasks(None))
except SdaxExecutionError as error:
    print(error)
    for failure in error.failures:
        print(failure.task, failure.phase, failure.attempts, repr(failure.exception))
        print(failure.exception.__notes__)
    print("skipped:", error.skipped)

try:
    asyncio.run(order.process_tasks(None))
except* ConnectionError as group:
    print(type(group).__name__, "with", group.exceptions)
