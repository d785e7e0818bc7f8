"""Guarantee 40: resources are entered in parallel, within their timeout, and never half."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from guarantee_support.graphs import processor_of
from sdax_core import ExponentialBackoff, SdaxExecutionError, current_run
from sdax_helpers import resource, task, task_func
from sdax_proof import running_loop

WHO: ContextVar[str] = ContextVar("who", default="nobody")
AT_ONCE = ExponentialBackoff(2, initial_delay=0.0)


@pytest.mark.guarantee("40.1", "40.3", "40.12", "26.2")
def test_entering_and_leaving_share_a_task_and_a_context_that_execute_sees_and_nobody_else(
    run_anywhere: Run,
) -> None:
    seen: dict[str, str] = {}
    tasks: list[object] = []

    @asynccontextmanager
    async def named(_: object) -> AsyncGenerator[None]:
        tasks.append(asyncio.current_task())
        token = WHO.set("resource")
        await asyncio.sleep(0)
        yield
        await asyncio.sleep(0)
        WHO.reset(token)  # raises in any context but its own
        tasks.append(asyncio.current_task())

    async def see_own(_: object) -> None:
        await asyncio.sleep(0)
        seen["own execute"] = WHO.get()

    async def see(_: object) -> None:
        seen[f"dependant in {current_run().phase}"] = WHO.get()

    processor = processor_of(
        resource("named", named, execute=see_own),
        (task("other", pre_execute=task_func(see), execute=task_func(see)), "named"),
    )
    run_anywhere(processor.process_tasks(None))

    assert seen == {
        "own execute": "resource",
        "dependant in pre_execute": "nobody",
        "dependant in execute": "nobody",
    }
    assert tasks[0] is tasks[1]


@pytest.mark.guarantee("40.9")
def test_independent_resources_are_entered_and_left_in_parallel_dependent_ones_in_order(
    run: Run, journal: Journal
) -> None:
    def slow(name: str) -> Any:
        @asynccontextmanager
        async def factory(_: object) -> AsyncGenerator[None]:
            await asyncio.sleep(2)
            journal.write(f"{name} entered")
            yield
            await asyncio.sleep(3)
            journal.write(f"{name} left")

        return resource(name, factory)

    processor = processor_of(slow("a"), slow("b"), (slow("c"), "a", "b"))
    run(processor.process_tasks(None))

    assert journal.timed == [
        (2, "a entered"),
        (2, "b entered"),
        (4, "c entered"),
        (7, "c left"),
        (10, "a left"),
        (10, "b left"),
    ]


class Slow:
    """Takes its time to be entered, even when it is cancelled."""

    def __init__(self, journal: Journal, seconds: float) -> None:
        self._journal = journal
        self._seconds = seconds

    async def __aenter__(self) -> None:
        until = asyncio.get_running_loop().time() + self._seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                self._journal.write("cancelled")
        self._journal.write("entered")

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._journal.write(f"leaving, {getattr(kind, '__name__', None)}")
        await asyncio.sleep(1)
        self._journal.write("left")


@pytest.mark.guarantee("40.7", "40.1")
def test_an_attempt_that_times_out_leaves_what_it_entered_before_the_next_one(
    run: Run, journal: Journal
) -> None:
    seconds = iter((5, 1))

    def factory(_: object) -> Slow:
        journal.write("made")
        return Slow(journal, next(seconds))

    processor = processor_of(resource("slow", factory, timeout=3, retry=AT_ONCE))
    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "made"),
        (3, "cancelled"),
        (5, "entered"),
        (5, "leaving, CancelledError"),
        (6, "left"),
        (6, "made"),
        (7, "entered"),
        (7, "leaving, None"),
        (8, "left"),
    ]


@pytest.mark.guarantee("40.7")
def test_a_timeout_names_the_task_and_nothing_is_left_a_second_time(
    run: Run, journal: Journal
) -> None:
    processor = processor_of(resource("slow", lambda _: Slow(journal, 5), timeout=3))
    error = run(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert [failure.note for failure in error.failures] == [
        "sdax: task 'slow', pre_execute, attempt 1"
    ]
    assert isinstance(error.exceptions[0], TimeoutError)
    assert journal.events.count("left") == 1


@pytest.mark.guarantee("40.7")
@pytest.mark.parametrize("again", [(), (2.5,), (5.5,), (2.5, 5.25, 5.5, 5.75)])
def test_what_is_entered_in_spite_of_a_cancel_is_left_at_once_whatever_cancels_follow(
    run: Run, journal: Journal, again: tuple[float, ...]
) -> None:
    processor = processor_of(resource("slow", lambda _: Slow(journal, 5)))
    error = run(ended_after_cancels(processor.process_tasks(None), 2, *again))

    assert isinstance(error, asyncio.CancelledError)
    assert journal.timed == [
        (2, "cancelled"),
        (5, "entered"),
        (5, "leaving, CancelledError"),
        (6, "left"),
    ]


@pytest.mark.guarantee("40.7")
def test_what_leaving_raises_when_entering_was_cancelled_is_a_failure(run: Run) -> None:
    class Refuses(Slow):
        async def __aexit__(self, kind: object, *_: object) -> None:
            raise OSError("will not go")

    processor = processor_of(resource("slow", lambda _: Refuses(Journal(), 5), timeout=1))
    error = run(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert [type(failure.exception) for failure in error.failures] == [OSError]


@pytest.mark.guarantee("40.7")
def test_it_is_the_failure_of_that_attempt_and_may_be_retried(run: Run, journal: Journal) -> None:
    class LosesItsPeer(Slow):
        async def __aexit__(self, kind: object, *_: object) -> None:
            raise ConnectionError

    makes = iter((lambda: LosesItsPeer(journal, 5), lambda: Slow(journal, 0)))
    made = resource("slow", lambda _: next(makes)(), timeout=1, retry=AT_ONCE)
    run(processor_of(made).process_tasks(None))

    assert journal.timed == [
        (1, "cancelled"),
        (5, "entered"),
        (5, "entered"),
        (5, "leaving, None"),
        (6, "left"),
    ]


@pytest.mark.guarantee("40.1")
def test_the_factory_is_called_anew_for_each_attempt_and_sees_the_run(run_anywhere: Run) -> None:
    numbers: list[int] = []

    @asynccontextmanager
    async def third_time_lucky(_: object) -> AsyncGenerator[int]:
        assert current_run().phase == "pre_execute"
        numbers.append(len(numbers))
        if len(numbers) < 3:
            raise ConnectionError
        yield numbers[-1]

    context = SimpleNamespace(value="old")
    retry = ExponentialBackoff(5, initial_delay=0.0)
    processor = processor_of(resource("lucky", third_time_lucky, retry=retry, into="value"))
    run_anywhere(processor.process_tasks(context))

    assert numbers == [0, 1, 2]
    assert context.value == 2


@pytest.mark.guarantee("40.11")
def test_the_value_is_stored_as_an_attribute_or_as_an_item_of_a_mapping(run_anywhere: Run) -> None:
    @asynccontextmanager
    async def seven(_: object) -> AsyncGenerator[int]:
        yield 7

    context, mapping = SimpleNamespace(), dict[str, int]()
    processor = processor_of(resource("a", seven, into="seven"), resource("b", seven))
    run_anywhere(processor.process_tasks(context))
    run_anywhere(processor.process_tasks(mapping))

    assert vars(context) == mapping == {"seven": 7}


@pytest.mark.guarantee("40.11", "40.7")
@pytest.mark.parametrize("context", [object(), (), None])
def test_a_context_that_refuses_the_value_is_a_failure_that_says_so_and_the_resource_is_left(
    run_anywhere: Run, context: object
) -> None:
    given: list[BaseException | None] = []

    @asynccontextmanager
    async def factory(_: object) -> AsyncGenerator[int]:
        try:
            yield 7
        except BaseException as error:
            given.append(error)
            raise

    processor = processor_of(resource("pool", factory, into="seven"))
    error = run_anywhere(ended(processor.process_tasks(context)))

    assert isinstance(error, SdaxExecutionError)
    assert [failure.phase for failure in error.failures] == ["pre_execute"]
    assert isinstance(error.exceptions[0], TypeError)
    assert str(error.exceptions[0]).startswith(
        f"task 'pool': the context, a {type(context).__name__}, refuses the attribute 'seven'"
    )
    assert given == [error.exceptions[0]]


@pytest.mark.guarantee("40.7")
@pytest.mark.parametrize("cancelled_at", [5.25, 5.5, 5.75])
def test_a_cancel_after_a_timeout_does_not_disturb_what_is_being_left_for_it(
    run: Run, journal: Journal, cancelled_at: float
) -> None:
    processor = processor_of(resource("slow", lambda _: Slow(journal, 5), timeout=2))
    error = run(ended_after_cancels(processor.process_tasks(None), cancelled_at))

    assert isinstance(error, asyncio.CancelledError)
    assert journal.timed == [
        (2, "cancelled"),
        (5, "entered"),
        (5, "leaving, CancelledError"),
        (6, "left"),
    ]


@pytest.mark.guarantee("40.7", "40.4")
def test_a_timeout_in_the_cycle_of_the_loop_in_which_it_was_entered_rolls_back(
    run: Run, journal: Journal
) -> None:
    class HoldsTheLoop(Slow):
        async def __aenter__(self) -> None:
            running_loop().spend(5)
            await asyncio.sleep(0)
            journal.write("entered")

    processor = processor_of(resource("held", lambda _: HoldsTheLoop(journal, 0), timeout=3))
    error = run(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert isinstance(error.exceptions[0], TimeoutError)
    assert journal.events == ["entered", "leaving, CancelledError", "left"]
