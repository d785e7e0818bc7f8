"""The code of docs/how-to/retry.md: strategies that a project already has."""

import asyncio

from sdax_contrib.tenacity import TenacityPolicy
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction
from tenacity import retry_if_exception_type, stop_after_attempt, stop_before_delay, wait_fixed

# --8<-- [start:policy]
POLICY = TenacityPolicy(
    stop=stop_after_attempt(5) | stop_before_delay(30),
    wait=wait_fixed(0.01),
    retry=retry_if_exception_type(OSError),
)
# --8<-- [end:policy]


async def main() -> int:
    attempts = 0

    async def flaky(ctx: None) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise OSError("not yet")

    task = AsyncTask("flaky", execute=TaskFunction(flaky, retry=POLICY))
    await AsyncDagTaskProcessor[None].builder().add_task(task).build().process_tasks(None)
    return attempts


if __name__ == "__main__":
    print(asyncio.run(main()))
