"""Names of tasks that are strings."""

import asyncio
from types import SimpleNamespace

from readme_blocks import read_block
from sdax import AsyncDagTaskProcessor
from sdax_proof import run

BLOCK = read_block("readme_0_7/17_string_keys")


def test_tasks_are_named_by_strings(quick_start: SimpleNamespace) -> None:
    names = BLOCK.run(
        AsyncDagTaskProcessor=AsyncDagTaskProcessor,
        TaskContext=quick_start.TaskContext,
        open_db=quick_start.open_db,
        check_auth=quick_start.check_auth,
    )
    context = quick_start.TaskContext()

    async def main() -> float:
        await names.processor.process_tasks(context)
        return asyncio.get_running_loop().time()

    # Neither task has a pre_execute, so both start at once.
    assert run(main()) == 0.1
    assert context.user_id == 123
    assert context.db_connection is not None
    assert dict(names.processor.analysis.dependencies) == {"Database": (), "Auth": ("Database",)}
