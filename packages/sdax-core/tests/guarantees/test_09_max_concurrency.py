"""Guarantee 9, the exception: max_concurrency."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction

PHASES = ("pre_execute", "execute", "post_execute")


@pytest.mark.guarantee("9.3", "9.4")
@pytest.mark.parametrize("phase", PHASES)
def test_so_many_run_at_once_and_the_others_come_first_come_first_served(
    run: Run, journal: Journal, phase: str
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name, seconds in (("a", 3), ("b", 1), ("c", 1), ("d", 2), ("e", 1)):
        functions: dict[str, Any] = {phase: journal.takes(name, seconds)}
        builder.add_task(AsyncTask(name, **functions))

    run(builder.build(max_concurrency=2).process_tasks(None))

    starts = [(time, event) for time, event in journal.timed if "ended" not in event]
    assert starts == [(0, "a"), (0, "b"), (1, "c"), (2, "d"), (3, "e")]
    assert journal.timed[-1][0] == 4


@pytest.mark.guarantee("9.4")
def test_what_became_ready_later_starts_later_even_if_its_task_was_added_first(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("late", pre_execute=journal.takes("late", 1)), depends_on=("a",))
        .add_task(AsyncTask("a", pre_execute=journal.takes("a", 1)))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1)))
        .add_task(AsyncTask("c", pre_execute=journal.takes("c", 1)))
        .build(max_concurrency=1)
    )

    run(processor.process_tasks(None))

    starts = [(time, event) for time, event in journal.timed if "ended" not in event]
    assert starts == [(0, "a"), (1, "b"), (2, "c"), (3, "late")]


@pytest.mark.guarantee("9.3")
def test_the_bound_is_for_each_run_on_its_own(run: Run) -> None:
    running: set[object] = set()
    most: list[int] = []

    async def count(ctx: str) -> None:
        me = object()
        running.add(me)
        most.append(len(running))
        await asyncio.sleep(1)
        running.remove(me)

    builder = AsyncDagTaskProcessor[str].builder()
    for name in "abcdef":
        builder.add_task(AsyncTask(name, execute=TaskFunction(count)))
    processor = builder.build(max_concurrency=2)

    async def main() -> None:
        await asyncio.gather(*(processor.process_tasks(name) for name in ("one", "two", "three")))

    run(main())

    assert max(most) == 6


@pytest.mark.guarantee("9.3")
def test_a_bound_of_one_runs_one_after_another(run_anywhere: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name in "abc":
        pause = journal.takes(name, 0)
        builder.add_task(AsyncTask(name, pre_execute=pause, execute=pause, post_execute=pause))

    run_anywhere(builder.build(max_concurrency=1).process_tasks(None))

    assert journal.events == ["a", "a ended", "b", "b ended", "c", "c ended"] * 3


@pytest.mark.guarantee("9.5")
def test_a_function_keeps_its_place_while_it_waits_to_be_retried(
    run: Run, journal: Journal, longest_delays: None
) -> None:
    failures = [ConnectionError("down")]

    async def connect() -> None:
        if failures:
            raise failures.pop()

    retried = journal.does("retried", connect, retries=1, initial_delay=10)
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", execute=retried))
        .add_task(AsyncTask("b", execute=journal.quick("b")))
        .build(max_concurrency=1)
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "retried"),
        (0, "retried raised ConnectionError"),
        (10, "retried"),
        (10, "retried ended"),
        (10, "b"),
    ]


@pytest.mark.guarantee("9.3", "10.5")
def test_what_waits_for_a_place_when_one_fails_is_not_begun_and_not_cleaned_up(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "a",
                pre_execute=journal.takes("a", 1, OSError("no")),
                post_execute=journal.quick("a.post"),
            )
        )
        .add_task(
            AsyncTask("b", pre_execute=journal.quick("b"), post_execute=journal.quick("b.post"))
        )
        .build(max_concurrency=1)
    )

    with pytest.raises(SdaxExecutionError):
        run(processor.process_tasks(None))

    assert journal.events == ["a", "a raised OSError", "a.post"]
