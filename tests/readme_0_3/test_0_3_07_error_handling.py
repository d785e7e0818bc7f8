"""Taking the error of a run apart with `except*`."""

import asyncio
from typing import Any

import pytest
from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, TaskFunction
from sdax_proof import run

# Python refuses `except` next to `except*`; this is the nearest that it accepts.
BLOCK = read_block("readme_0_3/07_error_handling").replace(
    "except ExceptionGroup as eg:", "except* Exception as eg:"
)


async def invalid(ctx: Any) -> None:
    raise ValueError("no user")


async def slow(ctx: Any) -> None:
    await asyncio.sleep(60)


async def broken(ctx: Any) -> None:
    raise LookupError("no such key")


def test_each_clause_takes_its_own_failures(capsys: pytest.CaptureFixture[str]) -> None:
    processor = (
        AsyncTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("Invalid", execute=TaskFunction(invalid)), 1)
        .add_task(AsyncTask("Slow", execute=TaskFunction(slow, 1.0)), 1)
        .add_task(AsyncTask("Broken", execute=TaskFunction(broken)), 1)
        .build()
    )

    run(BLOCK.run_in_loop(processor=processor, ctx=None))

    validation, timed_out, others = capsys.readouterr().out.splitlines()
    assert validation == "Validation error: no user"
    assert timed_out.startswith("Task timed out: ")
    assert others.startswith("Multiple failures: ")
    assert others.endswith("(1 sub-exception)")
