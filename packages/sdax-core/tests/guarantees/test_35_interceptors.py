"""Guarantee 35: interceptors."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of, task
from sdax_core import Attempt, Interceptor, SdaxExecutionError, TaskFunction
from sdax_proof import running_loop

PHASES = ("pre_execute", "execute", "post_execute")
Proceed = Callable[[], Awaitable[Any]]


def writing(journal: Journal, name: str) -> Interceptor:
    async def interceptor(attempt: Attempt, proceed: Proceed) -> None:
        journal.write(f"{name} {attempt.call.task} {attempt.number}")
        await proceed()
        journal.write(f"{name} done")

    return interceptor


def in_phase(phase: str, function: Any, *interceptors: Any, **settings: Any) -> Any:
    functions: dict[str, Any] = {
        phase: TaskFunction(function, interceptors=interceptors, **settings)
    }
    return task("a", **functions)


async def nothing(_: object) -> None: ...


async def wait(_: object) -> None:
    await asyncio.sleep(60)


async def fail(_: object) -> None:
    raise OSError("no")


@pytest.mark.guarantee("35.1")
@pytest.mark.parametrize("phase", PHASES)
def test_the_first_is_the_outermost_and_those_of_build_are_outside_those_of_the_run(
    run_anywhere: Run, journal: Journal, phase: str
) -> None:
    first, second, third, fourth, fifth, sixth = (writing(journal, name) for name in "123456")
    one = in_phase(phase, journal.quick("function").function, fifth, sixth)

    async def main() -> None:
        processor = processor_of(one, interceptors=[first, second])
        await processor.process_tasks(None, interceptors=[third, fourth])

    run_anywhere(main())

    assert journal.events == [
        *(f"{name} a 1" for name in "123456"),
        "function",
        *(f"{name} done" for name in "654321"),
    ]


@pytest.mark.guarantee("35.1")
@pytest.mark.parametrize("observed", [False, True])
def test_those_of_one_function_are_around_that_function_alone(
    run_anywhere: Run, journal: Journal, observed: bool
) -> None:
    processor = processor_of(
        in_phase("execute", nothing, writing(journal, "own")),
        task("b", execute=nothing),
    )

    observers = [EventLog()] if observed else []
    run_anywhere(processor.process_tasks(None, observers=observers))

    assert journal.events == ["own a 1", "own done"]


@pytest.mark.guarantee("35.1")
def test_those_of_a_run_are_around_every_function_of_that_run_alone(
    run: Run, journal: Journal
) -> None:
    every = task("a", pre_execute=nothing, execute=nothing, post_execute=nothing)
    processor = processor_of(every, (task("b", pre_execute=nothing), "a"))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in ("one", "two"):
                group.create_task(
                    processor.process_tasks(None, interceptors=[writing(journal, name)])
                )
        async with processor.open(None, interceptors=(writing(journal, "open"),)) as runner:
            while await runner.run_next():
                pass

    run(main())

    for name in ("one", "two", "open"):
        began = [event for event in journal.events if event.startswith(f"{name} ")]
        assert [event for event in began if not event.endswith("done")] == [
            f"{name} a 1",
            f"{name} b 1",
            f"{name} a 1",
            f"{name} a 1",
        ]


@pytest.mark.guarantee("35.1")
@pytest.mark.parametrize("phase", PHASES)
def test_it_is_around_each_attempt(run: Run, journal: Journal, phase: str) -> None:
    begun: list[float] = []

    async def flaky(_: object) -> None:
        begun.append(running_loop().time())
        if len(begun) < 3:
            raise TimeoutError

    async def interceptor(attempt: Attempt, proceed: Proceed) -> None:
        journal.write(f"{attempt.number}")
        with_error: BaseException | None = None
        try:
            await proceed()
        except TimeoutError as error:
            with_error = error
            raise
        finally:
            journal.write(f"{attempt.number} {type(with_error).__name__}")

    one = in_phase(phase, flaky, interceptor, retries=2, initial_delay=0.0)
    run(processor_of(one).process_tasks(None))

    assert journal.events == ["1", "1 TimeoutError", "2", "2 TimeoutError", "3", "3 NoneType"]


VARIABLE: ContextVar[str] = ContextVar("variable", default="unset")


@pytest.mark.guarantee("35.2")
@pytest.mark.parametrize("settings", [{}, {"timeout": 9}, {"retries": 1}], ids=str)
def test_it_runs_in_the_task_and_the_context_of_the_function(
    run_anywhere: Run, settings: dict[str, Any]
) -> None:
    seen: dict[str, Any] = {}

    async def interceptor(attempt: Attempt, proceed: Proceed) -> None:
        seen["task"] = asyncio.current_task()
        token = VARIABLE.set("by the interceptor")
        await proceed()
        seen["after"] = VARIABLE.get()
        VARIABLE.reset(token)
        VARIABLE.set("for cleanup")

    async def function(_: object) -> None:
        seen["same task"] = asyncio.current_task() is seen["task"]
        seen["inside"] = VARIABLE.get()
        await asyncio.sleep(0)
        VARIABLE.set("by the function")

    async def cleanup(_: object) -> None:
        seen["cleanup"] = VARIABLE.get()

    async def other(_: object) -> None:
        seen["other"] = VARIABLE.get()

    with_interceptor = TaskFunction(function, interceptors=(interceptor,), **settings)
    run_anywhere(
        processor_of(
            task("a", pre_execute=with_interceptor, post_execute=cleanup),
            (task("b", pre_execute=other), "a"),
        ).process_tasks(None)
    )

    del seen["task"]
    assert seen == {
        "same task": True,
        "inside": "by the interceptor",
        "after": "by the function",
        "cleanup": "for cleanup",
        "other": "unset",
    }


@pytest.mark.guarantee("35.3")
@pytest.mark.parametrize("phase", PHASES)
def test_its_own_time_is_not_bounded_by_the_timeout(run: Run, journal: Journal, phase: str) -> None:
    async def slow(attempt: Attempt, proceed: Proceed) -> None:
        await asyncio.sleep(60)
        await proceed()
        await asyncio.sleep(60)

    one = in_phase(phase, journal.takes("a", 4).function, slow, timeout=5)

    run(processor_of(one).process_tasks(None))

    assert journal.timed == [(60, "a"), (64, "a ended")]


@pytest.mark.guarantee("35.3")
@pytest.mark.parametrize("phase", PHASES)
def test_the_timeout_counts_from_proceed_and_is_raised_by_it(
    run: Run, journal: Journal, phase: str
) -> None:
    caught: list[tuple[float, str]] = []

    async def slow(attempt: Attempt, proceed: Proceed) -> None:
        await asyncio.sleep(60)
        try:
            await proceed()
        except TimeoutError as error:
            caught.append((running_loop().time(), str(error)))
            raise

    ending = run(ended(processor_of(in_phase(phase, wait, slow, timeout=5)).process_tasks(None)))

    assert caught == [(65, f"task 'a', {phase}: not done within its timeout of 5 seconds")]
    assert isinstance(ending, SdaxExecutionError)
    assert isinstance(ending.exceptions[0], TimeoutError)


@pytest.mark.guarantee("35.4")
def test_proceed_takes_place_at_most_once(run: Run, journal: Journal) -> None:
    async def twice(attempt: Attempt, proceed: Proceed) -> None:
        await proceed()
        await proceed()

    one = in_phase("execute", journal.quick("a").function, twice)
    ending = run(ended(processor_of(one).process_tasks(None)))

    assert journal.events == ["a"]
    assert isinstance(ending, SdaxExecutionError)
    (leaf,) = ending.exceptions
    assert isinstance(leaf, RuntimeError)
    assert str(leaf) == (
        f"interceptor {twice!r} called proceed() twice: an attempt takes place at most once"
    )


@pytest.mark.guarantee("35.4")
def test_nor_again_after_it_failed(run: Run, journal: Journal) -> None:
    async def again(attempt: Attempt, proceed: Proceed) -> None:
        with suppress(OSError):
            await proceed()
        with pytest.raises(RuntimeError, match=r"called proceed\(\) twice"):
            await proceed()

    one = in_phase("execute", journal.fails("a", OSError()).function, again)
    run(processor_of(one).process_tasks(None))

    assert journal.events == ["a"]


@pytest.mark.guarantee("35.5")
@pytest.mark.parametrize("phase", PHASES)
def test_one_that_does_not_proceed_takes_the_place_of_the_attempt(
    run: Run, journal: Journal, phase: str
) -> None:
    log = EventLog()

    async def skip(attempt: Attempt, proceed: Proceed) -> None:
        journal.write("skipped")

    one = in_phase(phase, journal.quick("a").function, writing(journal, "outer"), skip)
    run(processor_of(one).process_tasks(None, observers=[log]))

    assert journal.events == ["outer a 1", "skipped", "outer done"]
    assert log.call("a", phase).outcome == "succeeded"


@pytest.mark.guarantee("35.5")
@pytest.mark.parametrize("phase", PHASES)
def test_one_that_swallows_the_error_makes_the_attempt_succeed(run: Run, phase: str) -> None:
    async def swallow(attempt: Attempt, proceed: Proceed) -> None:
        with suppress(OSError):
            await proceed()

    log = EventLog()
    one = in_phase(phase, fail, swallow, retries=3, retryable_exceptions=(OSError,))
    run(processor_of(one).process_tasks(None, observers=[log]))

    assert log.call("a", phase).outcome == "succeeded"
    assert log.call("a", phase).attempts == 1


@pytest.mark.guarantee("35.6")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("when", ["before", "after", "instead"])
def test_what_it_raises_is_the_failure_and_is_noted_as_its_own(
    run: Run, phase: str, when: str
) -> None:
    error = ValueError("from the interceptor")

    class Raising:
        async def __call__(self, attempt: Attempt, proceed: Proceed) -> None:
            if when == "before":
                raise error
            with suppress(OSError):
                await proceed()
            raise error

        def __repr__(self) -> str:
            return "Raising()"

    async def outer(attempt: Attempt, proceed: Proceed) -> None:
        await proceed()

    function = fail if when == "instead" else nothing
    one = in_phase(phase, function, outer, Raising(), outer)
    ending = run(ended(processor_of(one).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    assert failure.exception is error
    assert (failure.task, failure.phase, failure.attempts) == ("a", phase, 1)
    assert notes(error) == (
        f"sdax: raised by the interceptor Raising()\nsdax: task 'a', {phase}, attempt 1"
    )


@pytest.mark.guarantee("35.6")
def test_an_error_of_the_function_is_not_noted_as_the_interceptors(run: Run) -> None:
    async def outer(attempt: Attempt, proceed: Proceed) -> None:
        await proceed()

    one = in_phase("execute", fail, outer, outer)
    ending = run(ended(processor_of(one).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert notes(ending.exceptions[0]) == "sdax: task 'a', execute, attempt 1"


@pytest.mark.guarantee("35.6")
def test_one_that_cannot_be_awaited_is_the_failure(run: Run) -> None:
    def plain(attempt: Attempt, proceed: Proceed) -> int:
        return 3

    ending = run(ended(processor_of(in_phase("execute", nothing, plain)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert isinstance(ending.exceptions[0], TypeError)
    assert f"sdax: raised by the interceptor {plain!r}" in notes(ending.exceptions[0])


@pytest.mark.guarantee("35.6")
@pytest.mark.parametrize("phase", PHASES)
def test_what_it_raises_is_retried_like_an_error_of_the_function(
    run: Run, journal: Journal, phase: str
) -> None:
    async def flaky(attempt: Attempt, proceed: Proceed) -> None:
        if attempt.number < 3:
            raise ConnectionError
        await proceed()

    one = in_phase(phase, journal.quick("a").function, flaky, retries=2, initial_delay=0.0)
    run(processor_of(one).process_tasks(None))

    assert journal.events == ["a"]


@pytest.mark.guarantee("35.6")
def test_a_keyboard_interrupt_in_one_is_one(run: Run, journal: Journal) -> None:
    async def interrupt(attempt: Attempt, proceed: Proceed) -> None:
        await proceed()
        raise KeyboardInterrupt

    processor = processor_of(
        in_phase("execute", nothing, interrupt),
        task("b", post_execute=journal.quick("clean up")),
    )

    assert isinstance(run(ended(processor.process_tasks(None))), KeyboardInterrupt)
    assert journal.events == ["clean up"]


@pytest.mark.guarantee("35.7")
@pytest.mark.parametrize("where", ["before", "inside", "after"])
@pytest.mark.parametrize(
    ("phase", "deadline"), [*((phase, None) for phase in PHASES), *((p, 5) for p in PHASES[:2])]
)
def test_a_cancel_and_the_deadline_reach_it_wherever_it_is(
    run: Run, journal: Journal, phase: str, where: str, deadline: float | None
) -> None:
    log = EventLog()

    async def interceptor(attempt: Attempt, proceed: Proceed) -> None:
        try:
            if where == "before":
                await asyncio.sleep(60)
            await proceed()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            journal.write("cancelled")
            raise

    one = in_phase(phase, wait if where == "inside" else nothing, interceptor, retries=3)
    coroutine = processor_of(one, task("b", post_execute=nothing)).process_tasks(
        None, timeout=deadline, observers=[log]
    )
    cancels = () if deadline else (5,)
    ending = run(ended_after_cancels(coroutine, *cancels))

    assert type(ending) is (TimeoutError if deadline else asyncio.CancelledError)
    assert journal.timed == [(5, "cancelled")]
    assert log.call("a", phase).outcome == "cancelled"
    assert notes(ending) == ""


@pytest.mark.guarantee("35.7")
def test_a_cancelled_one_that_swallows_does_not_keep_the_run_going(
    run: Run, journal: Journal
) -> None:
    async def swallow(attempt: Attempt, proceed: Proceed) -> None:
        with suppress(asyncio.CancelledError):
            await proceed()

    processor = processor_of(
        in_phase("pre_execute", wait, swallow),
        (task("b", pre_execute=journal.quick("b")), "a"),
    )
    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.events == []


@pytest.mark.guarantee("35.8")
@pytest.mark.parametrize(
    ("interceptors", "message"),
    [
        (nothing, f"interceptors must be a list or a tuple; got {nothing!r}: write [{nothing!r}]"),
        (0, "interceptors must be a list or a tuple; got 0: write [0]"),
        (None, "interceptors must be a list or a tuple; got None"),
        ([3], "interceptors must be async callables; one of them is 3"),
        (
            [EventLog],
            f"interceptors must be async callables; one of them is {EventLog!r}: "
            "make an object of it, EventLog()",
        ),
    ],
    ids=["one alone", "0", "None", "number", "class"],
)
def test_what_is_no_interceptor_is_refused(
    run_anywhere: Run, journal: Journal, interceptors: Any, message: str
) -> None:
    begun = task("a", pre_execute=journal.quick("begun"))
    with pytest.raises(TypeError) as caught:
        TaskFunction(nothing, interceptors=interceptors)
    assert str(caught.value).startswith(message)
    with pytest.raises(TypeError) as caught:
        processor_of(begun, interceptors=interceptors)
    assert str(caught.value).startswith(message)

    async def main() -> None:
        with pytest.raises(TypeError) as caught:
            await processor_of(begun).process_tasks(None, interceptors=interceptors)
        assert str(caught.value).startswith(message)
        with pytest.raises(TypeError) as caught:
            processor_of(begun).open(None, interceptors=interceptors)
        assert str(caught.value).startswith(message)

    run_anywhere(main())
    assert journal.events == []
