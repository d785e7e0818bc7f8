"""Interceptors: a span around each attempt of a run, and faults for one function."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sdax import AsyncDagTaskProcessor, Attempt, task, task_func


async def span(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
    """Stands for a span of a tracing library."""
    print(f"[ {attempt.call.task}, {attempt.call.phase}, attempt {attempt.number}")
    try:
        return await proceed()
    except Exception as error:
        print(f"  {error!r}")
        raise
    finally:
        print(f"] {attempt.call.task}")


class FailFirst:
    """Has the first attempts fail without calling the function, as in a test."""

    def __init__(self, times: int, error: type[Exception]) -> None:
        self.times = times
        self.error = error

    async def __call__(self, attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
        if attempt.number <= self.times:
            raise self.error("injected")
        return await proceed()


async def greet(name: str) -> None:
    print(f"  hello {name}")


processor = (
    AsyncDagTaskProcessor[str]
    .builder()
    .add_task(
        task(
            "greet",
            execute=task_func(
                greet,
                retries=1,
                initial_delay=0.001,
                interceptors=[FailFirst(1, ConnectionError)],
            ),
        )
    )
    .build()
)


async def main() -> None:
    await processor.process_tasks("Ada", interceptors=[span])


if __name__ == "__main__":
    asyncio.run(main())
