"""Which errors are retried."""

import builtins
from typing import Any

import pytest
from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, RetryableException, SdaxExecutionError, TaskFunction
from sdax_proof import run

BLOCK = read_block("readme_0_7/25_retryable_exceptions")


@pytest.mark.parametrize(
    ("error_name", "attempts"),
    [("TimeoutError", 4), ("CustomRetryableError", 4), ("ConnectionError", 1), ("ValueError", 1)],
)
def test_only_the_errors_that_are_named_are_retried(error_name: str, attempts: int) -> None:
    called: list[None] = []

    async def my_function(ctx: Any) -> None:
        called.append(None)
        raise error_type("again")

    names = BLOCK.run(my_function=my_function)
    error_type = getattr(names, error_name, None) or getattr(builtins, error_name)
    function: TaskFunction[None] = names.last_value
    task = AsyncTask("Flaky", execute=function)

    with pytest.raises(SdaxExecutionError):
        run(AsyncTaskProcessor[None].builder().add_task(task, 1).build().process_tasks(None))

    assert len(called) == attempts


def test_the_base_class_is_retried_by_default() -> None:
    async def function(ctx: Any) -> None: ...

    assert RetryableException in TaskFunction(function).retryable_exceptions
