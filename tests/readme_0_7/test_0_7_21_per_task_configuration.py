"""Timeout, retries and delays of a single task."""

import asyncio
import random
from itertools import pairwise
from typing import Any

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, SdaxExecutionError, TaskFunction
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/21_per_task_configuration"),
    read_block("readme_0_3/08_per_task_configuration"),
]


class ExternalApi:
    """Fails `failures` times with a retryable error; a slow one answers after a minute."""

    def __init__(self, failures: int, *, slow: bool = False) -> None:
        self.called_at: list[float] = []
        self._failures = failures
        self._slow = slow

    async def call(self, ctx: Any) -> None:
        self.called_at.append(asyncio.get_running_loop().time())
        if len(self.called_at) <= self._failures:
            raise ConnectionError("try again")
        if self._slow:
            await asyncio.sleep(60)


def run_block(block: Block, api: ExternalApi) -> None:
    names = block.run(AsyncTask=AsyncTask, TaskFunction=TaskFunction, call_external_api=api.call)
    task: AsyncTask[None, str] = names.last_value
    run(AsyncTaskProcessor[None].builder().add_task(task, 1).build().process_tasks(None))


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_the_delays_before_the_retries_double_with_a_jitter_that_shortens(block: Block) -> None:
    random.seed(7)
    api = ExternalApi(failures=3)

    run_block(block, api)

    delays = [later - earlier for earlier, later in pairwise(api.called_at)]
    assert [0.5 * 2**k <= delay <= 1.0 * 2**k for k, delay in enumerate(delays)] == [True] * 3
    assert len({delay / 2**k for k, delay in enumerate(delays)}) == 3, "there is no jitter"


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_after_three_retries_the_last_error_is_raised(block: Block) -> None:
    api = ExternalApi(failures=4)

    with pytest.raises(SdaxExecutionError) as raised:
        run_block(block, api)

    assert len(api.called_at) == 4
    assert [repr(e) for e in raised.value.leaf_exceptions()] == ["ConnectionError('try again')"]


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_every_attempt_has_five_seconds(block: Block) -> None:
    random.seed(7)
    api = ExternalApi(failures=0, slow=True)

    with pytest.raises(SdaxExecutionError) as raised:
        run_block(block, api)

    between = [later - earlier for earlier, later in pairwise(api.called_at)]
    assert [5 + 0.5 * 2**k <= seconds <= 5 + 2**k for k, seconds in enumerate(between)] == [
        True
    ] * 3
    assert [type(error) for error in raised.value.leaf_exceptions()] == [TimeoutError]
