"""Three things that go wrong in asyncio code that looks right, and the same with sdax."""

import asyncio

from how_to_test_virtual_clock import run_at_once
from sdax import AsyncDagTaskProcessor, SdaxExecutionError, resource, task, task_func


async def fetch_price(_: object = None) -> None:
    await asyncio.sleep(0.1)
    raise ConnectionError("no price")


async def reserve_stock(_: object = None) -> None:
    await asyncio.sleep(0.3)
    print("  reserved, though nobody waits any more")


# --8<-- [start:left-running]
async def left_running() -> None:
    try:
        await asyncio.gather(fetch_price(), reserve_stock())
    except ConnectionError:
        print("  the order has failed")


# --8<-- [end:left-running]


class Database:
    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *error: object) -> None:
        print("  rollback: begins")
        await asyncio.sleep(0.2)
        print("  rollback: done")


# --8<-- [start:cut-short]
async def cut_short() -> None:
    async def order() -> None:
        async with Database():
            await asyncio.sleep(60)

    run = asyncio.create_task(order())
    await asyncio.sleep(0.1)
    run.cancel()  # the client has gone
    await asyncio.sleep(0.1)
    run.cancel()  # and the server shuts down
    await asyncio.gather(run, return_exceptions=True)


# --8<-- [end:cut-short]


# --8<-- [start:hidden]
async def hidden() -> None:
    async def close() -> None:
        raise OSError("the connection was lost")

    try:
        try:
            await fetch_price()
        finally:
            await close()
    except Exception as error:
        print(f"  the caller gets {error!r}")


# --8<-- [end:hidden]


async def close(_: object) -> None:
    raise OSError("the connection was lost")


# --8<-- [start:with-sdax]
place_order = (
    AsyncDagTaskProcessor[object]
    .builder()
    .add_task(resource("database", lambda _: Database()))
    .add_task(task("connection", post_execute=task_func(close)))
    .add_task(task("stock", execute=task_func(reserve_stock)), depends_on=("database",))
    .add_task(task("price", execute=task_func(fetch_price)), depends_on=("database",))
    .build(on_execute_error="cancel")
)


async def with_sdax() -> None:
    try:
        await place_order.process_tasks(None)
    except SdaxExecutionError as error:
        print(f"  the caller gets {error.exceptions}")


async def with_sdax_cancelled_twice() -> None:
    run = asyncio.create_task(place_order.process_tasks(None))
    for _ in range(2):
        await asyncio.sleep(0.09)
        run.cancel()
    try:
        await run
    except asyncio.CancelledError as error:
        print(f"  the caller gets CancelledError, with notes: {error.__notes__}")


# --8<-- [end:with-sdax]


async def main() -> None:
    for example in (left_running, cut_short, hidden, with_sdax, with_sdax_cancelled_twice):
        print(example.__name__.replace("_", " "))
        await example()
        await asyncio.sleep(1)


if __name__ == "__main__":
    run_at_once(main())
