"""Guarantee 27: runs share nothing, and an asyncio Task serves one function at a time."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Run, ended, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction


@pytest.mark.guarantee("27.1")
def test_a_run_that_is_cancelled_or_fails_does_not_disturb_another_of_the_same_graph(
    run: Run,
) -> None:
    async def work(ctx: list[str]) -> None:
        await asyncio.sleep(2)
        if "fails" in ctx:
            raise OSError("no such host")
        await asyncio.sleep(2)
        ctx.append("worked")

    async def clean(ctx: list[str]) -> None:
        await asyncio.sleep(1)
        ctx.append("cleaned")

    builder = AsyncDagTaskProcessor[list[str]].builder()
    processor = builder.add_task(
        AsyncTask("a", pre_execute=TaskFunction(work), post_execute=TaskFunction(clean))
    ).build()
    well, fails, cancelled = ["well"], ["fails"], ["cancelled"]

    async def main() -> None:
        endings = await asyncio.gather(
            ended(processor.process_tasks(well)),
            ended(processor.process_tasks(fails)),
            ended_after_cancels(processor.process_tasks(cancelled), 3),
        )
        kinds = [type(ending) for ending in endings]
        assert kinds == [type(None), SdaxExecutionError, asyncio.CancelledError]

    run(main())

    assert well == ["well", "worked", "cleaned"]
    assert fails == ["fails", "cleaned"]
    assert cancelled == ["cancelled", "cleaned"]


@pytest.mark.guarantee("27.1")
def test_a_run_inside_a_function_of_the_same_processor_is_a_run_of_its_own(run: Run) -> None:
    depths: list[int] = []

    async def descend(depth: int) -> None:
        depths.append(depth)
        if depth < 3:
            await processor.process_tasks(depth + 1)

    builder = AsyncDagTaskProcessor[int].builder()
    processor = builder.add_task(AsyncTask("a", execute=TaskFunction(descend))).build()

    run(processor.process_tasks(0))

    assert depths == [0, 1, 2, 3]


@pytest.mark.guarantee("27.2")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 1}], ids=str)
def test_no_asyncio_task_serves_two_functions_at_once(
    run_anywhere: Run, phase: str, settings: dict[str, Any]
) -> None:
    serving: set[asyncio.Task[Any] | None] = set()
    served: list[int] = []

    def function(number: int) -> TaskFunction[Any]:
        async def serve(_: object) -> None:
            task = asyncio.current_task()
            assert task not in serving
            serving.add(task)
            for _ in range(number % 4):
                await asyncio.sleep(0)
                assert asyncio.current_task() is task
            serving.remove(task)
            served.append(number)

        return TaskFunction(serve, **settings)

    builder = AsyncDagTaskProcessor[None, int].builder()
    for number in range(60):
        functions: dict[str, Any] = {phase: function(number)}
        builder.add_task(AsyncTask(number, **functions), (number // 2,) if number else ())

    run_anywhere(builder.build(execute_order="dependencies").process_tasks(None))

    assert sorted(served) == list(range(60))
