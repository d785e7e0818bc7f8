"""Code that was written for sdax 0.7, with its import paths."""

import asyncio
from dataclasses import dataclass, field

from sdax import AsyncTask, task_func
from sdax.sdax_core import AsyncDagTaskProcessor, flatten_exceptions
from sdax.tasks import join


@dataclass
class Context:
    rows: list[str] = field(default_factory=list[str])


async def connect(ctx: Context) -> None:
    print("connected")


async def close(ctx: Context) -> None:
    print("closed")


async def fetch(ctx: Context) -> None:
    raise ConnectionError("no answer")


builder = AsyncDagTaskProcessor[Context, str].builder()
builder.add_task(
    AsyncTask("Database", pre_execute=task_func(connect), post_execute=task_func(close))
)
builder.add_task(join("Ready"), depends_on=("Database",))
builder = builder.add_task(
    AsyncTask(name="Fetch", execute=task_func(fetch, retries=1, initial_delay=0.01)),
    depends_on=("Ready",),
)
processor = builder.build()


async def main() -> None:
    try:
        await processor.process_tasks(Context())
    except ExceptionGroup as error:
        print([str(leaf) for leaf in flatten_exceptions(error)])


if __name__ == "__main__":
    asyncio.run(main())
