"""Guarantee 34: what observers are told, and when."""

import asyncio
from contextvars import ContextVar, Token
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import calls, no, processor_of, task
from sdax_core import (
    Attempt,
    FunctionCall,
    Observer,
    RunHandle,
    SdaxExecutionError,
    TaskFunction,
    after,
    current_run,
)

PHASES = ("pre_execute", "execute", "post_execute")
SETTINGS = pytest.mark.parametrize("settings", [{}, {"timeout": 90}], ids=["plain", "settings"])
"""Functions without settings are run in another way than those with."""


class Every:
    """A retry policy: again after a second, once."""

    def decide(self, attempt: int, *_: object) -> float | None:
        return 1 if attempt == 1 else None


async def fail(_: object) -> None:
    raise OSError("no")


async def nothing(_: object) -> None: ...


@pytest.mark.guarantee("34.1", "34.2", "34.3", "34.4")
@SETTINGS
def test_a_run_is_told_event_by_event_with_the_time(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    log = EventLog()
    processor = processor_of(
        task(
            "a",
            pre_execute=journal.takes("a", 2, **settings),
            post_execute=journal.takes("~a", 1, **settings),
        ),
        (task("b", execute=journal.takes("b", 3, **settings)), "a"),
    )

    async def main() -> None:
        await asyncio.sleep(10)
        await processor.process_tasks(None, observers=[log])

    run(main())

    assert log.events == [
        ("run_started",),
        ("phase_started", "pre_execute", 10),
        ("function_started", "a", "pre_execute", 10),
        ("attempt_started", "a", 1, 10),
        ("attempt_ended", "a", 1, "succeeded", 12),
        ("function_ended", "a", "pre_execute", "succeeded", 12),
        ("phase_ended", "pre_execute", 12),
        ("phase_started", "execute", 12),
        ("function_started", "b", "execute", 12),
        ("attempt_started", "b", 1, 12),
        ("attempt_ended", "b", 1, "succeeded", 15),
        ("function_ended", "b", "execute", "succeeded", 15),
        ("phase_ended", "execute", 15),
        ("phase_started", "post_execute", 15),
        ("function_started", "a", "post_execute", 15),
        ("attempt_started", "a", 1, 15),
        ("attempt_ended", "a", 1, "succeeded", 16),
        ("function_ended", "a", "post_execute", "succeeded", 16),
        ("phase_ended", "post_execute", 16),
        ("run_ended", "succeeded"),
    ]
    assert log.errors == [None]


@pytest.mark.guarantee("34.2")
def test_an_event_comes_at_the_moment_it_speaks_of(run_anywhere: Run, journal: Journal) -> None:
    class Inline(EventLog):
        def function_started(self, call: FunctionCall, /) -> None:
            journal.events.append(f"{call.task} is about to start")
            assert asyncio.current_task() is not None

        def function_ended(self, call: FunctionCall, /) -> None:
            journal.events.append(f"{call.task} has ended")

    processor = processor_of(
        task("a", pre_execute=journal.quick("a")),
        (task("b", pre_execute=journal.quick("b")), "a"),
    )
    run_anywhere(processor.process_tasks(None, observers=[Inline()]))

    assert journal.events == [
        "a is about to start",
        "a",
        "a has ended",
        "b is about to start",
        "b",
        "b has ended",
    ]


@pytest.mark.guarantee("34.3")
def test_a_phase_in_which_nothing_runs_is_not_told(run_anywhere: Run) -> None:
    log = EventLog()

    run_anywhere(processor_of(task("a", execute=nothing)).process_tasks(None, observers=[log]))
    assert [event[:2] for event in log.named("phase_started", "phase_ended")] == [
        ("phase_started", "execute"),
        ("phase_ended", "execute"),
    ]

    log = EventLog()
    run_anywhere(processor_of(task("join")).process_tasks(None, observers=[log]))
    assert log.events == [("run_started",), ("run_ended", "succeeded")]


@pytest.mark.guarantee("34.3")
def test_a_run_that_was_cancelled_before_anything_began_tells_nothing(run: Run) -> None:
    log = EventLog()

    async def main() -> None:
        async with processor_of(task("a", pre_execute=nothing)).open(
            None, observers=[log]
        ) as runner:
            current = asyncio.current_task()
            assert current is not None
            current.cancel()
            await runner.run_next()

    async def around() -> BaseException | None:
        return await asyncio.create_task(ended(main()))

    assert isinstance(run(around()), asyncio.CancelledError)
    assert log.events == []


@pytest.mark.guarantee("34.3")
def test_a_run_phase_by_phase_tells_the_same(run: Run, journal: Journal) -> None:
    at_once, by_phase = EventLog(), EventLog()
    processor = processor_of(
        task("a", pre_execute=journal.quick("a"), post_execute=journal.quick("~a")),
        (task("b", execute=journal.quick("b")), "a"),
    )

    async def main() -> None:
        await processor.process_tasks(None, observers=[at_once])
        async with processor.open(None, observers=[by_phase]) as runner:
            assert by_phase.events == []
            while await runner.run_next():
                pass

    run(main())

    assert by_phase.events == at_once.events


@pytest.mark.guarantee("34.3")
@pytest.mark.parametrize("phases", [1, 2])
def test_a_run_whose_block_is_left_early_ends_with_its_cleanup(run: Run, phases: int) -> None:
    log = EventLog()
    every = task("a", pre_execute=nothing, execute=nothing, post_execute=nothing)

    async def main() -> None:
        async with processor_of(every).open(None, observers=[log]) as runner:
            for _ in range(phases):
                await runner.run_next()
            assert log.named("run_ended") == []

    run(main())

    assert len(log.named("phase_ended")) == phases + 1
    assert log.events[-2:] == [("phase_ended", "post_execute", 0), ("run_ended", "succeeded")]


@pytest.mark.guarantee("34.3")
@pytest.mark.parametrize("error", [ValueError("body"), KeyboardInterrupt("body")], ids=repr)
def test_run_ended_knows_what_came_out_of_the_body(run: Run, error: BaseException) -> None:
    log = EventLog()

    async def main() -> None:
        processor = processor_of(task("a", execute=fail))
        async with processor.open(None, observers=[log]) as runner:
            await runner.run_next()
            await runner.run_next()
            raise error

    assert run(ended(main())) is error
    assert log.errors == [error]
    assert log.events[-1] == ("run_ended", "failed")


@pytest.mark.guarantee("34.3", "34.4")
@pytest.mark.parametrize("phase", PHASES)
@SETTINGS
def test_a_failure(run: Run, phase: str, settings: dict[str, Any]) -> None:
    log = EventLog()
    functions: dict[str, Any] = {phase: TaskFunction(fail, **settings)}

    ending = run(ended(processor_of(task("a", **functions)).process_tasks(None, observers=[log])))

    assert isinstance(ending, SdaxExecutionError)
    (error,) = ending.exceptions
    (told,) = log.errors
    assert isinstance(told, SdaxExecutionError)
    assert told.failures == ending.failures
    assert log.events[-1] == ("run_ended", "failed")
    call = log.call("a", phase)
    assert (call.outcome, call.error, call.cancel_cause) == ("failed", error, None)
    (attempt,) = log.attempts
    assert (attempt.outcome, attempt.error) == ("failed", error)


@pytest.mark.guarantee("34.3", "34.4")
@pytest.mark.parametrize(
    ("phase", "how"),
    [
        *((phase, "caller") for phase in PHASES),
        *((phase, "deadline") for phase in PHASES[:2]),
        ("post_execute", "cleanup timeout"),
    ],
)
@SETTINGS
def test_a_cancellation(run: Run, phase: str, how: str, settings: dict[str, Any]) -> None:
    log = EventLog()

    async def wait(_: object) -> None:
        await asyncio.sleep(60)

    functions: dict[str, Any] = {phase: TaskFunction(wait, **settings)}
    limit = 5 if how == "cleanup timeout" else None
    processor = processor_of(task("a", **functions), cleanup_timeout=limit)
    timeout = 5 if how == "deadline" else None
    cancels = (5,) if how == "caller" else ()

    ending = run(
        ended_after_cancels(
            processor.process_tasks(None, timeout=timeout, observers=[log]), *cancels
        )
    )

    call = log.call("a", phase)
    assert (call.outcome, call.ended_at) == ("cancelled", 5)
    assert isinstance(call.error, asyncio.CancelledError)
    assert call.cancel_cause is not None
    assert call.cancel_cause.kind == how
    (attempt,) = log.attempts
    assert (attempt.outcome, attempt.error) == ("cancelled", call.error)
    if how == "cleanup timeout":
        assert isinstance(ending, SdaxExecutionError)
    else:
        assert log.errors == [ending]
        assert log.events[-1] == ("run_ended", "cancelled")


@pytest.mark.guarantee("34.3", "34.4")
@SETTINGS
def test_a_keyboard_interrupt(run: Run, settings: dict[str, Any]) -> None:
    log = EventLog()
    error = KeyboardInterrupt()

    async def interrupt(_: object) -> None:
        raise error

    processor = processor_of(task("a", settings, execute=interrupt))

    assert run(ended(processor.process_tasks(None, observers=[log]))) is error
    assert log.errors == [error]
    assert (log.call("a").outcome, log.call("a").error) == ("failed", error)


@pytest.mark.guarantee("34.4")
@SETTINGS
def test_a_cancelled_error_that_nobody_asked_for_is_a_failure(
    run: Run, settings: dict[str, Any]
) -> None:
    log = EventLog()

    async def cancel_oneself(_: object) -> None:
        raise asyncio.CancelledError

    processor = processor_of(task("a", settings, execute=cancel_oneself))
    run(ended(processor.process_tasks(None, observers=[log])))

    assert (log.call("a").outcome, log.attempts[0].outcome) == ("failed", "failed")


@pytest.mark.guarantee("34.4")
@SETTINGS
def test_what_a_function_raises_when_it_is_cancelled_is_a_failure(
    run: Run, settings: dict[str, Any]
) -> None:
    log = EventLog()

    async def fail_in_stopping(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("could not stop")

    processor = processor_of(task("a", settings, execute=fail_in_stopping))
    run(ended_after_cancels(processor.process_tasks(None, observers=[log]), 5))

    assert log.call("a").outcome == "failed"
    assert isinstance(log.call("a").error, OSError)


@pytest.mark.guarantee("34.5")
@pytest.mark.parametrize("phase", PHASES)
def test_retries_are_told_with_their_delay(run: Run, phase: str) -> None:
    log = EventLog()
    functions: dict[str, Any] = {phase: TaskFunction(fail, retry=Every())}

    run(ended(processor_of(task("a", **functions)).process_tasks(None, observers=[log])))

    assert log.events[2:-2] == [
        ("function_started", "a", phase, 0),
        ("attempt_started", "a", 1, 0),
        ("attempt_ended", "a", 1, "failed", 0),
        ("retry_scheduled", "a", 1, 1),
        ("attempt_started", "a", 2, 1),
        ("attempt_ended", "a", 2, "failed", 1),
        ("function_ended", "a", phase, "failed", 1),
    ]
    assert log.call("a", phase).attempts == 2


@pytest.mark.guarantee("34.5")
@pytest.mark.parametrize("by", ["caller", "deadline"])
def test_a_retry_that_is_not_to_be_is_not_counted(run: Run, by: str) -> None:
    class Later:
        def decide(self, *_: object) -> float:
            return 9

    log = EventLog()
    processor = processor_of(task("a", execute=TaskFunction(fail, retry=Later())))

    if by == "caller":
        run(ended_after_cancels(processor.process_tasks(None, observers=[log]), 5))
    else:
        run(ended(processor.process_tasks(None, timeout=5, observers=[log])))

    call = log.call("a")
    assert call.attempts == len(log.attempts) == 1
    assert call.outcome == ("cancelled" if by == "caller" else "failed")
    scheduled = [("retry_scheduled", "a", 1, 9)] if by == "caller" else []
    assert log.named("retry_scheduled") == scheduled


@pytest.mark.guarantee("34.6")
def test_skipped_tasks_are_told_with_the_reason(run: Run) -> None:
    log = EventLog()

    processor = processor_of(
        task("off", pre_execute=nothing, when=no),
        task("weak", pre_execute=fail, optional=True),
        (task("on weak", pre_execute=nothing, optional=True), "weak"),
        (task("join on weak", optional=True), "weak"),
        task("fails", execute=fail),
        (task("on fails", execute=nothing, post_execute=nothing), "fails"),
        execute_order="dependencies",
    )
    run(ended(processor.process_tasks(None, observers=[log])))

    assert log.named("task_skipped") == [
        ("task_skipped", "off", "pre_execute", "when"),
        ("task_skipped", "on weak", "pre_execute", "failure"),
        ("task_skipped", "on fails", "execute", "failure"),
    ]
    assert {call.task for call in log.calls} == {"weak", "fails", "on fails"}
    assert log.call("on fails", "post_execute").outcome == "succeeded"


@pytest.mark.guarantee("34.7")
@SETTINGS
def test_a_function_says_which_prerequisite_it_waited_for_longest(
    run: Run, settings: dict[str, Any]
) -> None:
    log = EventLog()

    def last(seconds: float) -> TaskFunction[Any]:
        async def function(_: object) -> None:
            await asyncio.sleep(seconds)

        return TaskFunction(function, **settings)

    def whole(key: str, pre: float, work: float, post: float) -> Any:
        return task(key, pre_execute=last(pre), execute=last(work), post_execute=last(post))

    processor = processor_of(
        whole("a", 1, 3, 1),
        whole("b", 2, 2, 1),
        whole("c", 3, 1, 1),
        (whole("d", 1, 1, 3), "a", "b"),
        (whole("e", 1, 1, 2), "b", "c"),
        execute_order="dependencies",
    )
    run(processor.process_tasks(None, observers=[log]))

    told = {(call.task, str(call.phase)): call.released_by for call in log.calls}
    assert {key: by for key, by in told.items() if by is not None} == {
        ("d", "pre_execute"): "b",
        ("e", "pre_execute"): "c",
        ("d", "execute"): "a",
        ("e", "execute"): "b",
        ("a", "post_execute"): "d",
        ("b", "post_execute"): "d",
        ("c", "post_execute"): "e",
    }
    waited = {(call.task, str(call.phase)): call.waited_for for call in log.calls}
    assert {key: tasks for key, tasks in waited.items() if tasks} == {
        ("d", "pre_execute"): ("a", "b"),
        ("e", "pre_execute"): ("b", "c"),
        ("d", "execute"): ("b", "a"),
        ("e", "execute"): ("c", "b"),
        ("a", "post_execute"): ("d",),
        ("b", "post_execute"): ("e", "d"),
        ("c", "post_execute"): ("e",),
    }


@pytest.mark.guarantee("34.7", "34.14")
@SETTINGS
def test_it_looks_through_joins_and_what_was_skipped(run: Run, settings: dict[str, Any]) -> None:
    log = EventLog()

    def last(seconds: float) -> TaskFunction[Any]:
        async def function(_: object) -> None:
            await asyncio.sleep(seconds)

        return TaskFunction(function, **settings)

    processor = processor_of(
        task("a", pre_execute=last(1)),
        task("b", pre_execute=last(2)),
        (task("join"), "a", "b"),
        (task("join of joins"), "join"),
        (task("off", pre_execute=nothing, when=no), "join of joins"),
        (task("c", pre_execute=nothing), "off"),
        task("weak", pre_execute=last(3), optional=True),
        (task("d", pre_execute=nothing), "join", after("weak")),
        (task("only joins"),),
        (task("e", pre_execute=nothing), "only joins"),
    )
    run(processor.process_tasks(None, observers=[log]))

    assert log.call("c", "pre_execute").released_by == "b"
    assert log.call("d", "pre_execute").released_by == "weak"
    assert log.call("e", "pre_execute").released_by is None
    assert log.call("a", "pre_execute").released_by is None
    assert log.call("c", "pre_execute").waited_for == ("a", "b")
    assert log.call("d", "pre_execute").waited_for == ("a", "b", "weak")
    assert log.call("e", "pre_execute").waited_for == ()
    assert log.call("a", "pre_execute").waited_for == ()


@pytest.mark.guarantee("34.7", "34.14")
@SETTINGS
def test_one_that_failed_and_was_waited_for_counts_too(run: Run, settings: dict[str, Any]) -> None:
    log = EventLog()

    async def fail_late(_: object) -> None:
        await asyncio.sleep(2)
        raise OSError

    processor = processor_of(
        task("weak", settings, pre_execute=fail_late, optional=True),
        (task("a", pre_execute=nothing), after("weak")),
        task("early", post_execute=nothing),
        (task("late", settings, post_execute=fail_late), "early"),
    )
    run(ended(processor.process_tasks(None, observers=[log])))

    assert log.call("a", "pre_execute").released_by == "weak"
    assert log.call("early", "post_execute").released_by == "late"
    assert log.call("a", "pre_execute").waited_for == ("weak",)
    assert log.call("early", "post_execute").waited_for == ("late",)


@pytest.mark.guarantee("34.15")
@SETTINGS
def test_what_an_observer_sets_in_the_context_is_seen_by_the_function_alone(
    run_anywhere: Run, settings: dict[str, Any]
) -> None:
    current = ContextVar("current", default="nobody's")
    seen: list[tuple[str, str, str]] = []

    class Sets(Observer):
        def function_started(self, call: FunctionCall, /) -> None:
            tasks[call] = asyncio.current_task()
            tokens[call] = current.set(str(call.task))

        def attempt_started(self, attempt: Attempt, /) -> None:
            assert current.get() == attempt.call.task
            assert asyncio.current_task() is tasks[attempt.call]
            tokens[attempt] = current.set(f"{attempt.call.task} {attempt.number}")

        def attempt_ended(self, attempt: Attempt, /) -> None:
            current.reset(tokens.pop(attempt))

        def function_ended(self, call: FunctionCall, /) -> None:
            assert asyncio.current_task() is tasks[call]
            current.reset(tokens.pop(call))

    tokens: dict[object, Token[str]] = {}
    tasks: dict[object, object] = {}

    def look(name: str) -> TaskFunction[Any]:
        async def function(_: object) -> None:
            before = current.get()
            await asyncio.sleep(0)
            seen.append((name, before, current.get()))

        return TaskFunction(function, **settings)

    processor = processor_of(
        *(task(name, pre_execute=look(name), post_execute=look(name)) for name in "ab"),
        (task("c", pre_execute=look("c")), "a", "b"),
    )

    async def main() -> None:
        await processor.process_tasks(None, observers=[Sets()])
        seen.append(("outside", current.get(), ""))

    run_anywhere(main())

    assert sorted(seen[:2]) == sorted(seen[3:5]) == [("a", "a 1", "a 1"), ("b", "b 1", "b 1")]
    assert [seen[2], *seen[5:]] == [("c", "c 1", "c 1"), ("outside", "nobody's", "")]
    assert not tokens


@pytest.mark.guarantee("34.8")
def test_a_function_can_say_something_about_its_attempt(run_anywhere: Run) -> None:
    log = EventLog()

    async def interceptor(attempt: Any, proceed: Any) -> None:
        attempt.report("waited", seconds=2, permits=[1])
        await proceed()

    processor = processor_of(task("a", {"interceptors": [interceptor]}, execute=nothing))
    run_anywhere(processor.process_tasks(None, observers=[log]))
    run_anywhere(processor.process_tasks(None))  # nobody listens

    assert log.named("reported") == [("reported", "a", "waited", {"seconds": 2, "permits": [1]})]
    names = [event[0] for event in log.events]
    assert names.index("attempt_started") < names.index("reported") < names.index("attempt_ended")


@pytest.mark.guarantee("34.4")
@SETTINGS
def test_what_is_told_leads_to_the_run_and_the_function(
    run_anywhere: Run, settings: dict[str, Any]
) -> None:
    log = EventLog()
    handles: list[RunHandle] = []
    function = TaskFunction(calls(lambda: handles.append(current_run())), **settings)
    key = ("db", 7)

    run_anywhere(processor_of(task(key, execute=function)).process_tasks(None, observers=[log]))

    (call,) = log.calls
    (attempt,) = log.attempts
    assert log.runs == handles == [call.run]
    assert call.run is handles[0]
    assert (call.task, call.path, call.phase) == (key, (key,), "execute")
    assert call.function is function
    assert attempt.call is call
    assert attempt.number == 1
    assert repr(call) == "FunctionCall(('db', 7), execute, succeeded)"
    assert repr(attempt) == "Attempt(1 of ('db', 7), execute, succeeded)"


@pytest.mark.guarantee("34.9")
@SETTINGS
def test_the_task_of_a_function_bears_its_name(run_anywhere: Run, settings: dict[str, Any]) -> None:
    names: list[str] = []

    async def note_name(_: object) -> None:
        for _ in range(2):
            current = asyncio.current_task()
            assert current is not None
            names.append(current.get_name())
            await asyncio.sleep(0)

    every = task("a", settings, pre_execute=note_name, execute=note_name, post_execute=note_name)

    class Deaf(Observer):
        """Told of nothing, but there."""

    run_anywhere(processor_of(every).process_tasks(None, observers=[Deaf()]))

    assert names == [f"sdax: a.{phase}" for phase in PHASES for _ in range(2)]


@pytest.mark.guarantee("34.1")
@SETTINGS
@pytest.mark.parametrize("value", [None, 3, "text"], ids=repr)
def test_a_function_that_cannot_be_awaited_is_explained_all_the_same(
    run_anywhere: Run, settings: dict[str, Any], value: object
) -> None:
    def plain(_: object) -> object:
        return value

    log = EventLog()
    processor = processor_of(task("a", settings, execute=plain))
    ending = run_anywhere(ended(processor.process_tasks(None, observers=[log])))

    assert isinstance(ending, SdaxExecutionError)
    (error,) = ending.exceptions
    assert "which cannot be awaited" in str(error)
    assert log.call("a").error is error
    assert log.attempts[0].error is error
