"""Guarantee 19: cancel requests after the first."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from guarantee_support import Journal, LoopKind, Run, ended_after_cancels, settled
from sdax_core import AsyncDagTaskProcessor, AsyncTask
from sdax_proof import FACTORIES, cancel_at_step, running_loop

ANYIO_KINDS = [
    LoopKind(name=factory or "lazy", factory=factory, anyio=True) for factory in FACTORIES
]


def slow_to_stop(journal: Journal) -> AsyncDagTaskProcessor[None]:
    """Its execute takes 2 s to stop when it is cancelled, and its cleanup takes 60 s."""

    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            journal.write("stopping")
            await asyncio.sleep(2)
            raise

    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "task",
                execute=journal.does("execute", stop_slowly),
                post_execute=journal.takes("clean up", 60),
            )
        )
        .build()
    )


UNDISTURBED = [
    (0, "execute"),
    (5, "stopping"),
    (7, "execute cancelled"),
    (7, "clean up"),
    (67, "clean up ended"),
]


@pytest.mark.guarantee("19.1")
@pytest.mark.parametrize("again", [(5,), (6,), (7,), (8, 9, 66), (5.5, 6.5, 7.5)])
def test_further_cancels_change_nothing(
    run: Run, journal: Journal, again: tuple[float, ...]
) -> None:
    ending = run(ended_after_cancels(slow_to_stop(journal).process_tasks(None), 5, *again))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == UNDISTURBED


@pytest.mark.guarantee("19.1")
@pytest.mark.parametrize("kind", ANYIO_KINDS, ids=lambda kind: kind.name)
def test_a_cancel_before_every_step_of_the_loop_changes_nothing(
    kind: LoopKind, journal: Journal
) -> None:
    async def main() -> None:
        task = asyncio.create_task(slow_to_stop(journal).process_tasks(None))
        await asyncio.sleep(5)
        cancelling = cancel_at_step(task, 1, repeatedly=True)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert cancelling.requests > 3

    kind.run(main())

    assert journal.timed == UNDISTURBED


@pytest.mark.guarantee("19.2", "19.1")
@pytest.mark.parametrize("kind", ANYIO_KINDS, ids=lambda kind: kind.name)
def test_waiting_for_cleanup_in_a_cancelled_anyio_scope_does_not_spin(
    kind: LoopKind, journal: Journal
) -> None:
    async def main() -> int:
        cycles_before = running_loop().cycles
        with anyio.move_on_after(5):
            await slow_to_stop(journal).process_tasks(None)
        return running_loop().cycles - cycles_before

    assert kind.run(main()) < 50
    assert journal.timed == UNDISTURBED


@pytest.mark.guarantee("19.2")
@pytest.mark.parametrize("kind", ANYIO_KINDS, ids=lambda kind: kind.name)
def test_neither_does_a_run_that_is_begun_in_a_cancelled_anyio_scope(
    kind: LoopKind, journal: Journal
) -> None:
    """The scope is cancelled before the run begins, by its own body."""

    async def main() -> int:
        cycles_before = running_loop().cycles
        with anyio.CancelScope() as scope:
            scope.cancel()
            await slow_to_stop(journal).process_tasks(None)
        return running_loop().cycles - cycles_before

    assert kind.run(main()) < 50
    # Whether the function began at all is open; what began was cleaned up in full.
    assert journal.events[-1:] in ([], ["clean up ended"])


@pytest.mark.guarantee("19.2", "19.1")
@pytest.mark.parametrize("kind", ANYIO_KINDS, ids=lambda kind: kind.name)
def test_a_cancel_during_cleanup_in_an_anyio_scope_comes_once_and_does_not_spin(
    kind: LoopKind, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.takes("a", 60)))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 60)), depends_on=("a",))
        .build()
    )

    async def main() -> int:
        cycles_before = running_loop().cycles
        with anyio.move_on_after(5):
            await processor.process_tasks(None)
        return running_loop().cycles - cycles_before

    assert kind.run(main()) < 50
    assert journal.timed == [(0, "b"), (5, "b cancelled"), (5, "a"), (65, "a ended")]


async def cancelled_in_the_body(_: object) -> None:
    await asyncio.sleep(600)


async def cancelled_by_the_body(_: object) -> None:
    await asyncio.sleep(5)
    raise asyncio.CancelledError


@pytest.mark.guarantee("19.3")
@pytest.mark.parametrize("body", [cancelled_in_the_body, cancelled_by_the_body])
@pytest.mark.parametrize("phases", [1, 2])
def test_a_cancellation_that_leaves_the_body_counts_as_the_first(
    run: Run, journal: Journal, body: Callable[[object], Any], phases: int
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.takes("a", 4)))
        .build()
    )

    async def block() -> None:
        async with processor.open(None) as runner:
            for _ in range(phases):
                await runner.run_next()
            await body(None)

    ending = run(ended_after_cancels(block(), 5, 6, 7))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(5, "a"), (9, "a ended")]


@pytest.mark.guarantee("19.4")
@pytest.mark.parametrize("run_comes_first", [True, False])
def test_a_function_cancelled_by_a_shutdown_is_not_cancelled_again(
    run: Run, journal: Journal, run_comes_first: bool
) -> None:
    """A shutdown cancels every Task of the loop, once."""

    async def main() -> None:
        task = asyncio.create_task(slow_to_stop(journal).process_tasks(None))
        await asyncio.sleep(5)
        everything = asyncio.all_tasks() - {asyncio.current_task()}
        for one in sorted(everything, key=lambda one: (one is task) is not run_comes_first):
            one.cancel()
        await asyncio.wait(everything)
        assert task.cancelled()

    run(main())

    assert journal.timed == UNDISTURBED


@pytest.mark.guarantee("17.1", "19.4", "20.1")
def test_a_run_ends_whose_tasks_are_cancelled_twice_before_their_first_step(
    run: Run, journal: Journal
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for key in "abc":
        builder.add_task(AsyncTask(key, journal.takes(key, 5), None, journal.quick("clean up")))

    async def main() -> None:
        task = asyncio.create_task(builder.build().process_tasks(None))
        await asyncio.sleep(0)
        for _ in range(2):
            for one in asyncio.all_tasks() - {asyncio.current_task()}:
                one.cancel()
        await asyncio.wait({task}, timeout=60)
        assert task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())

    begun = sum(event in ("a", "b", "c") for event in journal.events)
    assert journal.events.count("clean up") == begun


@pytest.mark.guarantee("19.4", "20.1")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_asyncio_run_that_ends_with_runs_in_flight_cancels_each_function_once(
    journal: Journal, phase: str
) -> None:
    counts: list[int] = []

    async def count_cancels() -> None:
        count = 0
        for _ in range(10):
            try:
                await asyncio.sleep(0 if count else 600)
            except asyncio.CancelledError:
                count += 1
        counts.append(count)

    counting: dict[str, Any] = {phase: journal.does("function", count_cancels)}
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("last", post_execute=journal.takes("clean up", 0)))
        .add_task(AsyncTask("a", **counting), depends_on=("last",))
        .build()
    )
    runs: list[asyncio.Task[None]] = []

    async def main() -> None:
        runs.extend(asyncio.create_task(processor.process_tasks(None)) for _ in range(3))
        await settled()
        assert journal.events == ["function"] * 3

    asyncio.run(main())

    assert counts == [1, 1, 1]
    assert journal.events.count("clean up ended") == 3
    assert all(one.cancelled() for one in runs)
