"""Guarantee 21: a cancellation is not a failure, unless nobody asked for it."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
)

RETRY_EVERYTHING: dict[str, Any] = {
    "retries": 5,
    "initial_delay": 0,
    "retryable_exceptions": (BaseException,),
}


@pytest.mark.guarantee("21.1", "21.2")
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, RETRY_EVERYTHING], ids=str)
def test_a_function_that_the_run_cancels_is_not_retried_and_has_not_failed(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    error = OSError("no such host")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.takes("a", 9, **settings)))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1, error)))
        .build()
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
    assert journal.events == ["a", "b", "b raised OSError", "a cancelled"]


@pytest.mark.guarantee("21.1", "21.2")
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, RETRY_EVERYTHING], ids=str)
def test_a_function_that_the_caller_cancels_is_not_retried_and_has_not_failed(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.takes("a", 9, **settings)))

    ending = run(ended_after_cancels(builder.build().process_tasks(None), 2))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == ""
    assert journal.timed == [(0, "a"), (2, "a cancelled")]


@pytest.mark.guarantee("21.1", "14.7")
def test_a_function_that_answers_its_cancel_with_a_retryable_error_is_not_retried(
    run: Run, journal: Journal
) -> None:
    async def lose_the_connection() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionError("lost") from None

    function = journal.does("a", lose_the_connection, retries=3, initial_delay=0)
    builder = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", execute=function))

    ending = run(ended_after_cancels(builder.build().process_tasks(None), 2))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == "sdax: task 'a', execute, attempt 1: ConnectionError: lost"
    assert journal.timed == [(0, "a"), (2, "a raised ConnectionError")]


@pytest.mark.guarantee("21.5")
def test_a_function_cancelled_by_the_caller_while_it_waits_to_be_retried_has_not_failed(
    run: Run, journal: Journal, longest_delays: None
) -> None:
    bad = journal.fails("a", ConnectionError("down"), retries=3, initial_delay=10)
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", execute=bad)).build()
    failures: list[BaseException] = []

    async def phases() -> None:
        async with processor.open(None) as runner:
            try:
                while await runner.run_next():
                    pass
            finally:
                failures.extend(runner.failures())

    ending = run(ended_after_cancels(phases(), 15))

    assert isinstance(ending, asyncio.CancelledError)
    assert failures == []
    assert notes(ending) == (
        "sdax: task 'a', execute: cancelled while waiting for attempt 3; "
        "attempt 2 had failed with ConnectionError: down"
    )
    assert journal.timed == [(0, "a"), (10, "a")]


@pytest.mark.guarantee("21.5")
def test_a_function_cancelled_by_a_sibling_while_it_waits_to_be_retried_has_not_failed(
    run: Run, journal: Journal
) -> None:
    error = OSError("no such host")
    bad = journal.fails("a", ConnectionError("down"), retries=3, initial_delay=10)
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=bad, post_execute=journal.quick("a.post")))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1, error)))
        .build()
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
    assert "attempt 1 had failed with ConnectionError: down" in notes(ending)
    assert journal.timed == [(0, "a"), (0, "b"), (1, "b raised OSError"), (1, "a.post")]
