"""A context that holds everything a request needs."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, TaskFunction, task_func
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/28_safe_concurrent_execution"),
    read_block("readme_0_3/11_safe_concurrent_execution"),
]


class Connection:
    def __init__(self) -> None:
        self.closed = False

    async def fetch_user(self, user_id: int) -> str:
        await asyncio.sleep(1)
        assert not self.closed
        return f"user {user_id}"

    async def close(self) -> None:
        self.closed = True


class Pool:
    async def acquire(self) -> Connection:
        await asyncio.sleep(1)
        return Connection()


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_each_run_has_its_own_connection_and_closes_it(block: Block) -> None:
    # What the block calls `processor` is a builder: what `build()` returns is immutable.
    builder = AsyncTaskProcessor[Any].builder()
    names = block.run(
        Any=Any,
        AsyncTask=AsyncTask,
        TaskFunction=TaskFunction,
        dataclass=dataclass,
        field=field,
        task_func=task_func,
        db_pool=Pool(),
        processor=builder,
    )
    builder.add_task(AsyncTask("Fetch", execute=task_func(names.fetch_user_data)), 2)
    processor = builder.build()
    contexts = [names.RequestContext(user_id) for user_id in range(5)]

    async def main() -> None:
        await asyncio.gather(*(processor.process_tasks(context) for context in contexts))

    run(main())

    assert [context.api_results for context in contexts] == [
        {"user": f"user {user_id}"} for user_id in range(5)
    ]
    assert all(context.db_connection.closed for context in contexts)
    assert len({id(context.db_connection) for context in contexts}) == 5
