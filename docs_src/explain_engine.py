"""Which asyncio Task runs which function."""

import asyncio

from how_to_test_virtual_clock import run_at_once
from sdax import AsyncDagTaskProcessor, AsyncTask, task, task_func


class Lanes:
    """Takes down what each asyncio Task has run."""

    def __init__(self) -> None:
        self.functions: dict[asyncio.Task[object] | None, list[str]] = {}

    def note(self, name: str) -> None:
        self.functions.setdefault(asyncio.current_task(), []).append(name)


def step(name: str, *, waits: bool = False) -> AsyncTask[Lanes]:
    async def run(lanes: Lanes) -> None:
        lanes.note(name)
        if waits:
            await asyncio.sleep(0.01)

    return task(name, pre_execute=task_func(run))


small = (
    AsyncDagTaskProcessor[Lanes]
    .builder()
    .add_task(step("a"))
    .add_task(step("b"), depends_on=("a",))
    .add_task(step("slow", waits=True), depends_on=("b",))
    .add_task(step("c"), depends_on=("b",))
    .add_task(step("d"), depends_on=("c",))
    .add_task(step("e"), depends_on=("slow",))
    .build()
)


def thousand(*, waits: bool) -> AsyncDagTaskProcessor[Lanes]:
    builder = AsyncDagTaskProcessor[Lanes].builder()
    for number in range(1000):
        builder.add_task(step(str(number), waits=waits))
    return builder.build()


async def main() -> None:
    lanes = Lanes()
    await small.process_tasks(lanes)
    for number, names in enumerate(lanes.functions.values(), 1):
        print(f"lane {number}: {', '.join(names)}")
    for waits in (False, True):
        lanes = Lanes()
        await thousand(waits=waits).process_tasks(lanes)
        print(f"1000 functions, waiting: {waits}, asyncio Tasks: {len(lanes.functions)}")


if __name__ == "__main__":
    run_at_once(main())
