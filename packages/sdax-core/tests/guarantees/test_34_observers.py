"""Guarantee 34: which observers there are, and what one that raises does not do."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import calls, no, processor_of, task
from sdax_core import Attempt, FunctionCall, Observer, RunHandle

EVENTS = [
    "run_started",
    "run_ended",
    "phase_started",
    "phase_ended",
    "function_started",
    "function_ended",
    "attempt_started",
    "attempt_ended",
    "retry_scheduled",
    "task_skipped",
    "reported",
]


async def nothing(_: object) -> None: ...


def everything() -> Any:
    """A graph in whose run every event happens."""
    errors = [TimeoutError()]

    async def flaky(_: object) -> None:
        if errors:
            raise errors.pop()

    async def report(attempt: Attempt, proceed: Callable[[], Any]) -> None:
        attempt.report("began")
        await proceed()

    return processor_of(
        task(
            "a",
            {"retries": 1, "initial_delay": 0.0, "interceptors": [report]},
            pre_execute=nothing,
            execute=flaky,
            post_execute=nothing,
        ),
        task("off", execute=nothing, when=no),
    )


def raising_in(event: str, error: BaseException, told: list[str]) -> Observer:
    """An observer of all events that raises in one of them."""

    def method_of(name: str) -> Callable[..., None]:
        def method(*_: object) -> None:
            told.append(name)
            if name == event:
                raise error

        return method

    kind = type("Raising", (Observer,), {name: method_of(name) for name in EVENTS})
    observer: Observer = kind()
    return observer


@pytest.mark.guarantee("34.10")
def test_those_of_build_come_before_those_of_the_run_in_the_order_given(run_anywhere: Run) -> None:
    told: list[str] = []

    class Named(Observer):
        def __init__(self, name: str) -> None:
            self.name = name

        def function_started(self, call: FunctionCall, /) -> None:
            told.append(self.name)

    processor = processor_of(
        task("a", execute=nothing), observers=(Named("build 1"), Named("build 2"))
    )

    async def main() -> None:
        await processor.process_tasks(None, observers=[Named("run 1"), Named("run 2")])
        told.append("-")
        await processor.process_tasks(None)
        told.append("-")
        async with processor.open(None, observers=iter([Named("run 3")])) as runner:
            while await runner.run_next():
                pass

    run_anywhere(main())

    builds = ["build 1", "build 2"]
    assert told == [*builds, "run 1", "run 2", "-", *builds, "-", *builds, "run 3"]


@pytest.mark.guarantee("34.10")
def test_runs_at_once_tell_their_own_observers(run: Run) -> None:
    logs = [EventLog(), EventLog()]
    processor = processor_of(task("a", execute=nothing))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for log in logs:
                group.create_task(processor.process_tasks(None, observers=[log]))

    run(main())

    for log in logs:
        assert len(log.calls) == 1
        assert log.calls[0].run is log.runs[0]
    assert logs[0].runs[0] is not logs[1].runs[0]


@pytest.mark.guarantee("34.11")
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("observer"), asyncio.CancelledError()], ids=repr
)
def test_one_that_raises_is_logged_once_and_dropped_and_disturbs_nobody(
    run_anywhere: Run, caplog: pytest.LogCaptureFixture, event: str, error: BaseException
) -> None:
    undisturbed, expected, told = EventLog(), EventLog(), list[str]()
    observer = raising_in(event, error, told)

    async def main() -> None:
        await everything().process_tasks(None, observers=[expected])
        await everything().process_tasks(None, observers=[observer, undisturbed])

    caplog.clear()
    run_anywhere(main())

    assert [entry[:2] for entry in undisturbed.events] == [entry[:2] for entry in expected.events]
    assert told[-1] == event
    assert told.count(event) == 1
    (record,) = [record for record in caplog.records if record.name == "sdax"]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == (
        f"observer {observer!r} raised in {event} and is told nothing more of this run"
    )
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert record.exc_info[2] is not None
    assert {entry[0] for entry in expected.events} == set(EVENTS)


@pytest.mark.guarantee("34.11")
def test_it_is_told_of_the_next_run_again(
    run_anywhere: Run, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    observer = raising_in("run_started", ZeroDivisionError(), told)
    processor = processor_of(task("a", execute=nothing), observers=[observer])

    async def main() -> None:
        await processor.process_tasks(None)
        await processor.process_tasks(None)

    caplog.clear()
    run_anywhere(main())

    assert told == ["run_started", "run_started"]
    assert len([record for record in caplog.records if record.name == "sdax"]) == 2


@pytest.mark.guarantee("34.11")
def test_it_is_dropped_whatever_its_methods_are(
    run_anywhere: Run, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def started(_: FunctionCall) -> None:
        told.append("started")
        raise ZeroDivisionError

    def ended(_: FunctionCall) -> None:
        told.append("ended")

    methods = {"function_started": staticmethod(started), "function_ended": staticmethod(ended)}
    static: Observer = type("Static", (Observer,), methods)()
    run_anywhere(processor_of(task("a", execute=nothing)).process_tasks(None, observers=[static]))

    assert told == ["started"]
    assert len(caplog.records) >= 1


@pytest.mark.guarantee("34.12")
@pytest.mark.parametrize("event", [name for name in EVENTS if name != "run_ended"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_keyboard_interrupt_that_it_meets_ends_the_run_with_cleanup(
    run: Run,
    journal: Journal,
    caplog: pytest.LogCaptureFixture,
    event: str,
    kind: type[BaseException],
) -> None:
    error = kind()
    observer = raising_in(event, error, [])

    async def report(attempt: Attempt, proceed: Callable[[], Any]) -> None:
        attempt.report("began")
        await proceed()

    processor = processor_of(
        task("held", pre_execute=nothing, post_execute=journal.takes("clean up", 1)),
        task("off", pre_execute=nothing, when=no),
        task(
            "flaky",
            {"retries": 1, "initial_delay": 0.0, "interceptors": [report]},
            pre_execute=journal.takes("a", 1, TimeoutError()).function,
        ),
        task("b", pre_execute=journal.takes("b", 60)),
    )

    ending = run(ended(processor.process_tasks(None, observers=[observer])))

    assert ending is error
    assert "b ended" not in journal.events
    if event in ("run_started", "phase_started"):
        assert journal.events == []
    else:
        assert journal.events[-2:] == ["clean up", "clean up ended"]


@pytest.mark.guarantee("34.12")
def test_a_keyboard_interrupt_at_the_very_end_is_raised_too(
    run_anywhere: Run, caplog: pytest.LogCaptureFixture
) -> None:
    error = KeyboardInterrupt()
    observer = raising_in("run_ended", error, [])

    async def main() -> None:
        await processor_of(task("a", execute=nothing)).process_tasks(None, observers=[observer])

    assert run_anywhere(ended(main())) is error


async def later(*_: object) -> None: ...


@pytest.mark.guarantee("34.13")
@pytest.mark.parametrize("event", EVENTS)
def test_an_async_method_is_refused(run_anywhere: Run, journal: Journal, event: str) -> None:
    kind = type("Asynchronous", (Observer,), {event: later})
    message = (
        f"observers: Asynchronous.{event} is an async function, which nobody would await; "
        "make it a plain one"
    )
    refused_everywhere(run_anywhere, journal, [kind()], message)


@pytest.mark.guarantee("34.13")
@pytest.mark.parametrize(
    ("observers", "message"),
    [
        (EventLog(), "observers must be a list or a tuple; got {0!r}: write [{0!r}]"),
        (5, "observers must be a list or a tuple; got 5: write [5]"),
        (0, "observers must be a list or a tuple; got 0: write [0]"),
        (None, "observers must be a list or a tuple; got None"),
        (["x"], "observers must be Observer objects; one of them is 'x'"),
        ([EventLog(), print], f"observers must be Observer objects; one of them is {print!r}"),
        (
            [EventLog],
            f"observers must be Observer objects; one of them is {EventLog!r}: "
            "make an object of it, EventLog()",
        ),
    ],
    ids=["one alone", "5", "0", "None", "text", "function", "class"],
)
def test_what_is_no_observer_is_refused(
    run_anywhere: Run, journal: Journal, observers: Any, message: str
) -> None:
    refused_everywhere(run_anywhere, journal, observers, message.replace("{0!r}", repr(observers)))


def refused_everywhere(run: Run, journal: Journal, observers: Any, message: str) -> None:
    begun = task("a", pre_execute=calls(lambda: journal.write("begun")))
    with pytest.raises(TypeError) as caught:
        processor_of(begun, observers=observers)
    assert str(caught.value).startswith(message)

    async def main() -> None:
        with pytest.raises(TypeError) as caught:
            await processor_of(begun).process_tasks(None, observers=observers)
        assert str(caught.value).startswith(message)
        with pytest.raises(TypeError) as caught:
            processor_of(begun).open(None, observers=observers)
        assert str(caught.value).startswith(message)

    run(main())
    assert journal.events == []


@pytest.mark.guarantee("34.1")
def test_an_observer_overrides_what_it_wants_to_be_told(run_anywhere: Run) -> None:
    ended_runs: list[str] = []

    class OnlyTheEnd(Observer):
        def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
            ended_runs.append(run.outcome)

    run_anywhere(everything().process_tasks(None, observers=[OnlyTheEnd(), Observer()]))

    assert ended_runs == ["succeeded"]


@pytest.mark.guarantee("34.1")
@pytest.mark.parametrize("settings", [{}, {"timeout": 5, "retries": 2}], ids=str)
def test_a_run_does_the_same_with_an_observer_as_without(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    def graph(journal: Journal) -> Any:
        return processor_of(
            task("a", pre_execute=journal.takes("a", 2, **settings)),
            (task("b", pre_execute=journal.takes("b", 1, **settings)), "a"),
            (task("c", pre_execute=journal.takes("c", 9, **settings)), "a"),
            (task("d", pre_execute=journal.takes("d", 1, OSError(), **settings)), "b"),
            task("e", post_execute=journal.takes("e", 1, **settings)),
        )

    observed = Journal()

    async def main() -> None:
        await ended(graph(journal).process_tasks(None))
        start = asyncio.get_running_loop().time()
        await ended(graph(observed).process_tasks(None, observers=[EventLog()]))
        observed.timed = [(time - start, event) for time, event in observed.timed]

    run(main())

    assert observed.timed == journal.timed
