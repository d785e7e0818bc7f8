"""No more than three connections to a database at once, for all runs of a program."""

import asyncio

from sdax_contrib.limited import limited
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

database = limited(database=asyncio.Semaphore(3))
now = most = 0


async def read(_: None) -> None:
    global now, most
    now += 1
    most = max(most, now)
    await asyncio.sleep(0)
    now -= 1


def build() -> AsyncDagTaskProcessor[None, str]:
    builder = AsyncDagTaskProcessor[None, str].builder()
    for number in range(10):
        function = TaskFunction(read, timeout=1.0, interceptors=(database,))
        task = AsyncTask(f"read {number}", execute=function)
        builder = builder.add_task(task, depends_on=())
    return builder.build()


async def main() -> None:
    processor = build()
    await asyncio.gather(processor.process_tasks(None), processor.process_tasks(None))
    print(f"at once: {most}")


if __name__ == "__main__":
    asyncio.run(main())
