"""Running levels: every function starts exactly when its level does, in all three phases."""

import asyncio
from typing import Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdax_core import AsyncTask, SdaxExecutionError, TaskFunction
from sdax_levels import AsyncTaskProcessor
from sdax_proof import run

Phase = Literal["pre_execute", "execute", "post_execute"]
Start = tuple[float, str, Phase]
ExecuteOrder = Literal["together", "dependencies"]


class LevelTask(NamedTuple):
    """A task in a level, with the seconds that its functions take; None where it has none."""

    name: str
    level: int
    pre_execute: int | None = None
    execute: int | None = None
    post_execute: int | None = None


def starts(
    tasks: list[LevelTask], execute_order: ExecuteOrder = "together", fails: Start | None = None
) -> list[Start]:
    """Run the levels, and say when each function started, in the order in which they did.

    Args:
        tasks: What to run.
        execute_order: The build option.
        fails: The second in which one function fails, its task and its phase.
    """
    started: list[Start] = []

    def function(name: str, phase: Phase, seconds: int | None) -> TaskFunction[None] | None:
        async def work(ctx: None) -> None:
            started.append((asyncio.get_running_loop().time(), name, phase))
            if fails is not None and fails[1:] == (name, phase):
                await asyncio.sleep(fails[0])
                raise ValueError(name)
            await asyncio.sleep(seconds or 0)

        return None if seconds is None else TaskFunction(work)

    builder = AsyncTaskProcessor[None].builder()
    for task in tasks:
        builder.add_task(
            AsyncTask(
                task.name,
                function(task.name, "pre_execute", task.pre_execute),
                function(task.name, "execute", task.execute),
                function(task.name, "post_execute", task.post_execute),
            ),
            task.level,
        )
    processor = builder.build(execute_order=execute_order)
    if fails is None:
        run(processor.process_tasks(None))
    else:
        with pytest.raises(SdaxExecutionError) as raised:
            run(processor.process_tasks(None))
        assert [str(error) for error in raised.value.leaf_exceptions()] == [fails[1]]
    return started


UP_AND_DOWN = [
    LevelTask("C", 2, 1, 1, 3),
    LevelTask("A", 1, 2, 1, 1),
    LevelTask("B", 1, 4, 1, 2),
    LevelTask("D", 7, 1, 1, 1),
]


def test_levels_go_up_one_after_another_and_come_down_in_reverse() -> None:
    assert starts(UP_AND_DOWN) == [
        (0, "A", "pre_execute"),
        (0, "B", "pre_execute"),
        (4, "C", "pre_execute"),
        (5, "D", "pre_execute"),
        # All at once, in the order of adding.
        (6, "C", "execute"),
        (6, "A", "execute"),
        (6, "B", "execute"),
        (6, "D", "execute"),
        (7, "D", "post_execute"),
        (8, "C", "post_execute"),
        (11, "A", "post_execute"),
        (11, "B", "post_execute"),
    ]


def test_execute_goes_level_by_level_too_if_it_follows_the_dependencies() -> None:
    executed = [start for start in starts(UP_AND_DOWN, "dependencies") if start[2] == "execute"]

    assert executed == [
        (6, "A", "execute"),
        (6, "B", "execute"),
        (7, "C", "execute"),
        (8, "D", "execute"),
    ]


def test_a_level_in_which_nothing_prepares_holds_nothing_up() -> None:
    tasks = [
        LevelTask("A", 1, pre_execute=2),
        LevelTask("nothing", 2),
        LevelTask("only execute", 2, execute=5),
        LevelTask("B", 3, pre_execute=1),
    ]

    assert starts(tasks) == [
        (0, "A", "pre_execute"),
        (2, "B", "pre_execute"),
        (3, "only execute", "execute"),
    ]


def test_a_failure_on_the_way_up_stops_the_elevator_and_brings_it_down_again() -> None:
    tasks = [
        LevelTask("A", 1, 1, 1, 1),
        LevelTask("B", 2, 5, 1, 1),
        LevelTask("C", 2, 5, 1, 2),
        LevelTask("D", 3, 1, 1, 1),
    ]

    assert starts(tasks, fails=(1, "B", "pre_execute")) == [
        (0, "A", "pre_execute"),
        (1, "B", "pre_execute"),
        (1, "C", "pre_execute"),
        (2, "B", "post_execute"),
        (2, "C", "post_execute"),
        (4, "A", "post_execute"),
    ]


def test_a_failed_cleanup_does_not_keep_the_elevator_from_coming_down() -> None:
    tasks = [LevelTask("A", 1, 1, None, 1), LevelTask("B", 2, 1, None, 1)]

    assert starts(tasks, fails=(3, "B", "post_execute")) == [
        (0, "A", "pre_execute"),
        (1, "B", "pre_execute"),
        (2, "B", "post_execute"),
        (5, "A", "post_execute"),
    ]


def test_an_empty_elevator_runs() -> None:
    assert starts([]) == []


SECONDS = st.none() | st.integers(0, 5)
TASKS = st.lists(
    st.builds(LevelTask, st.uuids().map(str), st.integers(-3, 3), SECONDS, SECONDS, SECONDS),
    max_size=12,
    unique_by=lambda task: task.name,
)


def expected_starts(tasks: list[LevelTask], execute_order: ExecuteOrder) -> list[Start]:
    """When each function must start: when the longest of the level before has ended."""
    expected: list[Start] = []
    now = 0

    def pass_level(level: list[LevelTask], phase: Phase) -> None:
        nonlocal now
        here = [
            (task.name, seconds) for task in level if (seconds := getattr(task, phase)) is not None
        ]
        expected.extend((now, name, phase) for name, _ in here)
        now += max((seconds for _, seconds in here), default=0)

    upwards = [
        [task for task in tasks if task.level == level]
        for level in sorted({t.level for t in tasks})
    ]
    for level in upwards:
        pass_level(level, "pre_execute")
    for level in upwards if execute_order == "dependencies" else [tasks]:
        pass_level(level, "execute")
    for level in reversed(upwards):
        pass_level(level, "post_execute")
    return expected


@given(TASKS, st.sampled_from(["together", "dependencies"]))
def test_every_function_starts_at_exactly_the_end_of_the_level_before(
    tasks: list[LevelTask], execute_order: ExecuteOrder
) -> None:
    assert sorted(starts(tasks, execute_order)) == sorted(expected_starts(tasks, execute_order))
