"""Guarantee 17: failures beside a cancellation."""

import asyncio

import pytest
from guarantee_support import Journal, Run, ended_after_cancels, notes
from sdax_core import AsyncDagTaskProcessor, AsyncTask


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
