"""Guarantee 33: retry policies that are told of successes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of, task
from sdax_core import RetryPolicy, SdaxExecutionError, TaskFunction

PHASES = ("pre_execute", "execute", "post_execute")


class Listening:
    """A policy that allows retries after a second each, and writes down which attempts have succeeded."""

    def __init__(self, retries: int = 5, trouble: BaseException | None = None) -> None:
        self.retries = retries
        self.trouble = trouble
        self.told: list[int] = []

    def decide(self, attempt: int, *_: object) -> float | None:
        return 1 if attempt <= self.retries else None

    def on_success(self, attempt: int) -> None:
        self.told.append(attempt)
        if self.trouble is not None:
            raise self.trouble

    def __repr__(self) -> str:
        return "Listening()"


async def pass_on(_: object, proceed: Any) -> None:
    await proceed()


async def pass_on_elsewhere(_: object, proceed: Any) -> None:
    await asyncio.create_task(proceed())


async def nothing(_: object) -> None: ...


def failing_first(times: int) -> Callable[[object], Any]:
    """A function whose first attempts fail, a second after their beginning."""
    left = [OSError("no")] * times

    async def function(_: object) -> None:
        await asyncio.sleep(1)
        if left:
            raise left.pop()

    return function


Settings = dict[str, Any]
WAYS: dict[str, tuple[Settings, Settings]] = {
    "alone": ({}, {}),
    "with a timeout": ({"timeout": 60}, {}),
    "observed": ({}, {"observers": [EventLog()]}),
    "intercepted": ({"interceptors": [pass_on]}, {}),
    "intercepted in another Task": ({"interceptors": [pass_on_elsewhere]}, {}),
    "all of it": (
        {"timeout": 60, "interceptors": [pass_on]},
        {"observers": [EventLog()], "interceptors": [pass_on]},
    ),
}
"""Settings of the function and of the run: each way in which an attempt may be made."""

in_every_way = pytest.mark.parametrize("way", WAYS)
in_every_phase = pytest.mark.parametrize("phase", PHASES)


def running(function: Any, policy: RetryPolicy, phase: str = "execute", way: str = "alone") -> Any:
    """A run of one task with this function in this phase."""
    of_function, of_run = WAYS[way]
    functions: Settings = {phase: TaskFunction(function, retry=policy, **of_function)}
    return processor_of(task("a", **functions)).process_tasks(None, **of_run)


@pytest.mark.guarantee("33.12")
@in_every_phase
@in_every_way
@pytest.mark.parametrize("failures", [0, 1, 3])
def test_it_is_told_once_which_attempt_has_succeeded(
    run: Run, phase: str, way: str, failures: int
) -> None:
    policy = Listening()

    run(running(failing_first(failures), policy, phase, way))

    assert policy.told == [failures + 1]


@pytest.mark.guarantee("33.12")
def test_it_is_told_of_functions_that_never_suspend(run_anywhere: Run) -> None:
    policy = Listening()
    function = TaskFunction(nothing, retry=policy)
    tasks = [task(key, pre_execute=function, execute=function) for key in "abc"]

    run_anywhere(processor_of(*tasks).process_tasks(None))

    assert policy.told == [1] * 6


@pytest.mark.guarantee("33.12")
@in_every_phase
@in_every_way
def test_it_is_told_nothing_of_attempts_that_fail(run: Run, phase: str, way: str) -> None:
    policy = Listening(retries=2)

    ending = run(ended(running(failing_first(3), policy, phase, way)))

    assert isinstance(ending, SdaxExecutionError)
    assert policy.told == []


@pytest.mark.guarantee("33.12")
@in_every_phase
def test_it_is_told_nothing_of_an_attempt_that_times_out(run: Run, phase: str) -> None:
    policy = Listening()
    seconds = [60, 1]

    async def slow_at_first(_: object) -> None:
        await asyncio.sleep(seconds.pop(0))

    functions: Settings = {phase: TaskFunction(slow_at_first, 5, retry=policy)}
    run(processor_of(task("a", **functions)).process_tasks(None))

    assert policy.told == [2]


@pytest.mark.guarantee("33.12")
@in_every_phase
@in_every_way
@pytest.mark.parametrize("cancelled_after", [0.5, 1.5], ids=["in an attempt", "in the wait"])
def test_it_is_told_nothing_of_a_function_that_is_cancelled(
    run: Run, phase: str, way: str, cancelled_after: float
) -> None:
    policy = Listening()

    ending = run(
        ended_after_cancels(running(failing_first(9), policy, phase, way), cancelled_after)
    )

    assert isinstance(ending, asyncio.CancelledError)
    assert policy.told == []


@pytest.mark.guarantee("33.12")
def test_an_attempt_has_succeeded_when_its_interceptors_say_so(run: Run) -> None:
    policy, attempts = Listening(), 0
    told_before: list[list[int]] = []

    async def distrust(_: object, proceed: Any) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            await proceed()
        told_before.append(list(policy.told))
        if attempts < 2:
            raise OSError("not good enough")

    function = TaskFunction(nothing, retry=policy, interceptors=[distrust])
    run(processor_of(task("a", execute=function)).process_tasks(None))

    assert told_before == [[], []]
    assert policy.told == [2]


@pytest.mark.guarantee("33.12")
def test_a_policy_may_say_that_it_wants_to_be_told_nothing(run: Run) -> None:
    class Deaf(Listening):
        on_success: Any = None

    run(running(failing_first(1), Deaf()))


@pytest.mark.guarantee("33.13")
@in_every_phase
@in_every_way
@pytest.mark.parametrize("failures", [0, 1])
def test_what_it_raises_is_the_failure_and_nothing_is_tried_again(
    run: Run, phase: str, way: str, failures: int
) -> None:
    trouble = OSError("cannot count")
    policy = Listening(trouble=trouble)

    ending = run(ended(running(failing_first(failures), policy, phase, way)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (trouble,)
    assert ending.failures[0].attempts == failures + 1
    assert policy.told == [failures + 1]
    assert notes(trouble).startswith(
        "sdax: raised in the retry policy Listening(), "
        f"which was told that attempt {failures + 1} had succeeded\nsdax: task 'a', {phase}"
    )


@pytest.mark.guarantee("33.13")
def test_a_keyboard_interrupt_in_it_is_one(run: Run, journal: Journal) -> None:
    function = TaskFunction(failing_first(0), retry=Listening(trouble=KeyboardInterrupt()))
    processor = processor_of(
        task("a", execute=function),
        task("b", execute=journal.takes("b", 60), post_execute=journal.quick("clean up")),
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, KeyboardInterrupt)
    assert journal.timed == [(0, "b"), (1, "b cancelled"), (1, "clean up")]


class Asynchronous(Listening):
    async def on_success(self, attempt: int) -> None:  # type: ignore[override]
        ...


class Numbered(Listening):
    on_success: Any = 3


@pytest.mark.guarantee("33.9")
@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            Asynchronous(),
            "retry: Asynchronous.on_success is an async function, which nobody would await; "
            "make it a plain one",
        ),
        (Numbered(), "retry: Numbered.on_success must be a method or None; got 3"),
    ],
    ids=["asynchronous", "number"],
)
def test_what_cannot_be_told_is_refused_when_the_function_is_made(
    policy: Any, message: str
) -> None:
    with pytest.raises(TypeError) as caught:
        TaskFunction(nothing, retry=policy)
    assert str(caught.value) == message
