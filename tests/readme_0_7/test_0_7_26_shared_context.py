"""A context class of the user's own, which the tasks share."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, task_func
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/26_shared_context"),
    read_block("readme_0_3/09_shared_context"),
]


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_what_one_task_sets_the_next_one_reads(block: Block) -> None:
    names = block.run(Any=Any, dataclass=dataclass, field=field)
    context = names.TaskContext()
    seen: list[int | None] = []

    async def task_b(ctx: Any) -> None:
        await names.task_b(ctx)
        seen.append(ctx.user_id)

    processor = (
        AsyncTaskProcessor[Any]
        .builder()
        .add_task(AsyncTask("A", pre_execute=task_func(names.task_a)), 1)
        .add_task(AsyncTask("B", pre_execute=task_func(task_b)), 2)
        .build()
    )
    run(processor.process_tasks(context))

    assert seen == [123]
    assert (context.permissions, context.db_connection) == ([], None)
