"""Guarantee 24: functions that take the task group."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    SdaxExecutionError,
    SdaxTaskGroup,
    TaskFunction,
)

GroupFunction = Callable[[object, SdaxTaskGroup], Coroutine[Any, Any, object]]


def grouped(function: GroupFunction, **settings: Any) -> TaskFunction[Any]:
    return TaskFunction(function, has_task_group_argument=True, initial_delay=0, **settings)


def with_one(function: GroupFunction, **settings: Any) -> AsyncDagTaskProcessorBuilder[None]:
    task = AsyncTask("a", execute=grouped(function, **settings))
    return AsyncDagTaskProcessor[None].builder().add_task(task)


def error_of(run: Run, processor: AsyncDagTaskProcessor[None]) -> SdaxExecutionError:
    ending = run(ended(processor.process_tasks(None)))
    assert isinstance(ending, SdaxExecutionError)
    return ending


async def fail_after(seconds: float, error: Exception) -> None:
    await asyncio.sleep(seconds)
    raise error


class Parts:
    """Subtasks that write down how they end."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def part(self, name: str, seconds: float) -> str:
        self.journal.write(name)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.journal.write(f"{name} cancelled")
            raise
        self.journal.write(f"{name} ended")
        return name


@pytest.mark.guarantee("24.1")
def test_subtasks_run_beside_the_function_and_give_it_their_results(
    run: Run, journal: Journal
) -> None:
    parts = Parts(journal)

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        one = group.create_task(parts.part("one", 2), name="the first part")
        two = group.create_task(parts.part("two", 1))
        assert isinstance(one, asyncio.Task)
        assert one.get_name() == "the first part"
        journal.write(f"{await one} {await two}")

    run(with_one(whole).build().process_tasks(None))

    assert journal.timed == [
        (0, "one"),
        (0, "two"),
        (1, "two ended"),
        (2, "one ended"),
        (2, "one two"),
    ]


@pytest.mark.guarantee("24.1", "24.4", "24.5")
def test_each_attempt_has_a_scope_of_its_own(run: Run, journal: Journal) -> None:
    parts = Parts(journal)
    scopes: list[SdaxTaskGroup] = []

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        scopes.append(group)
        group.create_task(parts.part(f"part {len(scopes)}", 5))
        if len(scopes) < 3:
            await fail_after(1, ConnectionError("down"))

    run(with_one(whole, retries=2).build().process_tasks(None))

    assert len({id(scope) for scope in scopes}) == 3
    assert journal.timed == [
        *((0, "part 1"), (1, "part 1 cancelled")),
        *((1, "part 2"), (2, "part 2 cancelled")),
        *((2, "part 3"), (7, "part 3 ended")),
    ]


@pytest.mark.guarantee("24.2")
def test_an_attempt_ends_when_all_its_subtasks_have_ended(run: Run, journal: Journal) -> None:
    parts = Parts(journal)

    async def return_early(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(parts.part("short", 1))
        group.create_task(parts.part("long", 5))

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=grouped(return_early)))
        .add_task(AsyncTask("b", pre_execute=journal.quick("b")), depends_on=("a",))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "short"),
        (0, "long"),
        (1, "short ended"),
        (5, "long ended"),
        (5, "b"),
    ]


@pytest.mark.guarantee("24.3", "24.5", "24.6")
def test_a_failed_subtask_fails_the_attempt_and_comes_out_as_itself(
    run: Run, journal: Journal
) -> None:
    parts, error = Parts(journal), OSError("no such host")

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(parts.part("sibling", 9))
        group.create_task(fail_after(2, error))
        await parts.part("function", 9)

    assert error_of(run, with_one(whole).build()).exceptions == (error,)
    assert sorted(journal.timed) == [  # eager factories begin the subtasks first
        (0, "function"),
        (0, "sibling"),
        (2, "function cancelled"),
        (2, "sibling cancelled"),
    ]


@pytest.mark.guarantee("24.5", "17.1")
def test_a_cancelled_run_cancels_and_awaits_the_subtasks(run: Run, journal: Journal) -> None:
    parts = Parts(journal)

    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(3)
            journal.write("stopped")

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(parts.part("part", 60))
        group.create_task(stop_slowly())

    processor = with_one(whole).add_task(AsyncTask("b", post_execute=journal.quick("b"))).build()

    ending = run(ended_after_cancels(processor.process_tasks(None), 5, 6))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(0, "part"), (5, "part cancelled"), (8, "stopped"), (8, "b")]
