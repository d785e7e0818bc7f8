"""Guarantee 32: the deadline of a run."""

import asyncio
import math
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from guarantee_support.graphs import calls, processor_of, task
from sdax_core import (
    CancelCause,
    SdaxExecutionError,
    TaskFunction,
    current_run,
)
from sdax_proof import running_loop


def slow(journal: Journal, phase: str, **options: Any) -> Any:
    """In `phase`, `one` and `two` run for 9 s, and `next` would follow `one`. Cleanup takes 2 s."""
    one: dict[str, Any] = {phase: journal.takes("one", 9)}
    two: dict[str, Any] = {phase: journal.takes("two", 9)}
    following: dict[str, Any] = {phase: journal.quick("next")}
    return processor_of(
        task("root", post_execute=journal.takes("clean up", 2)),
        (task("one", **one), "root"),
        (task("two", **two), "root"),
        (task("next", **following), "one"),
        (task("work", execute=journal.quick("work")), "next"),
        execute_order="dependencies",
        **options,
    )


CUT_AT_5 = [
    (0, "one"),
    (0, "two"),
    (5, "one cancelled"),
    (5, "two cancelled"),
    (5, "clean up"),
    (7, "clean up ended"),
]


def not_started_in(phase: str) -> str:
    return "'next'" if phase == "pre_execute" else "'next', 'work'"


@pytest.mark.guarantee("32.1", "32.2", "32.3")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
@pytest.mark.parametrize("max_concurrency", [None, 2])
def test_what_runs_is_cancelled_cleanup_follows_and_a_timeout_error_is_raised(
    run: Run, journal: Journal, phase: str, max_concurrency: int | None
) -> None:
    processor = slow(journal, phase, max_concurrency=max_concurrency)

    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert type(ending) is TimeoutError
    assert str(ending) == (
        "the run was not done within its timeout of 5 seconds; "
        f"cancelled in {phase}: 'one', 'two'; not started: {not_started_in(phase)}"
    )
    assert journal.timed == CUT_AT_5


@pytest.mark.guarantee("32.1")
def test_it_bounds_both_phases_together(run: Run, journal: Journal) -> None:
    both = task("a", pre_execute=journal.takes("pre", 3), execute=journal.takes("work", 3))

    async def main() -> None:
        await asyncio.sleep(10)
        await processor_of(both).process_tasks(None, timeout=5)

    assert isinstance(run(ended(main())), TimeoutError)

    assert journal.timed == [
        (10, "pre"),
        (13, "pre ended"),
        (13, "work"),
        (15, "work cancelled"),
    ]


@pytest.mark.guarantee("32.1", "32.5")
def test_a_run_that_is_done_in_time_knows_nothing_of_it(run: Run, journal: Journal) -> None:
    every = task(
        "a",
        pre_execute=journal.takes("pre", 2),
        execute=journal.takes("work", 2),
        post_execute=journal.takes("clean up", 60),
    )

    run(processor_of(every).process_tasks(None, timeout=5))

    assert journal.timed[-1] == (64, "clean up ended")


@pytest.mark.guarantee("32.1")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_a_function_that_stops_slowly_is_awaited(run: Run, journal: Journal, phase: str) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(3)

    functions: dict[str, Any] = {phase: journal.does("a", stop_slowly)}
    processor = processor_of(task("a", **functions), task("b", post_execute=journal.quick("b")))

    assert isinstance(run(ended(processor.process_tasks(None, timeout=5))), TimeoutError)

    assert journal.timed == [(0, "a"), (8, "a cancelled"), (8, "b")]


@pytest.mark.guarantee("32.1", "32.2")
def test_it_is_raised_though_a_function_swallowed_its_cancel(run: Run, journal: Journal) -> None:
    async def insist() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    processor = processor_of(
        task("a", pre_execute=journal.does("a", insist)),
        (task("b", pre_execute=journal.quick("b"), execute=journal.quick("b works")), "a"),
    )

    assert isinstance(run(ended(processor.process_tasks(None, timeout=5))), TimeoutError)

    assert journal.timed == [(0, "a"), (6, "a ended")]


@pytest.mark.guarantee("32.1")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_every_kind_of_function_is_cut(run: Run, phase: str) -> None:
    async def wait(_: object, *group: object) -> None:
        await asyncio.sleep(60)

    kinds: tuple[dict[str, Any], ...] = (
        {"timeout": 30},
        {"retries": 3},
        {"has_task_group_argument": True},
        {"timeout": 30, "retries": 3, "has_task_group_argument": True},
    )
    tasks = [task(number, settings, **{phase: wait}) for number, settings in enumerate(kinds)]

    async def main() -> float:
        error = await ended(processor_of(*tasks).process_tasks(None, timeout=5))
        assert str(error).endswith(f"cancelled in {phase}: 0, 1, 2, 3; not started: none")
        assert notes(error) == ""
        return running_loop().time()

    assert run(main()) == 5


@pytest.mark.guarantee("32.4")
def test_past_it_execute_does_not_begin(run: Run, journal: Journal) -> None:
    async def block() -> None:
        running_loop().spend(9)

    processor = processor_of(
        task(
            "a",
            pre_execute=journal.does("a", block),
            execute=journal.quick("work"),
            post_execute=journal.quick("clean up"),
        )
    )

    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert type(ending) is TimeoutError
    assert str(ending) == (
        "the run was not done within its timeout of 5 seconds; execute had not begun"
    )
    assert journal.timed == [(0, "a"), (9, "a ended"), (9, "clean up")]


@pytest.mark.guarantee("32.4")
def test_a_run_without_execute_whose_pre_execute_is_done_has_nothing_more_to_bound(
    run: Run, journal: Journal
) -> None:
    async def block() -> None:
        running_loop().spend(9)

    processor = processor_of(task("a", pre_execute=journal.does("a", block)))

    run(processor.process_tasks(None, timeout=5))


@pytest.mark.guarantee("32.5")
@pytest.mark.parametrize("failing", [False, True])
def test_it_does_not_touch_cleanup(run: Run, journal: Journal, failing: bool) -> None:
    work = journal.fails("work", OSError("no")) if failing else journal.quick("work")
    processor = processor_of(
        task("a", post_execute=journal.takes("a", 9)),
        (task("b", execute=work, post_execute=journal.takes("b", 9)), "a"),
    )

    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert isinstance(ending, SdaxExecutionError) is failing
    assert journal.timed == [
        (0, "work"),
        (0, "b"),
        (9, "b ended"),
        (9, "a"),
        (18, "a ended"),
    ]


@pytest.mark.guarantee("32.5", "32.6")
def test_retries_of_cleanup_may_go_beyond_it(run: Run, journal: Journal) -> None:
    attempts: list[float] = []

    async def flaky(_: object) -> None:
        attempts.append(running_loop().time())
        if len(attempts) < 3:
            raise ConnectionError

    flaky_cleanup = TaskFunction(flaky, retry=Every(4))
    run(processor_of(task("a", post_execute=flaky_cleanup)).process_tasks(None, timeout=5))

    assert attempts == [0, 4, 8]


class Every:
    """A retry policy: always again, after the same delay."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def decide(self, *_: object) -> float:
        return self.seconds


@pytest.mark.guarantee("32.6")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
@pytest.mark.parametrize(
    ("timeout", "begun"),
    [(5, [0, 2, 4]), (6, [0, 2, 4]), (6.5, [0, 2, 4, 6])],
    ids=["in the middle", "at the very moment", "just after"],
)
def test_a_retry_that_would_begin_past_it_is_not_waited_for(
    run: Run, phase: str, timeout: float, begun: list[float]
) -> None:
    attempts: list[float] = []
    cleaned_up: list[float] = []

    async def fail(_: object) -> None:
        attempts.append(running_loop().time())
        raise ConnectionError(f"attempt {len(attempts)}")

    functions: dict[str, Any] = {phase: TaskFunction(fail, retry=Every(2))}
    processor = processor_of(
        task("a", **functions),
        task("b", post_execute=calls(lambda: cleaned_up.append(running_loop().time()))),
    )

    ending = run(ended(processor.process_tasks(None, timeout=timeout)))

    assert attempts == begun
    assert cleaned_up == [begun[-1]]
    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    assert str(failure.exception) == f"attempt {len(begun)}"
    assert failure.attempts == len(begun)


@pytest.mark.guarantee("32.6")
def test_so_it_is_with_the_plain_settings(run: Run, longest_delays: None) -> None:
    attempts: list[float] = []

    async def fail(_: object) -> None:
        attempts.append(running_loop().time())
        raise ConnectionError

    flaky = TaskFunction(fail, retries=9, initial_delay=1)
    ending = run(ended(processor_of(task("a", execute=flaky)).process_tasks(None, timeout=5)))

    assert attempts == [0, 1, 3]
    assert isinstance(ending, SdaxExecutionError)


@pytest.mark.guarantee("32.7")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_what_failed_rides_along_as_notes(run: Run, journal: Journal, phase: str) -> None:
    async def fail_in_stopping() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("could not stop")

    functions: dict[str, Any] = {phase: journal.does("a", fail_in_stopping)}
    processor = processor_of(
        task("a", **functions),
        task("b", post_execute=journal.fails("b", ValueError("clean up"))),
    )
    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert type(ending) is TimeoutError
    assert notes(ending) == (
        f"sdax: task 'a', {phase}, attempt 1: OSError: could not stop\n"
        "sdax: task 'b', post_execute, attempt 1: ValueError: clean up"
    )


@pytest.mark.guarantee("32.7")
def test_failures_before_it_ride_along_too(run: Run, journal: Journal) -> None:
    processor = processor_of(
        task("a", execute=journal.fails("a", OSError("no"))),
        task("b", execute=journal.takes("b", 60)),
    )

    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert type(ending) is TimeoutError
    assert notes(ending) == "sdax: task 'a', execute, attempt 1: OSError: no"


@pytest.mark.guarantee("32.7")
def test_a_keyboard_interrupt_outranks_it(run: Run) -> None:
    async def interrupt_in_stopping(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise KeyboardInterrupt

    processor = processor_of(task("a", execute=interrupt_in_stopping))

    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert isinstance(ending, KeyboardInterrupt)
    assert "TimeoutError: the run was not done within its timeout of 5 seconds" in notes(ending)


@pytest.mark.guarantee("32.8")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_a_run_that_was_cancelled_before_it_is_cancelled_not_timed_out(
    run: Run, journal: Journal, phase: str
) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(9)

    functions: dict[str, Any] = {phase: journal.does("a", stop_slowly)}
    processor = processor_of(task("a", **functions), task("b", post_execute=journal.takes("b", 9)))

    ending = run(ended_after_cancels(processor.process_tasks(None, timeout=5), 3))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == ""
    assert journal.timed == [(0, "a"), (12, "a cancelled"), (12, "b"), (21, "b ended")]


@pytest.mark.guarantee("32.8")
def test_a_cancel_while_cleanup_follows_it_is_raised_with_the_timeout_as_a_note(
    run: Run, journal: Journal
) -> None:
    processor = processor_of(
        task("a", post_execute=journal.takes("clean up a", 9)),
        (
            task("b", execute=journal.takes("b", 60), post_execute=journal.takes("clean up b", 9)),
            "a",
        ),
    )

    ending = run(ended_after_cancels(processor.process_tasks(None, timeout=5), 7))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == (
        "TimeoutError: the run was not done within its timeout of 5 seconds; "
        "cancelled in execute: 'b'; not started: none"
    )
    assert journal.timed == [
        (0, "b"),
        (5, "b cancelled"),
        (5, "clean up b"),
        (7, "clean up b cancelled"),  # the first cancel in cleanup: guarantee 18
        (7, "clean up a"),
        (16, "clean up a ended"),
    ]


@pytest.mark.guarantee("32.8")
def test_a_cancel_between_it_and_cleanup_leaves_cleanup_undisturbed(
    run: Run, journal: Journal
) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(4)

    processor = processor_of(
        task("a", execute=journal.does("a", stop_slowly)),
        task("b", post_execute=journal.takes("b", 9)),
    )

    ending = run(ended_after_cancels(processor.process_tasks(None, timeout=5), 7))

    assert isinstance(ending, asyncio.CancelledError)
    assert "TimeoutError: the run was not done" in notes(ending)
    assert journal.timed == [(0, "a"), (9, "a cancelled"), (9, "b"), (18, "b ended")]


@pytest.mark.guarantee("32.9")
def test_a_timeout_of_0_cuts_what_waits_and_execute_does_not_begin(
    run: Run, journal: Journal
) -> None:
    processor = processor_of(
        task("quick", pre_execute=journal.quick("quick")),
        task("slow", pre_execute=journal.takes("slow", 1), execute=journal.quick("work")),
    )

    ending = run(ended(processor.process_tasks(None, timeout=0)))

    assert type(ending) is TimeoutError
    assert journal.timed == [(0, "quick"), (0, "slow"), (0, "slow cancelled")]


@pytest.mark.guarantee("32.9")
def test_a_timeout_of_0_keeps_execute_from_beginning_though_nothing_waited(
    run_anywhere: Run, journal: Journal
) -> None:
    quick = task(
        "a",
        pre_execute=journal.quick("pre"),
        execute=journal.quick("work"),
        post_execute=journal.quick("clean up"),
    )

    ending = run_anywhere(ended(processor_of(quick).process_tasks(None, timeout=0)))

    assert type(ending) is TimeoutError
    assert journal.events == ["pre", "clean up"]


RIGHT = "timeout must be a finite number of seconds, 0 or more, or None for no limit"


@pytest.mark.guarantee("32.10")
@pytest.mark.parametrize(
    ("timeout", "kind"),
    [
        (-1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (10**400, ValueError),
        ("5", TypeError),
        (True, TypeError),
        (False, TypeError),
    ],
    ids=lambda value: str(value)[:8],
)
def test_a_bad_timeout_is_refused_before_anything_begins(
    run_anywhere: Run, journal: Journal, timeout: Any, kind: type[Exception]
) -> None:
    processor = processor_of(task("a", pre_execute=journal.quick("begun")))

    async def main() -> None:
        with pytest.raises(kind) as caught:
            await processor.process_tasks(None, timeout=timeout)
        assert str(caught.value).startswith(RIGHT)
        with pytest.raises(kind) as caught:
            processor.open(None, timeout=timeout)
        assert str(caught.value).startswith(RIGHT)

    run_anywhere(main())

    assert journal.events == []


@pytest.mark.guarantee("32.12")
def test_functions_see_the_deadline_and_what_is_left(run: Run) -> None:
    seen: list[tuple[float | None, float | None]] = []

    async def look(_: object) -> None:
        await asyncio.sleep(2)
        seen.append((current_run().deadline, current_run().remaining()))

    every = task("a", pre_execute=look, execute=look, post_execute=look)

    async def main() -> None:
        await asyncio.sleep(1)
        await processor_of(every).process_tasks(None, timeout=5)
        await processor_of(every).process_tasks(None)

    run(main())

    assert seen == [(6, 3), (6, 1), (6, 0), *[(None, None)] * 3]


@pytest.mark.guarantee("32.12")
def test_what_is_left_is_never_below_0(run: Run) -> None:
    seen: list[float | None] = []

    async def look(_: object) -> None:
        await asyncio.sleep(9)
        seen.append(current_run().remaining())

    run(processor_of(task("a", post_execute=look)).process_tasks(None, timeout=5))

    assert seen == [0]


@pytest.mark.guarantee("32.1")
def test_its_cause_is_told(run: Run) -> None:
    causes: list[CancelCause | None] = []

    async def wait(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            causes.append(current_run().cancel_cause)

    run(ended(processor_of(task("a", execute=wait)).process_tasks(None, timeout=5)))

    (cause,) = causes
    assert cause is not None
    assert cause.kind == "deadline"
