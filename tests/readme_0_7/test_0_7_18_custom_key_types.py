"""Names of tasks that are tuples, of different kinds in one graph."""

from types import SimpleNamespace
from typing import Any

from readme_blocks import read_block
from sdax import AsyncDagTaskProcessor
from sdax_proof import run

BLOCK = read_block("readme_0_7/18_custom_key_types")


def test_keys_of_different_kinds_live_in_one_graph(quick_start: SimpleNamespace) -> None:
    important: list[Any] = []

    async def important_task(ctx: Any) -> None:
        important.append(ctx)

    names = BLOCK.run(
        AsyncDagTaskProcessor=AsyncDagTaskProcessor,
        TaskContext=quick_start.TaskContext,
        open_db=quick_start.open_db,
        check_auth=quick_start.check_auth,
        important_task=important_task,
    )
    context = quick_start.TaskContext()
    run(names.processor.process_tasks(context))

    assert important == [context]
    assert context.user_id == 123
    assert dict(names.processor.analysis.dependencies) == {
        ("database", "connect"): (),
        ("auth", "validate"): (("database", "connect"),),
        (1, "high_priority"): (),
    }
