"""The run that the picture of lanes shows: functions that compute for a while, and one that waits."""

import asyncio

from how_to_test_virtual_clock import VirtualClock
from sdax import AsyncDagTaskProcessor, AsyncTask, task, task_func


def computes(name: str) -> AsyncTask[object]:
    """A task that holds the event loop for 10 milliseconds."""

    async def run(_: object) -> None:
        clock = asyncio.get_running_loop()
        assert isinstance(clock, VirtualClock)
        clock.now += 0.01

    return task(name, pre_execute=task_func(run))


async def wait(_: object) -> None:
    await asyncio.sleep(0.03)


processor = (
    AsyncDagTaskProcessor[object]
    .builder()
    .add_task(computes("a"))
    .add_task(computes("b"), depends_on=("a",))
    .add_task(task("slow", pre_execute=task_func(wait)), depends_on=("b",))
    .add_task(computes("c"), depends_on=("b",))
    .add_task(computes("d"), depends_on=("c",))
    .add_task(computes("e"), depends_on=("slow",))
    .build()
)
