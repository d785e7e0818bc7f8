"""What a setting adds to a function; the figures are those of your machine."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sdax import (
    AsyncDagTaskProcessor,
    Attempt,
    FunctionCall,
    Observer,
    SdaxTaskGroup,
    TaskFunction,
    resource,
    task,
    task_func,
    task_group_func,
    task_thread_func,
)

TASKS = 500


class Count(Observer):
    calls = 0

    def function_ended(self, call: FunctionCall, /) -> None:
        self.calls += 1


async def pass_on(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> None:
    await proceed()


async def nothing(_: object) -> None:
    pass


async def no_subtasks(_: object, group: SdaxTaskGroup) -> None:
    pass


class Held:
    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass


def hold(_: object) -> Held:
    return Held()


def work_in_thread(_: object) -> None:
    pass


def graph(
    function: TaskFunction[object], when: Callable[[object], bool] | None = None
) -> AsyncDagTaskProcessor[object]:
    builder = AsyncDagTaskProcessor[object].builder()
    for number in range(TASKS):
        builder.add_task(task(str(number), execute=function, when=when))
    return builder.build()


def graph_of_resources() -> AsyncDagTaskProcessor[object]:
    builder = AsyncDagTaskProcessor[object].builder()
    for number in range(TASKS):
        builder.add_task(resource(str(number), hold))
    return builder.build()


PLAIN = graph(task_func(nothing))
CASES: dict[str, tuple[AsyncDagTaskProcessor[object], tuple[Observer, ...]]] = {
    "plain": (PLAIN, ()),
    "timeout": (graph(task_func(nothing, timeout=30.0)), ()),
    "retries": (graph(task_func(nothing, retries=2)), ()),
    "timeout and retries": (graph(task_func(nothing, timeout=30.0, retries=2)), ()),
    "when": (graph(task_func(nothing), when=lambda _: True), ()),
    "a task group": (graph(task_group_func(no_subtasks)), ()),
    "an interceptor": (graph(task_func(nothing, interceptors=(pass_on,))), ()),
    "an observer": (PLAIN, (Count(),)),
    "a resource": (graph_of_resources(), ()),
    "a thread": (graph(task_thread_func(work_in_thread)), ()),
}


async def microseconds(
    processor: AsyncDagTaskProcessor[object], observers: tuple[Observer, ...]
) -> float:
    best = float("inf")
    for _ in range(7):  # the least disturbed of seven
        start = time.process_time()
        await processor.process_tasks(None, observers=observers)
        best = min(best, time.process_time() - start)
    return best / TASKS * 1e6


def main() -> None:
    for name, (processor, observers) in CASES.items():
        taken = asyncio.run(microseconds(processor, observers))
        print(f"{name}: {taken:.1f} microseconds")


if __name__ == "__main__":
    main()
