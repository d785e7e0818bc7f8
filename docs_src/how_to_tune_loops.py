"""What one run of eight tasks takes on different event loops; the figures are those of your machine."""

import asyncio
import sys
import time
from collections.abc import Callable

from sdax import AsyncDagTaskProcessor, task, task_func

RUNS = 2000


async def wait_once(_: object) -> None:
    await asyncio.sleep(0)


builder = AsyncDagTaskProcessor[object].builder()
builder.add_task(task("start", execute=task_func(wait_once)))
for number in range(6):
    builder.add_task(task(str(number), execute=task_func(wait_once)), depends_on=("start",))
builder.add_task(task("end", execute=task_func(wait_once)), depends_on=tuple("012345"))
processor = builder.build(execute_order="dependencies")


async def microseconds(*, eager: bool) -> float:
    factory = getattr(asyncio, "eager_task_factory", None) if eager else None
    asyncio.get_running_loop().set_task_factory(factory)
    best = float("inf")
    for _ in range(5):  # the least disturbed of five
        start = time.process_time()
        for _ in range(RUNS):
            await processor.process_tasks(None)
        best = min(best, time.process_time() - start)
    return best / RUNS * 1e6


def loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    found: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if sys.platform != "win32":
        import uvloop

        found["uvloop"] = uvloop.new_event_loop
    return found


def main() -> None:
    for name, new_loop in loops().items():
        for eager in (False, True):
            if eager and (sys.version_info < (3, 12) or name == "uvloop"):
                continue  # before 3.12 there are no eager tasks; uvloop with them is another story
            with asyncio.Runner(loop_factory=new_loop) as runner:
                taken = runner.run(microseconds(eager=eager))
            print(f"{name}{', eager task factory' if eager else ''}: {taken:.0f} microseconds")


if __name__ == "__main__":
    main()
