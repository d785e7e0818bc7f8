"""A parent task that returns before its subtasks do."""

import asyncio
from typing import Any

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, SdaxTaskGroup, task_group_func
from sdax_proof import run

BLOCK = read_block("readme_0_7/23_early_return_still_waits")


def test_the_task_ends_when_its_slowest_subtask_ends() -> None:
    names = BLOCK.run(asyncio=asyncio, SdaxTaskGroup=SdaxTaskGroup, TaskContext=object)
    task = AsyncTask("Parent", execute=task_group_func(names.parent_task))

    async def main() -> float:
        await AsyncTaskProcessor[Any].builder().add_task(task, 1).build().process_tasks(None)
        return asyncio.get_running_loop().time()

    assert run(main()) == 5
