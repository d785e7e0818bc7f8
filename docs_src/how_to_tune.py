"""The same work as five graphs, and how long each takes."""

import asyncio
from collections.abc import Hashable
from typing import Any

from how_to_test_virtual_clock import run_at_once
from sdax import (
    AsyncDagTaskProcessor,
    AsyncTaskProcessor,
    FunctionCall,
    Observer,
    TaskFunction,
    task,
    task_func,
)


class Page:
    pass


def lasting(seconds: float) -> TaskFunction[Page]:
    async def work(page: Page) -> None:
        await asyncio.sleep(seconds)

    return task_func(work)


# --8<-- [start:graphs]
mixed = (
    AsyncDagTaskProcessor[Page]
    .builder()
    .add_task(task("login", pre_execute=lasting(0.1)))
    .add_task(task("cache", pre_execute=lasting(0.3)))
    .add_task(task("user", execute=lasting(0.2)), depends_on=("login",))
    .add_task(task("page", execute=lasting(0.1)), depends_on=("user", "cache"))
)
together = mixed.build()
in_order = mixed.build(execute_order="dependencies")

one_by_one = mixed.build(execute_order="dependencies", max_concurrency=1)

early = (
    AsyncDagTaskProcessor[Page]
    .builder()
    .add_task(task("login", pre_execute=lasting(0.1)))
    .add_task(task("cache", pre_execute=lasting(0.3)))
    .add_task(task("user", pre_execute=lasting(0.2)), depends_on=("login",))
    .add_task(task("page", execute=lasting(0.1)), depends_on=("user", "cache"))
    .build()
)

levels = (
    AsyncTaskProcessor[Page]
    .builder()
    .add_task(task("login", pre_execute=lasting(0.1)), level=1)
    .add_task(task("cache", pre_execute=lasting(0.3)), level=1)
    .add_task(task("user", pre_execute=lasting(0.2)), level=2)
    .add_task(task("page", execute=lasting(0.1)), level=3)
    .build()
)
# --8<-- [end:graphs]


# --8<-- [start:critical-path]
class CriticalPath(Observer):
    """Goes back from the function that ended last: what did each wait for longest?"""

    def __init__(self) -> None:
        self.released_by: dict[Hashable, Hashable | None] = {}

    def function_ended(self, call: FunctionCall, /) -> None:
        self.released_by[call.task] = call.released_by

    def path(self) -> list[Hashable]:
        at: Hashable | None = next(reversed(self.released_by))
        path: list[Hashable] = []
        while at is not None:
            path.append(at)
            at = self.released_by[at]
        return path[::-1]


# --8<-- [end:critical-path]


def main() -> None:
    variants: dict[str, AsyncDagTaskProcessor[Page, Any]] = {
        "together": together,
        "in order": in_order,
        "one by one": one_by_one,
        "early": early,
        "levels": levels,
    }
    for name, processor in variants.items():
        print(f"{name}: {run_at_once(processor.process_tasks(Page())):.1f} s")
    watch = CriticalPath()
    run_at_once(in_order.process_tasks(Page(), observers=[watch]))
    print("critical path of execute:", *watch.path())


if __name__ == "__main__":
    main()
