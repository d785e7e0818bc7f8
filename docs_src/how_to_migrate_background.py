"""From a background Task that is cancelled in `finally` to a task group as a resource."""

import asyncio

from sdax import AsyncDagTaskProcessor, resource, task, task_func


class Upload:
    background: asyncio.TaskGroup
    heartbeat: asyncio.Task[None]


async def beat() -> None:
    try:
        await asyncio.sleep(60)
    finally:
        print("  heartbeat ended")


async def send(upload: Upload) -> None:
    await asyncio.sleep(0.01)
    print("  sent")


# --8<-- [start:by-hand]
async def by_hand() -> None:
    heartbeat = asyncio.create_task(beat())
    try:
        await send(Upload())
    finally:
        heartbeat.cancel()
        await asyncio.gather(heartbeat, return_exceptions=True)


# --8<-- [end:by-hand]


# --8<-- [start:with-sdax]
async def start_heartbeat(upload: Upload) -> None:
    upload.heartbeat = upload.background.create_task(beat())


async def stop_heartbeat(upload: Upload) -> None:
    upload.heartbeat.cancel()


do_upload = (
    AsyncDagTaskProcessor[Upload]
    .builder()
    .add_task(resource("background", lambda _: asyncio.TaskGroup(), into="background"))
    .add_task(
        task(
            "heartbeat",
            pre_execute=task_func(start_heartbeat),
            post_execute=task_func(stop_heartbeat),
        ),
        depends_on=("background",),
    )
    .add_task(task("send", execute=task_func(send)), depends_on=("heartbeat",))
    .build()
)


async def with_sdax() -> None:
    await do_upload.process_tasks(Upload())


# --8<-- [end:with-sdax]


async def main() -> None:
    for way in (by_hand, with_sdax):
        print(way.__name__)
        await way()


if __name__ == "__main__":
    asyncio.run(main())
