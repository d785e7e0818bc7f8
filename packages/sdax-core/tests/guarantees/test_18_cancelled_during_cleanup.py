"""Guarantee 18: a run that is cancelled for the first time during cleanup."""

import asyncio

import pytest
from guarantee_support import Journal, Run, ended_after_cancels, notes
from sdax_core import AsyncDagTaskProcessor, AsyncTask


def slow_cleanup(journal: Journal) -> AsyncDagTaskProcessor[None]:
    """`c` and `d` clean up first, then `b`, then `a`; each takes 4 s."""
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.takes("a", 4)))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 4)), depends_on=("a",))
        .add_task(AsyncTask("c", post_execute=journal.takes("c", 4)), depends_on=("b",))
        .add_task(AsyncTask("d", post_execute=journal.takes("d", 4)), depends_on=("b",))
        .build()
    )


@pytest.mark.guarantee("18.1", "18.2", "18.3")
@pytest.mark.parametrize("again", [(), (2.5,), (3, 4, 5, 6, 7, 8)])
def test_running_cleanups_are_cancelled_once_and_the_others_run_in_full(
    run: Run, journal: Journal, again: tuple[float, ...]
) -> None:
    ending = run(ended_after_cancels(slow_cleanup(journal).process_tasks(None), 2, *again))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [
        (0, "c"),
        (0, "d"),
        (2, "c cancelled"),
        (2, "d cancelled"),
        (2, "b"),
        (6, "b ended"),
        (6, "a"),
        (10, "a ended"),
    ]


@pytest.mark.guarantee("18.1")
def test_a_cleanup_that_is_cancelled_may_take_its_time(run: Run, journal: Journal) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.takes("a", 1)))
        .add_task(AsyncTask("b", post_execute=journal.does("b", stop_slowly)), depends_on=("a",))
        .build()
    )

    run(ended_after_cancels(processor.process_tasks(None), 2, 3, 4))

    assert journal.timed == [(0, "b"), (5, "b cancelled"), (5, "a"), (6, "a ended")]


@pytest.mark.guarantee("18.2")
def test_cleanups_that_wait_for_a_place_still_run_in_full(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name in "abc":
        builder.add_task(AsyncTask(name, post_execute=journal.takes(name, 4)))

    run(ended_after_cancels(builder.build(max_concurrency=1).process_tasks(None), 2, 3))

    assert journal.timed == [
        (0, "a"),
        (2, "a cancelled"),
        (2, "b"),
        (6, "b ended"),
        (6, "c"),
        (10, "c ended"),
    ]


@pytest.mark.guarantee("18.3")
def test_failures_do_not_take_the_place_of_a_cancel_during_cleanup(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.fails("a", OSError("cannot delete"))))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 4)), depends_on=("a",))
        .build()
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 2))

    assert isinstance(ending, asyncio.CancelledError)
    assert "cannot delete" in notes(ending)


@pytest.mark.guarantee("18.3")
def test_a_timeout_that_strikes_during_cleanup_gives_a_timeout_error(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        async with asyncio.timeout(2):
            await slow_cleanup(journal).process_tasks(None)

    with pytest.raises(TimeoutError):
        run(main())

    assert journal.timed[-1] == (10, "a ended")


@pytest.mark.guarantee("18.3")
def test_a_cancel_requested_by_a_cleanup_that_never_suspends_is_not_lost(
    run_anywhere: Run, journal: Journal
) -> None:
    awaiting: list[asyncio.Task[None] | None] = []

    async def cancel_the_run() -> None:
        for task in awaiting:
            assert task is not None
            task.cancel()

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.quick("a")))
        .add_task(AsyncTask("b", post_execute=journal.does("b", cancel_the_run)), depends_on=("a",))
        .build()
    )

    async def run_in_this_task() -> None:
        awaiting.append(asyncio.current_task())
        await processor.process_tasks(None)

    async def main() -> None:
        task = asyncio.create_task(run_in_this_task())
        await asyncio.wait([task])
        assert task.cancelled()

    run_anywhere(main())

    assert journal.events == ["b", "b ended", "a"]
