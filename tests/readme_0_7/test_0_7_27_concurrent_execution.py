"""Several runs of one processor at the same time."""

import asyncio
from dataclasses import dataclass

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, task_func
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/27_concurrent_execution"),
    read_block("readme_0_3/10_concurrent_execution"),
]
# `...` stands for the task.
TASK = ("AsyncTask(...)", 'AsyncTask("Fetch", execute=task_func(fetch))')


@dataclass
class RequestContext:
    user_id: int


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_three_requests_run_at_the_same_time_each_with_its_own_context(block: Block) -> None:
    fetched: list[tuple[int, float]] = []

    async def fetch(ctx: RequestContext) -> None:
        await asyncio.sleep(1)
        fetched.append((ctx.user_id, asyncio.get_running_loop().time()))

    run(
        block.replace(*TASK).run_in_loop(
            asyncio=asyncio,
            AsyncTask=AsyncTask,
            AsyncTaskProcessor=AsyncTaskProcessor,
            RequestContext=RequestContext,
            task_func=task_func,
            fetch=fetch,
        )
    )

    assert fetched == [(123, 1), (456, 1), (789, 1)]
