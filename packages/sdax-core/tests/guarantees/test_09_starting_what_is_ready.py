"""Guarantee 9: what is ready is started, in order, and sdax does not yield by itself."""

import asyncio
import sys
from typing import Any

import pytest
from guarantee_support import Journal, LoopKind, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

PHASES = ("pre_execute", "execute", "post_execute")


@pytest.mark.guarantee("9.1")
@pytest.mark.parametrize("phase", PHASES)
def test_what_is_ready_starts_in_the_order_of_adding(
    run: Run, journal: Journal, phase: str
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    names = ["slow", "quick", "slow too", "quick too", "slowest"]
    for seconds, name in enumerate(names, 1):
        slow = name.startswith("slow")
        function = journal.takes(name, seconds) if slow else journal.quick(name)
        functions: dict[str, Any] = {phase: function}
        builder.add_task(AsyncTask(name, **functions))

    run(builder.build().process_tasks(None))

    assert [event for event in journal.timed if "ended" not in event[1]] == [(0, n) for n in names]


@pytest.mark.guarantee("9.2")
@pytest.mark.parametrize("phase", PHASES)
def test_what_is_ready_starts_beside_what_is_running(
    run: Run, journal: Journal, phase: str
) -> None:
    """Each end makes several functions ready; the first of them suspends and holds up no other."""
    dependencies: dict[str, tuple[str, ...]] = {
        "a": (),
        "b": ("a",),
        "c": ("a",),
        "d": ("b",),
        "e": ("b",),
        "f": ("b",),
    }
    builder = AsyncDagTaskProcessor[None].builder()
    for name, before in dependencies.items():
        functions: dict[str, Any] = {phase: journal.takes(name, 1)}
        after = tuple(other for other, needs in dependencies.items() if name in needs)
        builder.add_task(
            AsyncTask(name, **functions), depends_on=after if phase == "post_execute" else before
        )

    run(builder.build(execute_order="dependencies").process_tasks(None))

    starts = [(time, event) for time, event in journal.timed if "ended" not in event]
    assert starts == [(0, "a"), (1, "b"), (1, "c"), (2, "d"), (2, "e"), (2, "f")]


@pytest.mark.guarantee("9.6")
def test_functions_of_a_phase_that_never_suspend_hold_the_event_loop(
    run_anywhere: Run, journal: Journal
) -> None:
    async def tell_the_loop() -> None:
        asyncio.get_running_loop().call_soon(journal.write, "the loop goes on")

    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("first", execute=journal.does("first", tell_the_loop)))
    builder.add_task(AsyncTask("beside", execute=journal.quick("beside")))
    builder.add_task(AsyncTask("second", execute=journal.quick("second")), depends_on=("first",))
    builder.add_task(AsyncTask("third", execute=journal.quick("third")), depends_on=("second",))

    async def main() -> None:
        await builder.build(execute_order="dependencies").process_tasks(None)
        await asyncio.sleep(0)

    run_anywhere(main())

    expected = ["first", "first ended", "beside", "second", "third", "the loop goes on"]
    assert journal.events == expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 a Task cannot start eagerly")
@pytest.mark.guarantee("9.6")
@pytest.mark.parametrize("kind", [LoopKind(name="lazy"), LoopKind(name="eager", factory="eager")])
def test_a_whole_run_that_never_suspends_holds_the_event_loop(
    kind: LoopKind, journal: Journal
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("a", "b"):
        quick = journal.quick(name)
        builder.add_task(AsyncTask(name, pre_execute=quick, execute=quick, post_execute=quick))

    async def main() -> None:
        asyncio.get_running_loop().call_soon(journal.write, "the loop goes on")
        await builder.build().process_tasks(None)
        await asyncio.sleep(0)

    kind.run(main())

    assert journal.events == [*["a", "b"] * 3, "the loop goes on"]


async def run_in_a_task_that_functions_know(
    processor: AsyncDagTaskProcessor[list[asyncio.Task[Any] | None]],
) -> None:
    await processor.process_tasks([asyncio.current_task()])


@pytest.mark.guarantee("9.7")
@pytest.mark.parametrize(
    ("phase", "ran"),
    [
        ("pre_execute", ["cancelling", "clean"]),
        ("execute", ["pre", "cancelling", "clean"]),
    ],
)
def test_a_cancel_requested_by_what_never_suspends_is_received_before_the_next_phase(
    run_anywhere: Run, journal: Journal, phase: str, ran: list[str]
) -> None:
    async def cancel_the_run(ctx: list[asyncio.Task[Any] | None]) -> None:
        journal.write("cancelling")
        for task in ctx:
            assert task is not None
            task.cancel()

    functions: dict[str, Any] = {
        "pre_execute": journal.quick("pre"),
        "execute": journal.quick("execute"),
        "post_execute": journal.quick("clean"),
        phase: TaskFunction(cancel_the_run),
    }
    builder = AsyncDagTaskProcessor[list[asyncio.Task[Any] | None]].builder()
    processor = builder.add_task(AsyncTask("task", **functions)).build()

    async def main() -> None:
        task = asyncio.create_task(run_in_a_task_that_functions_know(processor))
        await asyncio.wait([task])
        assert task.cancelled()

    run_anywhere(main())

    assert journal.events == ran


@pytest.mark.guarantee("9.7")
def test_a_cancel_from_before_the_run_does_not_disturb_it(run: Run, journal: Journal) -> None:
    takes_a_while = journal.takes("task", 1)
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("task", pre_execute=takes_a_while, post_execute=takes_a_while))
    processor = builder.build()

    async def run_when_cancelled() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await processor.process_tasks(None)
            journal.write("the run is over")
            raise

    async def main() -> None:
        task = asyncio.create_task(run_when_cancelled())
        asyncio.get_running_loop().call_later(5, task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())

    assert journal.timed == [
        (5, "task"),
        (6, "task ended"),
        (6, "task"),
        (7, "task ended"),
        (7, "the run is over"),
    ]
