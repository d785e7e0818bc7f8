"""Guarantee 20: a run leaves nothing behind, however it ended.

Every other test of a guarantee checks this too, as `run` does it; here are the endings side by side.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from guarantee_support import CLOCK_KINDS, Journal, Run, ended, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxTaskGroup, TaskFunction

Settings = dict[str, Any]
ERROR = ConnectionError("down")
PHASES = ("pre_execute", "execute", "post_execute")


async def with_subtasks(_: object, group: SdaxTaskGroup) -> None:
    group.create_task(asyncio.sleep(2))
    group.create_task(asyncio.sleep(30))
    await asyncio.sleep(1)


async def group_that_fails(_: object, group: SdaxTaskGroup) -> None:
    group.create_task(asyncio.sleep(30))
    await asyncio.sleep(1)
    raise ERROR


GROUP: Settings = {"has_task_group_argument": True}
FUNCTIONS: dict[str, Callable[[Journal], TaskFunction[Any]]] = {
    "returns": lambda journal: journal.quick("f"),
    "suspends": lambda journal: journal.takes("f", 3),
    "fails": lambda journal: journal.fails("f", ERROR),
    "fails late": lambda journal: journal.takes("f", 3, ERROR),
    "has a timeout it does not need": lambda journal: journal.takes("f", 3, timeout=9),
    "times out": lambda journal: journal.takes("f", 30, timeout=3),
    "is retried": lambda journal: journal.fails("f", ERROR, retries=3, initial_delay=2),
    "times out and is retried": lambda journal: journal.takes("f", 9, timeout=1, retries=2),
    "has subtasks": lambda _: TaskFunction(with_subtasks, **GROUP),
    "times out with subtasks": lambda _: TaskFunction(with_subtasks, timeout=3, **GROUP),
    "fails with subtasks": lambda _: TaskFunction(group_that_fails, retries=1, **GROUP),
    "is interrupted": lambda journal: journal.takes("f", 3, SystemExit(3)),
    "is cancelled by itself": lambda journal: journal.takes("f", 3, asyncio.CancelledError()),
}


@pytest.mark.guarantee("20.1", "20.2", "20.3")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("cancelled", [False, True])
def test_no_ending_leaves_a_task_a_timer_or_a_warning_behind(
    run: Run, journal: Journal, phase: str, function: str, cancelled: bool
) -> None:
    settings: Settings = {phase: FUNCTIONS[function](journal)}
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("task", **settings))
        .add_task(AsyncTask("beside", pre_execute=journal.takes("beside", 2)))
        .add_task(AsyncTask("clean", post_execute=journal.takes("clean", 4, timeout=9)))
        .build(cleanup_timeout=20)
    )

    async def main() -> None:
        await ended_after_cancels(processor.process_tasks(None), *((2.5, 2.7) if cancelled else ()))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


@pytest.mark.guarantee("20.1", "20.2", "20.3")
@pytest.mark.parametrize("phases", range(4))
def test_a_block_left_at_any_point_leaves_nothing_behind(
    run: Run, journal: Journal, phases: int
) -> None:
    busy = journal.takes("busy", 1, timeout=5)
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("task", pre_execute=busy, execute=busy, post_execute=busy))
        .build(cleanup_timeout=20)
    )

    async def main() -> None:
        async with processor.open(None) as runner:
            for _ in range(phases):
                await runner.run_next()

    run(main())


async def never_awaited() -> None: ...


async def leave_a_task() -> None:
    asyncio.get_running_loop().left = asyncio.create_task(asyncio.sleep(9))  # type: ignore[attr-defined]


async def leave_a_timer() -> None:
    asyncio.get_running_loop().call_later(9, print)


async def leave_an_exception() -> None:
    asyncio.get_running_loop().create_future().set_exception(ERROR)


@pytest.mark.parametrize("main", [leave_a_task, leave_a_timer, leave_an_exception])
def test_the_check_itself_notices_what_is_left_behind(
    main: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    with pytest.raises(AssertionError):
        CLOCK_KINDS[0].run(main())


def test_the_check_itself_lets_a_clean_run_pass() -> None:
    assert CLOCK_KINDS[0].run(ended(asyncio.sleep(1))) is None
