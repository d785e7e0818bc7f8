"""`task_func` with options of its own."""

from typing import Any

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor
from sdax_proof import run

BLOCK = read_block("readme_0_7/01_task_func")


async def my_async_function(ctx: Any) -> None: ...


def test_task_func_passes_its_options_on_and_the_function_is_retried() -> None:
    attempts: list[str] = []

    async def my_function(ctx: Any) -> None:
        attempts.append("attempt")
        if len(attempts) <= 3:
            raise RuntimeError("not yet")

    names = BLOCK.run(my_async_function=my_async_function, my_function=my_function)

    assert names.task.function is my_function
    assert (names.task.timeout, names.task.retries) == (30.0, 3)
    assert names.task.retryable_exceptions == (ValueError, RuntimeError)
    processor = AsyncTaskProcessor[None].builder().add_task(AsyncTask("A", names.task), 1).build()
    run(processor.process_tasks(None))
    assert len(attempts) == 4
