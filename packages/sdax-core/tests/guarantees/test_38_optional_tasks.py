"""Guarantee 38: optional tasks, and what depends on them."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of, task
from sdax_core import (
    PhaseId,
    SdaxExecutionError,
    StrayCancellationError,
    after,
    current_run,
)

ERROR = OSError("no")
BEFORE_CLEANUP = ("pre_execute", "execute")
MODES = [
    {"execute_order": order, "on_execute_error": on_error}
    for order in ("together", "dependencies")
    for on_error in ("continue", "cancel")
]
OBSERVED = pytest.mark.parametrize("observed", [False, True], ids=["", "observed"])
MODE = pytest.mark.parametrize("mode", MODES, ids=lambda mode: " ".join(mode.values()))


def observers(observed: bool) -> list[EventLog]:
    return [EventLog()] if observed else []


def weak_in(phase: str, function: Any, **functions: Any) -> Any:
    return task("weak", optional=True, **{phase: function, **functions})


async def wait(_: object) -> None:
    await asyncio.sleep(60)


@pytest.mark.guarantee("38.4", "38.5")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@MODE
@OBSERVED
def test_its_failure_stops_nothing_and_is_not_raised(
    run: Run, journal: Journal, phase: str, mode: dict[str, Any], observed: bool
) -> None:
    beside: dict[str, Any] = {phase: journal.takes("beside", 5)}
    later: dict[str, Any] = {phase: journal.takes("later", 1)}
    processor = processor_of(
        weak_in(phase, journal.takes("weak", 2, ERROR)),
        task("beside", **beside),
        (task("later", **later), "beside"),
        task("end", execute=journal.takes("work", 9), post_execute=journal.quick("clean up")),
        **mode,
    )

    run(processor.process_tasks(None, observers=observers(observed)))

    assert journal.events.count("beside ended") == 1
    assert journal.events.count("later ended") == 1
    assert journal.events[-2:] == ["work ended", "clean up"]
    assert "weak raised OSError" in journal.events


@pytest.mark.guarantee("38.4")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_it_fails_when_its_retries_are_used_up(run: Run, journal: Journal, phase: str) -> None:
    flaky = journal.fails("weak", TimeoutError(), retries=2, initial_delay=0.0)
    log = EventLog()

    run(processor_of(weak_in(phase, flaky)).process_tasks(None, observers=[log]))

    assert journal.events == ["weak"] * 3
    assert log.call("weak", phase).attempts == 3
    assert log.call("weak", phase).outcome == "failed"


@pytest.mark.guarantee("38.5")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_the_runner_the_run_and_observers_know_its_failure(
    run_anywhere: Run, journal: Journal, phase: str
) -> None:
    log = EventLog()
    seen: list[Any] = []

    async def look(_: object) -> None:
        run = current_run()
        seen.append((run.outcome, run.exception()))
        seen.extend(run.failures)

    async def main() -> None:
        processor = processor_of(
            weak_in(phase, journal.fails("weak", ERROR)), task("end", post_execute=look)
        )
        async with processor.open(None, observers=[log]) as runner:
            while await runner.run_next():
                pass
            assert runner.failures() == [ERROR]
            assert runner.has_failures()
            runner.raise_failures()

    run_anywhere(main())

    (outcome, failure) = seen
    assert outcome == ("succeeded", None)
    assert (failure.task, failure.phase, failure.exception) == ("weak", phase, ERROR)
    assert failure.optional
    assert log.call("weak", phase).error is ERROR
    assert log.errors == [None]


@pytest.mark.guarantee("38.5")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_beside_a_failure_that_is_raised_it_is_left_out(
    run: Run, journal: Journal, phase: str
) -> None:
    required = ValueError("required")
    first: dict[str, Any] = {phase: journal.takes("required", 1, required)}

    async def main() -> None:
        processor = processor_of(weak_in(phase, journal.fails("weak", ERROR)), task("a", **first))
        async with processor.open(None) as runner:
            while await runner.run_next():
                pass
            assert runner.failures() == [ERROR, required]
            with pytest.raises(SdaxExecutionError) as caught:
                runner.raise_failures()
            assert caught.value.exceptions == (required,)

    ending = run(ended(main()))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (required,)
    assert [failure.task for failure in ending.failures] == ["a"]


@pytest.mark.guarantee("38.5")
def test_it_is_noted_on_a_cancellation(run: Run, journal: Journal) -> None:
    processor = processor_of(
        weak_in("execute", journal.fails("weak", ERROR)), task("a", execute=wait)
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == "sdax: task 'weak', execute, attempt 1: OSError: no"


@pytest.mark.guarantee("38.6")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@OBSERVED
def test_its_own_cleanup_runs(run: Run, journal: Journal, phase: str, observed: bool) -> None:
    processor = processor_of(
        task("root", post_execute=journal.quick("~root")),
        (
            weak_in(phase, journal.fails("weak", ERROR), post_execute=journal.takes("~weak", 1)),
            "root",
        ),
        (task("a", post_execute=journal.takes("~a", 1)), after("weak")),
    )

    run(processor.process_tasks(None, observers=observers(observed)))

    assert journal.timed == [
        (0, "weak"),
        (0, "~a"),
        (1, "~a ended"),
        (1, "~weak"),
        (2, "~weak ended"),
        (2, "~root"),
    ]


@pytest.mark.guarantee("38.6")
@pytest.mark.parametrize("fails_before", [None, *BEFORE_CLEANUP])
def test_a_failure_of_its_cleanup_is_raised(
    run_anywhere: Run, journal: Journal, fails_before: str | None
) -> None:
    error = ValueError("cleanup")
    functions: dict[str, Any] = {"pre_execute": journal.quick("weak")}
    if fails_before is not None:
        functions[fails_before] = journal.fails("fails", ERROR)
    weak = task("weak", **functions, post_execute=journal.fails("~weak", error), optional=True)

    ending = run_anywhere(ended(processor_of(weak).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
    assert ending.failures[0].phase is PhaseId.POST_EXEC
    assert not ending.failures[0].optional


@pytest.mark.guarantee("38.7")
@MODE
@OBSERVED
def test_what_depends_on_one_that_failed_in_pre_execute_is_skipped_altogether(
    run: Run, journal: Journal, mode: dict[str, Any], observed: bool
) -> None:
    def all_of(name: str) -> Any:
        return task(
            name,
            pre_execute=journal.quick(name),
            execute=journal.quick(f"{name} works"),
            post_execute=journal.quick(f"~{name}"),
            optional=True,
        )

    async def main() -> None:
        processor = processor_of(
            (all_of("far"), "join", "fine"),
            (task("join", optional=True), "near"),
            (all_of("near"), "weak"),
            weak_in(
                "pre_execute",
                journal.takes("weak", 1, ERROR),
                execute=journal.quick("weak works"),
                post_execute=journal.quick("~weak"),
            ),
            (task("only works", execute=journal.quick("only works"), optional=True), "far"),
            (task("only cleans", post_execute=journal.quick("only cleans"), optional=True), "far"),
            all_of("fine"),
            **mode,
        )
        async with processor.open(None, observers=observers(observed)) as runner:
            while await runner.run_next():
                pass
            assert runner.skipped() == ("far", "near", "only works", "only cleans")
            assert runner.failures() == [ERROR]

    run(main())

    assert journal.events == [
        "weak",
        "fine",
        "weak raised OSError",
        "fine works",
        "~weak",
        "~fine",
    ]


@pytest.mark.guarantee("38.7")
@pytest.mark.parametrize("on_execute_error", ["continue", "cancel"])
@OBSERVED
def test_what_depends_on_one_that_failed_in_execute_is_skipped_there_and_cleaned_up(
    run: Run, journal: Journal, on_execute_error: str, observed: bool
) -> None:
    def all_of(name: str) -> Any:
        return task(
            name,
            pre_execute=journal.quick(name),
            execute=journal.quick(f"{name} works"),
            post_execute=journal.quick(f"~{name}"),
            optional=True,
        )

    async def main() -> None:
        processor = processor_of(
            weak_in("execute", journal.takes("weak", 1, ERROR)),
            (all_of("near"), "weak"),
            (task("join", optional=True), "near"),
            (all_of("far"), "join"),
            (task("on all", execute=journal.quick("on all")), after("far")),
            execute_order="dependencies",
            on_execute_error=on_execute_error,
        )
        async with processor.open(None, observers=observers(observed)) as runner:
            while await runner.run_next():
                pass
            assert runner.skipped() == ("near", "far")

    run(main())

    assert journal.events == [
        "near",
        "far",
        "weak",
        "weak raised OSError",
        "on all",
        "~far",
        "~near",
    ]


@pytest.mark.guarantee("38.7")
@pytest.mark.parametrize("on_execute_error", ["continue", "cancel"])
def test_with_execute_together_nothing_waits_so_nothing_is_skipped_there(
    run_anywhere: Run, journal: Journal, on_execute_error: str
) -> None:
    processor = processor_of(
        weak_in("execute", journal.fails("weak", ERROR)),
        (task("near", execute=journal.quick("near"), optional=True), "weak"),
        on_execute_error=on_execute_error,
    )

    run_anywhere(processor.process_tasks(None))

    assert journal.events == ["weak", "near"]


@pytest.mark.guarantee("38.7")
def test_an_error_of_the_run_lists_what_was_skipped(run: Run, journal: Journal) -> None:
    processor = processor_of(
        weak_in("pre_execute", journal.fails("weak", ERROR)),
        (task("on weak", execute=journal.quick("x"), optional=True), "weak"),
        task("a", execute=journal.fails("a", ValueError())),
        (task("on a", execute=journal.quick("y")), "a"),
        execute_order="dependencies",
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.skipped == ("on weak", "on a")
    assert journal.events == ["weak", "a"]


@pytest.mark.guarantee("38.7")
def test_one_with_two_weak_dependencies_is_skipped_once_and_never_begun(
    run: Run, journal: Journal
) -> None:
    log = EventLog()
    processor = processor_of(
        weak_in("pre_execute", journal.takes("weak", 1, ERROR)),
        task("weak too", pre_execute=journal.takes("weak too", 2, ERROR), optional=True),
        task("fine", pre_execute=journal.takes("fine", 3)),
        (
            task("a", pre_execute=journal.quick("a"), optional=True),
            "weak",
            "weak too",
            "fine",
        ),
    )

    run(processor.process_tasks(None, observers=[log]))

    assert log.named("task_skipped") == [("task_skipped", "a", "pre_execute", "failure")]
    assert "a" not in journal.events


@pytest.mark.guarantee("38.4")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
@OBSERVED
def test_a_keyboard_interrupt_in_one_ends_the_run(
    run: Run, journal: Journal, phase: str, error: BaseException, observed: bool
) -> None:
    beside: dict[str, Any] = {phase: journal.takes("beside", 60)}
    processor = processor_of(
        task("beside", **beside, post_execute=journal.quick("clean up")),
        weak_in(phase, journal.fails("weak", error)),
    )

    ending = run(ended(processor.process_tasks(None, observers=observers(observed))))

    assert ending is error
    assert journal.timed[-2:] == [(0, "beside cancelled"), (0, "clean up")]


@pytest.mark.guarantee("38.4")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_a_cancel_of_the_run_is_no_failure_of_it(run: Run, journal: Journal, phase: str) -> None:
    processor = processor_of(
        weak_in(phase, journal.takes("weak", 60), post_execute=journal.quick("~weak")),
        (task("a", execute=journal.quick("a")), after("weak")),
        execute_order="dependencies",
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == ""
    assert journal.timed == [(0, "weak"), (5, "weak cancelled"), (5, "~weak")]


@pytest.mark.guarantee("38.4", "38.5")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_a_cancelled_error_that_nobody_asked_for_is_its_failure(
    run_anywhere: Run, journal: Journal, phase: str
) -> None:
    async def main() -> None:
        weak = weak_in(phase, journal.fails("weak", asyncio.CancelledError()))
        processor = processor_of(weak, (task("a", execute=journal.quick("a")), after("weak")))
        async with processor.open(None) as runner:
            while await runner.run_next():
                pass
            (failure,) = runner.failures()
            assert isinstance(failure, StrayCancellationError)

    run_anywhere(main())

    assert journal.events == ["weak", "a"]


@pytest.mark.guarantee("38.4")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_a_required_failure_cancels_it_like_any_sibling(
    run: Run, journal: Journal, phase: str
) -> None:
    first: dict[str, Any] = {phase: journal.takes("a", 2, ERROR)}
    processor = processor_of(
        task("a", **first),
        weak_in(phase, journal.takes("weak", 60), post_execute=journal.quick("~weak")),
        (task("b", pre_execute=journal.quick("b")), after("weak"))
        if phase == "pre_execute"
        else task("b"),
        on_execute_error="cancel",
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (ERROR,)
    assert journal.timed == [
        (0, "a"),
        (0, "weak"),
        (2, "a raised OSError"),
        (2, "weak cancelled"),
        (2, "~weak"),
    ]


@pytest.mark.guarantee("38.5")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_a_timeout_of_one_is_its_failure(run: Run, journal: Journal, phase: str) -> None:
    processor = processor_of(
        weak_in(phase, journal.takes("weak", 60, timeout=3)),
        (task("a", execute=journal.quick("a")), after("weak")),
        execute_order="dependencies",
    )

    run(processor.process_tasks(None))

    assert journal.timed == [(0, "weak"), (3, "weak cancelled"), (3, "a")]
