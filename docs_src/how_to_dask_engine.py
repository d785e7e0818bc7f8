"""An engine of one's own: any executor of the standard library, and what it does about a cancel."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sdax_contrib.engine import call_was_left, on_engine
from sdax_core import AsyncDagTaskProcessor, SdaxExecutionError
from sdax_helpers import task


class ExecutorEngine:
    """Runs functions in an executor. One that has begun cannot be stopped there."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def run(self, function: Callable[..., Any], args: tuple[Any, ...], /) -> Any:
        running = self._executor.submit(function, *args)
        try:
            return await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            if not running.cancelled():
                call_was_left("executor.abandoned", f"{function.__name__} was abandoned")
            raise


@dataclass
class Report:
    engine: ExecutorEngine
    number: int = 7
    square: int = 0


def engine_of(report: Report) -> ExecutorEngine:
    return report.engine


def square(number: int) -> int:
    return number * number


stop = threading.Event()


def wait_to_be_stopped() -> None:
    stop.wait(timeout=60)


def number_of(report: Report) -> tuple[int]:
    return (report.number,)


squaring = on_engine(square, engine=engine_of, args=number_of, into="square")
waiting = on_engine(wait_to_be_stopped, engine=engine_of, args=lambda _: (), into=None, timeout=1.0)


async def main() -> None:
    builder = AsyncDagTaskProcessor[Report].builder()
    builder.add_task(task("square", execute=squaring))
    builder.add_task(task("wait", execute=waiting))
    with ThreadPoolExecutor(2) as executor:
        report = Report(ExecutorEngine(executor))
        try:
            await builder.build().process_tasks(report)
        except SdaxExecutionError as error:
            [timeout] = error.exceptions
            print(report.square, "-", timeout.__notes__[0])
        stop.set()


if __name__ == "__main__":
    asyncio.run(main())
