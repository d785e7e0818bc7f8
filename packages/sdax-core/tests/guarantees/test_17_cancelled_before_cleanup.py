"""Guarantee 17: a run that is cancelled in pre_execute or execute."""

import asyncio
import signal
from typing import Any

import anyio
import pytest
from guarantee_support import Journal, LoopKind, Run, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncDagTaskProcessorBuilder, AsyncTask
from sdax_proof import FACTORIES

ANYIO_KINDS = [
    LoopKind(name=factory or "lazy", factory=factory, anyio=True) for factory in FACTORIES
]


def builder_with(phase: str, journal: Journal) -> AsyncDagTaskProcessorBuilder[None]:
    """Two functions of `phase` run for 9 s; one more would follow. Cleanup takes 2 s."""
    one: dict[str, Any] = {phase: journal.takes("one", 9)}
    two: dict[str, Any] = {phase: journal.takes("two", 9)}
    next_one: dict[str, Any] = {phase: journal.quick("next")}
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("root", post_execute=journal.takes("clean up", 2)))
        .add_task(AsyncTask("one", **one), depends_on=("root",))
        .add_task(AsyncTask("two", **two), depends_on=("root",))
        .add_task(AsyncTask("next", **next_one), depends_on=("one",))
        .add_task(AsyncTask("work", execute=journal.quick("work")), depends_on=("next",))
    )


CANCELLED_AT_5 = [
    (0, "one"),
    (0, "two"),
    (5, "one cancelled"),
    (5, "two cancelled"),
    (5, "clean up"),
    (7, "clean up ended"),
]


@pytest.mark.guarantee("17.1", "17.2", "17.3", "17.4")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_task_cancel_cancels_what_runs_then_cleanup_runs_then_the_cancel_comes_out(
    run: Run, journal: Journal, phase: str
) -> None:
    processor = builder_with(phase, journal).build(execute_order="dependencies")

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == CANCELLED_AT_5


@pytest.mark.guarantee("17.1", "17.3", "17.4")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_a_timeout_around_a_run_gives_a_timeout_error_after_cleanup(
    run: Run, journal: Journal, phase: str
) -> None:
    processor = builder_with(phase, journal).build(execute_order="dependencies")

    async def main() -> None:
        async with asyncio.timeout(5):
            await processor.process_tasks(None)

    with pytest.raises(TimeoutError):
        run(main())

    assert journal.timed == CANCELLED_AT_5


@pytest.mark.guarantee("17.4")
def test_wait_for_around_a_run_gives_a_timeout_error_after_cleanup(
    run: Run, journal: Journal
) -> None:
    processor = builder_with("execute", journal).build()

    async def main() -> None:
        await asyncio.wait_for(processor.process_tasks(None), 5)

    with pytest.raises(TimeoutError):
        run(main())

    assert journal.timed[-1] == (7, "clean up ended")


@pytest.mark.guarantee("17.4", "19.1")
def test_of_two_timeouts_around_a_run_the_outer_one_that_also_struck_is_raised(
    run: Run, journal: Journal
) -> None:
    processor = builder_with("execute", journal).build()

    async def main() -> None:
        async with asyncio.timeout(6):  # strikes while cleanup runs
            async with asyncio.timeout(5):
                await processor.process_tasks(None)
            journal.write("the inner one was raised")

    with pytest.raises(TimeoutError):
        run(main())

    assert journal.timed[-1] == (7, "clean up ended")


@pytest.mark.guarantee("17.4")
def test_the_awaiting_task_is_as_good_as_new_after_a_timeout(run: Run, journal: Journal) -> None:
    processor = builder_with("execute", journal).build()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await processor.process_tasks(None)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    run(main())


@pytest.mark.guarantee("17.1", "17.3", "17.4")
@pytest.mark.parametrize("kind", ANYIO_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_an_anyio_scope_around_a_run_ends_it_after_cleanup(
    kind: LoopKind, journal: Journal, phase: str
) -> None:
    processor = builder_with(phase, journal).build(execute_order="dependencies")

    async def main() -> None:
        with anyio.move_on_after(5) as scope:
            await processor.process_tasks(None)
        assert scope.cancelled_caught

    kind.run(main())

    assert journal.timed == CANCELLED_AT_5


@pytest.mark.guarantee("17.1", "17.3")
def test_control_c_cancels_the_run_and_cleanup_runs(journal: Journal) -> None:
    async def press_control_c() -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "task",
                execute=journal.does("execute", press_control_c),
                post_execute=journal.takes("clean up", 0),
            )
        )
        .build()
    )

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(processor.process_tasks(None))

    assert journal.events == ["execute", "execute cancelled", "clean up", "clean up ended"]


@pytest.mark.guarantee("17.1")
def test_a_cancelled_function_is_awaited_as_long_as_it_takes(run: Run, journal: Journal) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "task",
                pre_execute=journal.does("slow", stop_slowly),
                post_execute=journal.quick("clean up"),
            )
        )
        .build()
    )

    run(ended_after_cancels(processor.process_tasks(None), 5))

    assert journal.timed == [(0, "slow"), (8, "slow cancelled"), (8, "clean up")]


@pytest.mark.guarantee("17.2")
def test_a_function_that_swallows_the_cancel_does_not_keep_the_run_going(
    run: Run, journal: Journal
) -> None:
    async def insist() -> None:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.does("a", insist)))
        .add_task(AsyncTask("b", pre_execute=journal.quick("b")), depends_on=("a",))
        .add_task(AsyncTask("c", execute=journal.quick("c")))
        .add_task(AsyncTask("d", post_execute=journal.quick("d")))
        .build()
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(0, "a"), (6, "a ended"), (6, "d")]
