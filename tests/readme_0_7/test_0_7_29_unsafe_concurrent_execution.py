"""A cache that all runs share, which the README warns of."""

import asyncio
from dataclasses import dataclass

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, task_func
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/29_unsafe_concurrent_execution"),
    read_block("readme_0_3/12_unsafe_concurrent_execution"),
]


@dataclass
class RequestContext:
    user_id: int
    request: str


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_runs_that_share_state_outside_their_context_overwrite_each_other(block: Block) -> None:
    answers = iter(["first", "second"])

    async def fetch_data(user_id: int) -> str:
        await asyncio.sleep(1)
        return next(answers)

    names = block.run(RequestContext=RequestContext, fetch_data=fetch_data)
    task = AsyncTask("Unsafe", execute=task_func(names.unsafe_task))
    processor = AsyncTaskProcessor[RequestContext].builder().add_task(task, 1).build()

    async def main() -> None:
        await asyncio.gather(
            processor.process_tasks(RequestContext(123, "first")),
            processor.process_tasks(RequestContext(123, "second")),
        )

    run(main())

    assert names.SHARED_CACHE == {123: "second"}
