"""Two calls an hour; with another storage, of all processes together."""

import asyncio

import limits
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from sdax_contrib.limited import limited
from sdax_contrib.limits import RateLimit
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction

# RedisStorage("async+redis://localhost", implementation="redispy") counts for all processes.
limiter = MovingWindowRateLimiter(MemoryStorage())
rate = RateLimit(limiter, limits.parse("2/hour"), "search", max_wait=1.0)
search = limited(search=rate)


async def query(_: None) -> None:
    print("asked")


async def main() -> None:
    function = TaskFunction(query, interceptors=(search,))
    builder = AsyncDagTaskProcessor[None, str].builder()
    for number in range(3):
        task = AsyncTask(f"query {number}", execute=function)
        builder = builder.add_task(task, depends_on=())
    try:
        await builder.build().process_tasks(None)
    except SdaxExecutionError as error:
        [refused] = error.exceptions
        print(f"not asked: {type(refused).__name__}")


if __name__ == "__main__":
    asyncio.run(main())
