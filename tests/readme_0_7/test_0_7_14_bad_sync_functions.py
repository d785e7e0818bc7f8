"""Slow plain functions, which the README warns of: they run, and nothing runs beside them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, task_func, task_sync_func
from sdax_proof import run

BLOCK = read_block("readme_0_7/14_bad_sync_functions")


def test_a_long_calculation_blocks_every_other_task() -> None:
    names = BLOCK.run(complex_calculation=lambda: None)
    context: dict[str, str] = {}
    turns: list[bool] = []
    """Whether the calculation was done, at each turn of the sibling."""
    turns_while_calculating: list[int] = []

    async def sibling(ctx: Any) -> None:
        while not turns or not turns[-1]:
            turns.append("result" in context)
            await asyncio.sleep(0)

    def calculate(ctx: Any) -> None:
        before = len(turns)
        names.bad_cpu_intensive_work(ctx)
        turns_while_calculating.append(len(turns) - before)

    processor = (
        AsyncTaskProcessor[Any]
        .builder()
        .add_task(AsyncTask("Sibling", execute=task_func(sibling)), 1)
        .add_task(AsyncTask("Calculate", execute=task_sync_func(calculate)), 1)
        .build()
    )
    run(processor.process_tasks(context))

    assert context == {"result": "done"}
    assert turns_while_calculating == [0]
    assert turns[0] is False
    assert turns[-1] is True


def test_a_file_is_read_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "large_file.txt").write_text("much", "utf-8")
    monkeypatch.chdir(tmp_path)
    names = BLOCK.run()
    task = AsyncTask("Read", execute=task_sync_func(names.bad_file_io))
    context: dict[str, str] = {}

    run(AsyncTaskProcessor[Any].builder().add_task(task, 1).build().process_tasks(context))

    assert context == {"data": "much"}
