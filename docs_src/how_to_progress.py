"""Live progress of a run. Where there is no terminal, only the last line is printed, and by the program itself."""

import asyncio

from sdax_contrib.rich import LiveProgress
from sdax_core import AsyncDagTaskProcessor, SdaxExecutionError
from sdax_helpers import task, task_func


class Import:
    attempts = 0


async def download(job: Import) -> None:
    await asyncio.sleep(0.02)
    job.attempts += 1
    if job.attempts < 3:
        raise ConnectionError("broken pipe")


async def parse(job: Import) -> None:
    await asyncio.sleep(0.02)


async def check(job: Import) -> None:
    raise ValueError("line 7: no price")


processor = (
    AsyncDagTaskProcessor[Import]
    .builder()
    .add_task(task("download", execute=task_func(download, retries=5, initial_delay=0.02)))
    .add_task(task("parse", execute=task_func(parse)), depends_on=("download",))
    .add_task(task("check", execute=task_func(check)), depends_on=("parse",))
    .add_task(task("store", execute=task_func(parse)), depends_on=("check",))
    .build(execute_order="dependencies")
)


async def main() -> None:
    try:
        await processor.process_tasks(Import(), observers=[LiveProgress()])
    except SdaxExecutionError as error:
        print(f"not imported: {error.exceptions[0]}")


if __name__ == "__main__":
    asyncio.run(main())
