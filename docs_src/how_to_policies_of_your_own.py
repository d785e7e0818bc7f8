"""A retry policy of our own: it comes back when the server says, and gives up after two minutes."""

import asyncio
import random

from sdax import AsyncDagTaskProcessor, RetryPolicy, SdaxExecutionError, task, task_func


class Busy(Exception):
    """The server asks us to come back in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"come back in {seconds:g} seconds")
        self.seconds = seconds


class WhenTheServerSays:
    """Waits as long as the server asks for, and a little longer, so that not all come back at once."""

    def __init__(self, give_up_after: float) -> None:
        self.give_up_after = give_up_after

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: random.Random,
        /,
    ) -> float | None:
        if not isinstance(error, Busy):
            return None
        delay = error.seconds * rng.uniform(1.0, 1.1)
        return delay if elapsed + delay <= self.give_up_after else None

    def on_success(self, attempt: int) -> None:
        print(f"attempt {attempt} has succeeded")


class ClockOfATest:
    """Time passes at once, and is written down."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float, /) -> None:
        print(f"waits {seconds:.1f} seconds")
        self.now += seconds


async def ask(answers: list[float]) -> None:
    if answers:
        raise Busy(answers.pop(0))
    print("answered")


patient: RetryPolicy = WhenTheServerSays(give_up_after=120)
processor = (
    AsyncDagTaskProcessor[list[float]]
    .builder()
    .add_task(task("ask", execute=task_func(ask, retry=patient)))
    .build()
)


async def main() -> None:
    clock, rng = ClockOfATest(), random.Random(7)
    await processor.process_tasks([10, 20], clock=clock, rng=rng)
    try:
        await processor.process_tasks([30, 60, 120], clock=clock, rng=rng)
    except SdaxExecutionError as error:
        [failure] = error.failures
        print(f"gives up after {failure.attempts} attempts: {failure.exception}")


if __name__ == "__main__":
    asyncio.run(main())
