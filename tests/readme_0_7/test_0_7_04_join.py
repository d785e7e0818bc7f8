"""`join`: a node that waits for several tasks."""

import asyncio
from typing import Any

import pytest
from readme_blocks import Block, read_block
from sdax import AsyncDagTaskProcessor
from sdax_proof import run

AS_PRINTED = read_block("readme_0_7/04_join")
IN_ORDER = AS_PRINTED.replace(".build()", '.build(execute_order="dependencies")')


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        # By default the functions of the execute phase start together, so the shortest ends first.
        (AS_PRINTED, ["c", "a", "b"]),
        (IN_ORDER, ["a", "b", "c"]),
    ],
)
def test_a_join_orders_what_follows_it_when_execute_follows_the_dependencies(
    block: Block, expected: list[str]
) -> None:
    ended: list[str] = []

    async def func_a(ctx: Any) -> None:
        await asyncio.sleep(2)
        ended.append("a")

    async def func_b(ctx: Any) -> None:
        await asyncio.sleep(3)
        ended.append("b")

    async def func_c(ctx: Any) -> None:
        await asyncio.sleep(1)
        ended.append("c")

    names = block.run(
        AsyncDagTaskProcessor=AsyncDagTaskProcessor, func_a=func_a, func_b=func_b, func_c=func_c
    )
    run(names.processor.process_tasks(None))

    assert ended == expected
    assert names.processor.analysis.nodes == 1
