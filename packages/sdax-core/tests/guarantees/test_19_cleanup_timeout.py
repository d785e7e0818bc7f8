"""Guarantee 19: cleanup_timeout bounds cleanup."""

import asyncio

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    SdaxExecutionError,
)


def slow_cleanup(journal: Journal) -> AsyncDagTaskProcessorBuilder[None]:
    """`quick`, `c` and `d` clean up at once, `a` and `b` when `c` and `d` have ended."""
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.quick("a")))
        .add_task(AsyncTask("b", post_execute=journal.quick("b")))
        .add_task(AsyncTask("c", post_execute=journal.takes("c", 9)), depends_on=("a", "b"))
        .add_task(AsyncTask("d", post_execute=journal.takes("d", 8)), depends_on=("b",))
        .add_task(AsyncTask("quick", post_execute=journal.takes("quick", 1)))
    )


@pytest.mark.guarantee("19.5", "19.6")
def test_past_the_limit_running_cleanups_are_cancelled_and_the_others_not_started(
    run: Run, journal: Journal
) -> None:
    run(ended(slow_cleanup(journal).build(cleanup_timeout=5).process_tasks(None)))

    assert journal.timed == [
        (0, "c"),
        (0, "d"),
        (0, "quick"),
        (1, "quick ended"),
        (5, "c cancelled"),
        (5, "d cancelled"),
    ]


@pytest.mark.guarantee("19.7")
def test_a_timeout_error_that_names_both_lists_is_a_leaf(run: Run, journal: Journal) -> None:
    error = run(ended(slow_cleanup(journal).build(cleanup_timeout=5).process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    (leaf,) = error.exceptions
    assert type(leaf) is TimeoutError
    assert str(leaf) == (
        "cleanup not done within cleanup_timeout of 5 seconds; "
        "cancelled: 'c', 'd'; not started: 'a', 'b'"
    )


@pytest.mark.guarantee("19.5")
def test_a_cancelled_cleanup_is_awaited_as_long_as_it_takes(run: Run, journal: Journal) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(30)

    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", post_execute=journal.does("a", stop_slowly)))

    run(ended(builder.build(cleanup_timeout=5).process_tasks(None)))

    assert journal.timed == [(0, "a"), (35, "a cancelled")]


@pytest.mark.guarantee("19.5")
def test_the_limit_counts_from_the_start_of_cleanup(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    slow = journal.takes("slow", 100)
    builder.add_task(AsyncTask("a", pre_execute=slow, execute=slow, post_execute=slow))

    run(ended(builder.build(cleanup_timeout=5).process_tasks(None)))

    assert journal.timed[-2:] == [(200, "slow"), (205, "slow cancelled")]


@pytest.mark.guarantee("19.5", "19.6")
def test_a_limit_of_0_lets_only_what_never_suspends_clean_up(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.quick("a")))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 1)), depends_on=("a",))
        .add_task(AsyncTask("c", post_execute=journal.quick("c")), depends_on=("b",))
        .build(cleanup_timeout=0)
    )

    error = run(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert str(error.exceptions[0]).endswith("cancelled: 'b'; not started: 'a'")
    assert journal.timed == [(0, "c"), (0, "b"), (0, "b cancelled")]


@pytest.mark.guarantee("19.5")
@pytest.mark.parametrize("limit", [None, 10, 10.5])
def test_cleanup_within_its_limit_is_not_disturbed(
    run: Run, journal: Journal, limit: float | None
) -> None:
    run(slow_cleanup(journal).build(cleanup_timeout=limit).process_tasks(None))

    assert journal.timed[-2:] == [(9, "a"), (9, "b")]


@pytest.mark.guarantee("19.7", "14.1")
def test_the_timeout_is_raised_together_with_the_other_failures(run: Run, journal: Journal) -> None:
    builder = slow_cleanup(journal)
    builder.add_task(AsyncTask("bad", execute=journal.fails("bad", OSError("no such host"))))

    error = run(ended(builder.build(cleanup_timeout=5).process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert [type(leaf) for leaf in error.exceptions] == [OSError, TimeoutError]


@pytest.mark.guarantee("19.8")
@pytest.mark.parametrize(
    ("cancelled_at", "lists"),
    [
        (2, "cancelled: 'c', 'd'; not started: 'a', 'b'"),  # in execute
        (12, "cancelled: 'b'; not started: none"),  # in cleanup: 'c' and 'd' make way for 'b'
    ],
)
def test_if_the_run_was_cancelled_the_timeout_is_a_note(
    run: Run, journal: Journal, cancelled_at: float, lists: str
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.quick("a")))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 9)))
        .add_task(AsyncTask("c", post_execute=journal.takes("c", 9)), depends_on=("a", "b"))
        .add_task(AsyncTask("d", post_execute=journal.takes("d", 8)), depends_on=("b",))
        .add_task(AsyncTask("work", execute=journal.takes("work", 10)))
        .build(cleanup_timeout=5)
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), cancelled_at))

    assert isinstance(ending, asyncio.CancelledError)
    expected = f"TimeoutError: cleanup not done within cleanup_timeout of 5 seconds; {lists}"
    assert notes(ending) == expected


@pytest.mark.guarantee("19.5")
def test_further_cancels_do_not_disturb_what_the_limit_cancelled(
    run: Run, journal: Journal
) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(30)

    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", post_execute=journal.does("a", stop_slowly)))

    ending = run(ended_after_cancels(builder.build(cleanup_timeout=5).process_tasks(None), 6, 7, 8))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(0, "a"), (35, "a cancelled")]
