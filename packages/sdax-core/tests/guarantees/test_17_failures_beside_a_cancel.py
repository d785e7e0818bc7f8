"""Guarantee 17: failures beside a cancellation."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended_after_cancels, notes
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction


@pytest.mark.guarantee("17.5", "17.6")
def test_failures_ride_along_as_notes_and_stay_readable(run: Run, journal: Journal) -> None:
    before, during, after = OSError("before"), ValueError("during"), KeyError("after")

    async def break_down_when_cancelled() -> None:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            raise during from None

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("early", execute=journal.takes("early", 1, before)))
        .add_task(AsyncTask("stops", execute=journal.does("stops", break_down_when_cancelled)))
        .add_task(AsyncTask("cleans", post_execute=journal.fails("cleans", after)))
        .build()
    )
    failures: list[BaseException] = []

    async def phases() -> None:
        async with processor.open(None) as runner:
            try:
                while await runner.run_next():
                    pass
            finally:
                await runner.aclose()
                failures.extend(runner.failures())

    ending = run(ended_after_cancels(phases(), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert failures == [before, during, after]

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending).splitlines() == [
        "sdax: task 'early', execute, attempt 1: OSError: before",
        "sdax: task 'stops', execute, attempt 1: ValueError: during",
        "sdax: task 'cleans', post_execute, attempt 1: KeyError: 'after'",
    ]


@pytest.mark.guarantee("17.6")
def test_a_failed_pre_execute_does_not_hide_a_cancel_that_comes_while_others_stop(
    run: Run, journal: Journal
) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(3)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", pre_execute=journal.takes("bad", 1, OSError("no such host"))))
        .add_task(AsyncTask("slow", pre_execute=journal.does("slow", stop_slowly)))
        .add_task(AsyncTask("clean", post_execute=journal.takes("clean up", 2)))
        .build()
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 2))

    assert isinstance(ending, asyncio.CancelledError)
    assert "no such host" in notes(ending)
    assert journal.timed == [
        (0, "bad"),
        (0, "slow"),
        (1, "bad raised OSError"),
        (4, "slow cancelled"),
        (4, "clean up"),
        (6, "clean up ended"),
    ]


def cancelled_at_5(journal: Journal, cleanup: TaskFunction[Any]) -> AsyncDagTaskProcessor[None]:
    """Its execute runs until it is cancelled; `cleanup` is the cleanup of another task."""
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("work", execute=journal.takes("work", 60)))
        .add_task(AsyncTask("a", post_execute=cleanup))
        .build()
    )


@pytest.mark.guarantee("17.3", "22.5")
def test_a_cleanup_of_a_cancelled_run_has_its_timeout(run: Run, journal: Journal) -> None:
    processor = cancelled_at_5(journal, journal.takes("clean up", 60, timeout=3))

    ending = run(ended_after_cancels(processor.process_tasks(None), 5, 6))

    assert notes(ending) == (
        "sdax: task 'a', post_execute, attempt 1: "
        "TimeoutError: task 'a', post_execute: not done within its timeout of 3 seconds"
    )
    assert journal.timed[2:] == [(5, "clean up"), (8, "clean up cancelled")]


@pytest.mark.guarantee("17.3", "23.1")
def test_a_cleanup_of_a_cancelled_run_is_retried(
    run: Run, journal: Journal, longest_delays: None
) -> None:
    slow = journal.takes("clean up", 60, timeout=3, retries=1, initial_delay=10)

    run(ended_after_cancels(cancelled_at_5(journal, slow).process_tasks(None), 5, 6, 9))

    assert journal.timed[2:] == [
        (5, "clean up"),
        (8, "clean up cancelled"),
        (18, "clean up"),
        (21, "clean up cancelled"),
    ]


@pytest.mark.guarantee("21.3")
def test_a_cleanup_of_a_cancelled_run_that_cancels_itself_has_failed(
    run: Run, journal: Journal
) -> None:
    processor = cancelled_at_5(journal, journal.fails("clean up", asyncio.CancelledError()))

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert notes(ending) == (
        "sdax: task 'a', post_execute, attempt 1: StrayCancellationError: "
        "task 'a', post_execute: raised CancelledError, but nobody had asked it to stop"
    )


@pytest.mark.guarantee("17.5", "1.1")
def test_the_note_of_a_task_whose_key_is_none_names_it_as_well(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None, None]
        .builder()
        .add_task(
            AsyncTask(
                None,
                execute=journal.takes("work", 60),
                post_execute=journal.fails("clean up", OSError("cannot delete")),
            )
        )
        .build()
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    expected = "sdax: task None, post_execute, attempt 1: OSError: cannot delete"
    assert notes(ending) == expected
