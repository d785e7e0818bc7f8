"""A parent task that waits for two subtasks."""

import asyncio
from typing import Any

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, SdaxTaskGroup
from sdax_proof import run

BLOCK = read_block("readme_0_7/22_task_group_integration")


def test_the_subtasks_run_side_by_side_and_bear_their_names() -> None:
    started: list[tuple[str, float]] = []

    async def subtask(seconds: int) -> int:
        task = asyncio.current_task()
        assert task is not None
        started.append((task.get_name(), asyncio.get_running_loop().time()))
        await asyncio.sleep(seconds)
        return seconds

    names = BLOCK.run(
        asyncio=asyncio,
        AsyncTask=AsyncTask,
        SdaxTaskGroup=SdaxTaskGroup,
        TaskContext=object,
        subtask_a=lambda: subtask(2),
        subtask_b=lambda: subtask(3),
    )
    parent: AsyncTask[Any, str] = names.last_value

    async def main() -> float:
        await AsyncTaskProcessor[Any].builder().add_task(parent, 1).build().process_tasks(None)
        return asyncio.get_running_loop().time()

    assert run(main()) == 3
    assert started == [("subtask_a", 0), ("subtask_b", 0)]
