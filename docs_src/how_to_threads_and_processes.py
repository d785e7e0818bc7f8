"""Thumbnails: a call that blocks goes into a thread, one that computes into a process."""

import asyncio
import hashlib
import time
from dataclasses import dataclass

from sdax import (
    AsyncDagTaskProcessor,
    SdaxExecutionError,
    cancelled,
    task,
    task_process_func,
    task_thread_func,
)


@dataclass
class Image:
    name: str
    data: bytes = b""
    digest: str = ""


def read(image: Image) -> None:  # in a thread: it shares the context
    image.data = image.name.encode()


def digest(data: bytes) -> str:  # in a process: it gets and gives values
    return hashlib.sha256(data).hexdigest()


def what_to_digest(image: Image) -> tuple[bytes]:
    return (image.data,)


def scan(image: Image) -> None:
    while not cancelled():  # nothing interrupts a thread: it has to ask
        time.sleep(0.001)


def graph(scan_timeout: float | None) -> AsyncDagTaskProcessor[Image]:
    builder = (
        AsyncDagTaskProcessor[Image]
        .builder()
        .add_task(task("read", pre_execute=task_thread_func(read)))
        .add_task(
            task("digest", execute=task_process_func(digest, args=what_to_digest, into="digest")),
            depends_on=("read",),
        )
    )
    if scan_timeout is not None:
        builder.add_task(task("scan", execute=task_thread_func(scan, timeout=scan_timeout)))
    return builder.build()


async def main() -> None:
    image = Image("sunset")
    await graph(None).process_tasks(image)
    print(image.digest[:8])
    try:
        await graph(0.2).process_tasks(image)
    except SdaxExecutionError as error:
        [timeout] = error.exceptions
        print(timeout)
        print(timeout.__notes__[0])


if __name__ == "__main__":  # a process of its own imports this file again
    asyncio.run(main())
