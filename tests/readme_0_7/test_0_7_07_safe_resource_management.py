"""A cleanup that copes with a resource that was only half acquired."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, SdaxExecutionError, task_func
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/07_safe_resource_management"),
    read_block("readme_0_3/02_safe_resource_management"),
]


class Lock:
    def __init__(self) -> None:
        self.released = 0

    async def release(self) -> None:
        self.released += 1
        if self.released > 1:
            raise RuntimeError("released twice")


class LockService:
    """Gives its lock after some seconds, or fails then."""

    def __init__(self, seconds: float, *, fails: bool) -> None:
        self.lock = Lock()
        self._seconds = seconds
        self._fails = fails

    async def acquire(self) -> Lock:
        await asyncio.sleep(self._seconds)
        if self._fails:
            raise ConnectionError("the lock service is gone")
        return self.lock


async def fail_after_a_second(ctx: Any) -> None:
    await asyncio.sleep(1)
    raise ValueError("a sibling fails")


async def nothing(ctx: Any) -> None: ...


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
@pytest.mark.parametrize(
    ("seconds", "fails", "sibling", "times_released"),
    [
        pytest.param(0, False, nothing, 2, id="acquired"),
        pytest.param(0, True, nothing, 0, id="failed"),
        pytest.param(5, False, nothing, 0, id="timed out"),
        pytest.param(2, False, fail_after_a_second, 0, id="cancelled by a sibling"),
    ],
)
def test_the_cleanup_runs_whenever_its_pre_execute_was_started(
    block: Block, seconds: float, fails: bool, sibling: Any, times_released: int
) -> None:
    service = LockService(seconds, fails=fails)
    names = block.run(dataclass=dataclass, asyncio=asyncio, some_lock=service)
    cleaned_up: list[Any] = []

    async def release_lock(ctx: Any) -> None:
        cleaned_up.append(ctx)
        await names.release_lock(ctx)

    lock = AsyncTask(
        "Lock",
        pre_execute=task_func(names.acquire_lock, timeout=3.0),
        post_execute=task_func(release_lock),
    )
    processor = (
        AsyncTaskProcessor[Any]
        .builder()
        .add_task(lock, 1)
        .add_task(AsyncTask("Sibling", pre_execute=task_func(sibling)), 1)
        .build()
    )
    context = names.TaskContext()

    if times_released:
        run(processor.process_tasks(context))
    else:
        with pytest.raises(SdaxExecutionError):
            run(processor.process_tasks(context))

    assert cleaned_up == [context]
    assert context.lock_acquired == bool(times_released)
    # The second release, which the printed `try` guards, is swallowed as its comment says.
    assert service.lock.released == times_released
