"""Guarantee 5: what build() returns is immutable and may be shared."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction


@pytest.mark.guarantee("5.1")
@pytest.mark.parametrize("name", ["analysis", "process_tasks", "anything"])
def test_nothing_can_be_set_on_a_processor(name: str) -> None:
    processor = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("task")).build()

    with pytest.raises(AttributeError):
        setattr(processor, name, None)


@pytest.mark.guarantee("5.1")
@pytest.mark.parametrize("mapping", ["tasks", "dependencies"])
def test_nothing_in_the_analysis_can_be_changed(mapping: str) -> None:
    analysis: Any = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a")).build().analysis

    with pytest.raises(AttributeError):
        setattr(analysis, mapping, {})
    with pytest.raises(TypeError):
        getattr(analysis, mapping)["b"] = None
    with pytest.raises(TypeError):
        del getattr(analysis, mapping)["a"]


@pytest.mark.guarantee("5.1")
def test_tasks_and_functions_cannot_be_changed(journal: Journal) -> None:
    function: Any = journal.quick("function")
    task: Any = AsyncTask("task", pre_execute=function)

    with pytest.raises(AttributeError):
        function.timeout = 1.0
    with pytest.raises(AttributeError):
        task.pre_execute = None


@pytest.mark.guarantee("5.1")
def test_a_builder_that_goes_on_leaves_what_it_built_alone(run: Run, journal: Journal) -> None:
    dependencies: Any = ["first"]
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("second", execute=journal.quick("second")), depends_on=dependencies)
    builder.add_task(AsyncTask("first", execute=journal.quick("first")))
    dependencies.append("no such task")
    processor = builder.build(execute_order="dependencies")
    builder.add_task(AsyncTask("third", execute=journal.quick("third")))

    run(processor.process_tasks(None))

    assert journal.events == ["first", "second"]


@pytest.mark.guarantee("5.2")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_a_run_starts_afresh_after_one_that_failed_and_one_that_was_cancelled(
    run: Run, journal: Journal, phase: str
) -> None:
    async def work(ctx: str) -> None:
        journal.write(f"{ctx} a")
        if ctx == "failed":
            raise OSError("no such host")
        await asyncio.sleep(10 if ctx == "cancelled" else 0)

    async def more_work(ctx: str) -> None:
        journal.write(f"{ctx} b")

    a: dict[str, Any] = {phase: TaskFunction(work)}
    b: dict[str, Any] = {phase: TaskFunction(more_work)}
    backwards = phase == "post_execute"
    processor = (
        AsyncDagTaskProcessor[str]
        .builder()
        .add_task(AsyncTask("a", **a), depends_on=("b",) if backwards else ())
        .add_task(AsyncTask("b", **b), depends_on=() if backwards else ("a",))
        .build(execute_order="dependencies")
    )

    async def main() -> None:
        await processor.process_tasks("first")
        assert isinstance(await ended(processor.process_tasks("failed")), SdaxExecutionError)
        time = asyncio.get_running_loop().time()
        cancelled = await ended_after_cancels(processor.process_tasks("cancelled"), time + 5)
        assert isinstance(cancelled, asyncio.CancelledError)
        await processor.process_tasks("last")

    run(main())

    follows_all_the_same = ["failed b", "cancelled b"] if backwards else []
    assert [event for event in journal.events if event not in follows_all_the_same] == [
        *("first a", "first b"),
        *("failed a", "cancelled a"),
        *("last a", "last b"),
    ]


@pytest.mark.guarantee("5.3", "27.1")
def test_many_runs_use_one_processor_at_once(run: Run) -> None:
    async def note_down(ctx: list[str]) -> None:
        ctx.append("begin")
        await asyncio.sleep(1)
        ctx.append("end")

    async def fail_if_odd(ctx: list[str]) -> None:
        await asyncio.sleep(0.5)
        if ctx[0] == "odd":
            raise OSError("odd")

    processor = (
        AsyncDagTaskProcessor[list[str]]
        .builder()
        .add_task(AsyncTask("a", pre_execute=TaskFunction(note_down)))
        .add_task(AsyncTask("b", execute=TaskFunction(fail_if_odd)), depends_on=("a",))
        .add_task(AsyncTask("c", post_execute=TaskFunction(note_down)), depends_on=("b",))
        .build()
    )
    contexts = [["odd" if number % 2 else "even"] for number in range(100)]

    async def main() -> list[BaseException | None]:
        return list(await asyncio.gather(*(ended(processor.process_tasks(c)) for c in contexts)))

    errors = run(main())

    assert [type(error) for error in errors] == [type(None), SdaxExecutionError] * 50
    assert all(context[1:] == ["begin", "end", "begin", "end"] for context in contexts)


@pytest.mark.guarantee("5.4")
def test_threads_with_a_loop_each_use_one_processor_at_once() -> None:
    number_of_threads = 4
    all_are_inside = threading.Barrier(number_of_threads, timeout=20)

    async def meet(ctx: list[str]) -> None:
        await asyncio.sleep(0)
        all_are_inside.wait()  # Blocks this thread's loop until every thread is in this phase.
        ctx.append("met")

    function = TaskFunction(meet)
    processor = (
        AsyncDagTaskProcessor[list[str]]
        .builder()
        .add_task(AsyncTask("a", pre_execute=function, execute=function, post_execute=function))
        .build()
    )

    def in_a_thread(context: list[str]) -> list[str]:
        asyncio.run(processor.process_tasks(context))
        return context

    with ThreadPoolExecutor(number_of_threads) as threads:
        results = list(threads.map(in_a_thread, [[] for _ in range(number_of_threads)]))

    assert results == [["met"] * 3] * number_of_threads
