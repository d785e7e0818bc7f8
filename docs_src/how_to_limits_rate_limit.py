"""Two calls a second; with another storage, of all processes together."""

import asyncio
from itertools import pairwise

import limits
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from sdax_contrib.limited import limited
from sdax_contrib.limits import RateLimit
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

# RedisStorage("async+redis://localhost", implementation="redispy") counts for all processes.
limiter = MovingWindowRateLimiter(MemoryStorage())
search = limited(search=RateLimit(limiter, limits.parse("2/second"), "search"))
begun: list[float] = []


async def query(_: None) -> None:
    begun.append(asyncio.get_running_loop().time())


async def main() -> None:
    function = TaskFunction(query, interceptors=(search,))
    builder = AsyncDagTaskProcessor[None, str].builder()
    for number in range(3):
        task = AsyncTask(f"query {number}", execute=function)
        builder = builder.add_task(task, depends_on=())
    await builder.build().process_tasks(None, timeout=30.0)
    pauses = [later - earlier for earlier, later in pairwise(begun)]
    print(f"{len(begun)} calls, the third waited: {pauses[1] > 0.5}")


if __name__ == "__main__":
    asyncio.run(main())
