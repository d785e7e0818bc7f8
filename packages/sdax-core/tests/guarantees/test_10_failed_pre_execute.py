"""Guarantee 10: what the first failed pre_execute does."""

import asyncio

import pytest
from guarantee_support import Journal, Run, settled
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError


@pytest.mark.guarantee("10.1", "10.2", "10.3")
def test_a_failed_pre_execute_cancels_what_runs_and_starts_no_more(
    run: Run, journal: Journal
) -> None:
    error = OSError("no such host")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("fast", pre_execute=journal.takes("fast", 1)))
        .add_task(AsyncTask("bad", pre_execute=journal.takes("bad", 2, error)))
        .add_task(AsyncTask("slow", pre_execute=journal.takes("slow", 5)))
        .add_task(AsyncTask("after", pre_execute=journal.quick("after")), depends_on=("slow",))
        .add_task(AsyncTask("work", execute=journal.quick("execute")), depends_on=("fast",))
        .build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert caught.value.exceptions == (error,)
    assert journal.timed == [
        (0, "fast"),
        (0, "bad"),
        (0, "slow"),
        (1, "fast ended"),
        (2, "bad raised OSError"),
        (2, "slow cancelled"),
    ]


@pytest.mark.guarantee("10.1", "10.3")
def test_a_pre_execute_that_times_out_has_failed(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", pre_execute=journal.takes("bad", 5, timeout=3)))
        .add_task(AsyncTask("slow", pre_execute=journal.takes("slow", 5)))
        .add_task(AsyncTask("work", execute=journal.quick("execute")))
        .build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert [type(error) for error in caught.value.exceptions] == [TimeoutError]
    assert journal.timed == [
        (0, "bad"),
        (0, "slow"),
        (3, "bad cancelled"),
        (3, "slow cancelled"),
    ]


@pytest.mark.guarantee("10.1")
def test_a_pre_execute_has_failed_when_its_retries_are_used_up(
    run: Run, journal: Journal, longest_delays: None
) -> None:
    bad = journal.fails("bad", ConnectionError("down"), retries=1, initial_delay=2)
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", pre_execute=bad))
        .add_task(AsyncTask("slow", pre_execute=journal.takes("slow", 5)))
        .build()
    )

    with pytest.raises(SdaxExecutionError):
        run(processor.process_tasks(None))

    assert journal.timed == [(0, "bad"), (0, "slow"), (2, "bad"), (2, "slow cancelled")]


@pytest.mark.guarantee("10.2")
def test_nothing_that_the_cancelled_ones_make_ready_starts(run: Run, journal: Journal) -> None:
    """A function that swallows its cancellation succeeds; what depends on it still does not start."""

    async def insist() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("insists", pre_execute=journal.does("insists", insist)))
        .add_task(AsyncTask("bad", pre_execute=journal.takes("bad", 2, OSError("no"))))
        .add_task(AsyncTask("after", pre_execute=journal.quick("after")), depends_on=("insists",))
        .build()
    )

    with pytest.raises(SdaxExecutionError):
        run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "insists"),
        (0, "bad"),
        (2, "bad raised OSError"),
        (3, "insists ended"),
    ]


@pytest.mark.guarantee("10.4")
def test_a_sibling_whose_wake_up_is_queued_already_still_gets_it(
    run_anywhere: Run, journal: Journal
) -> None:
    gate = asyncio.Event()

    async def fail() -> None:
        await gate.wait()
        raise OSError("no such host")

    async def go_on() -> None:
        await gate.wait()
        journal.write("woke up")
        await asyncio.sleep(60)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", pre_execute=journal.does("bad", fail)))
        .add_task(AsyncTask("ends", pre_execute=journal.waits("ends", gate)))
        .add_task(AsyncTask("goes on", pre_execute=journal.does("goes on", go_on)))
        .add_task(AsyncTask("waits", pre_execute=journal.waits("waits", asyncio.Event())))
        .build()
    )

    async def main() -> None:
        task = asyncio.create_task(processor.process_tasks(None))
        await settled()
        gate.set()
        with pytest.raises(SdaxExecutionError):
            await task

    run_anywhere(main())

    assert journal.events == [
        *("bad", "ends", "goes on", "waits"),
        "bad raised OSError",
        "ends ended",
        "woke up",
        "goes on cancelled",
        "waits cancelled",
    ]


@pytest.mark.guarantee("10.5")
def test_what_was_ready_but_not_begun_is_not_begun_and_not_cleaned_up(
    run_anywhere: Run, journal: Journal
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    bad = journal.fails("bad", OSError("no such host"))
    builder.add_task(AsyncTask("a", pre_execute=bad, post_execute=journal.quick("a.post")))
    for name in ("b", "c"):
        builder.add_task(
            AsyncTask(
                name, pre_execute=journal.quick(name), post_execute=journal.quick(f"{name}.post")
            )
        )

    with pytest.raises(SdaxExecutionError):
        run_anywhere(builder.build().process_tasks(None))

    assert journal.events == ["bad", "a.post"]


@pytest.mark.guarantee("10.5")
def test_what_became_ready_in_the_same_moment_is_not_begun_either(
    run: Run, journal: Journal
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("first", pre_execute=journal.takes("first", 1)))
    builder.add_task(
        AsyncTask("a", pre_execute=journal.fails("bad", OSError("no such host"))),
        depends_on=("first",),
    )
    for name in ("b", "c"):
        builder.add_task(
            AsyncTask(
                name, pre_execute=journal.quick(name), post_execute=journal.quick(f"{name}.post")
            ),
            depends_on=("first",),
        )

    with pytest.raises(SdaxExecutionError):
        run(builder.build().process_tasks(None))

    assert journal.events == ["first", "first ended", "bad"]
