"""An observer that writes down what a run does: who waited for whom, what was tried again, what was skipped."""

import asyncio
from collections.abc import Hashable

from sdax import (
    AsyncDagTaskProcessor,
    Attempt,
    FunctionCall,
    Observer,
    RunHandle,
    SdaxExecutionError,
    task,
    task_func,
)


class Log(Observer):
    def run_started(self, run: RunHandle, /) -> None:
        print("run: started")

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        print(f"{attempt.call.task}: attempt {attempt.number} gave {attempt.error!r}")

    def function_ended(self, call: FunctionCall, /) -> None:
        waited_for = "" if call.released_by is None else f", waited for {call.released_by}"
        print(f"{call.task}: {call.phase} {call.outcome}, attempts: {call.attempts}{waited_for}")

    def task_skipped(self, run: RunHandle, task: Hashable, phase: str, reason: str, /) -> None:
        print(f"{task}: skipped ({reason})")

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        print(f"run: {run.outcome}")


class Slowest(Observer):
    """Finds the function that took longest. Nothing else is called: nothing else is overridden."""

    seconds = 0.0
    name = ""

    def function_ended(self, call: FunctionCall, /) -> None:
        assert call.ended_at is not None  # It has ended.
        if call.ended_at - call.started_at > self.seconds:
            self.seconds = call.ended_at - call.started_at
            self.name = f"{call.task}, {call.phase}"


async def connect(answers: list[str]) -> None:
    await asyncio.sleep(0.05)


async def ask(answers: list[str]) -> None:
    answers.append("?")
    if len(answers) == 1:
        raise ConnectionError("broken pipe")


async def parse(answers: list[str]) -> None:
    raise ValueError(answers[-1])


async def store(answers: list[str]) -> None:
    pass


processor = (
    AsyncDagTaskProcessor[list[str]]
    .builder()
    .add_task(task("connection", pre_execute=task_func(connect)))
    .add_task(
        task("ask", execute=task_func(ask, retries=2, initial_delay=0.001)),
        depends_on=("connection",),
    )
    .add_task(task("parse", execute=task_func(parse)), depends_on=("ask",))
    .add_task(task("store", execute=task_func(store)), depends_on=("parse",))
    .build(execute_order="dependencies", observers=[Log()])
)


async def main() -> None:
    slowest = Slowest()
    try:
        await processor.process_tasks([], observers=[slowest])
    except SdaxExecutionError:
        print(f"slowest: {slowest.name}")


if __name__ == "__main__":
    asyncio.run(main())
