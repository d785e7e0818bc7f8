"""Guarantee 44: something that a task holds for the run dies."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes, settled
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of, task
from sdax_core import (
    AsyncPhaseRunner,
    PhaseId,
    RunHandle,
    SdaxExecutionError,
    current_run,
)
from sdax_proof import running_loop

ERROR = OSError("the connection is gone")
BEFORE_CLEANUP = ("pre_execute", "execute")


class Holder:
    """A task that holds something from `pre_execute` on, which dies at a given time."""

    def __init__(self, dies_at: float | None = None, error: Exception = ERROR) -> None:
        self.dies_at = dies_at
        self.error = error
        self.run: RunHandle | None = None

    async def __call__(self, _: object) -> None:
        self.run = current_run()
        if self.dies_at is not None:
            running_loop().call_at(self.dies_at, self.die)

    def die(self) -> None:
        assert self.run is not None
        self.run.fail("held", self.error)


def failure_of(ending: BaseException | None) -> tuple[Any, ...]:
    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    return (failure.task, failure.phase, failure.attempts, failure.exception)


@pytest.mark.guarantee("44.1")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@pytest.mark.parametrize("on_execute_error", ["continue", "cancel"])
def test_what_runs_is_cancelled_cleanup_follows_and_it_is_the_failure_of_the_task(
    run: Run, journal: Journal, phase: str, on_execute_error: str
) -> None:
    error = OSError("the connection is gone")
    one: dict[str, Any] = {phase: journal.takes("a", 9, retries=3)}
    following: dict[str, Any] = {phase: journal.quick("next")}
    processor = processor_of(
        task("held", pre_execute=Holder(5, error), post_execute=journal.takes("~held", 1)),
        (task("a", **one, post_execute=journal.takes("~a", 2)), "held"),
        (task("b", **following), "a"),
        (task("work", execute=journal.quick("work")), "b"),
        execute_order="dependencies",
        on_execute_error=on_execute_error,
    )

    ending = run(ended(processor.process_tasks(None)))

    assert failure_of(ending) == ("held", phase, 1, error)
    assert notes(error) == f"sdax: task 'held', {phase}, attempt 1"
    assert journal.timed == [
        (0, "a"),
        (5, "a cancelled"),
        (5, "~a"),
        (7, "~a ended"),
        (7, "~held"),
        (8, "~held ended"),
    ]


@pytest.mark.guarantee("44.1")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@pytest.mark.parametrize("where", ["before it waits", "after it waited"])
def test_a_function_that_says_so_itself_is_cancelled_too(
    run: Run, journal: Journal, phase: str, where: str
) -> None:
    async def fail() -> None:
        if where == "after it waited":
            await asyncio.sleep(0)
        current_run().fail("a", ERROR)
        await asyncio.sleep(60)

    functions: dict[str, Any] = {phase: journal.does("a", fail)}
    processor = processor_of(
        task("a", **functions, post_execute=journal.quick("clean up")),
        (task("b", pre_execute=journal.quick("b")), "a") if phase == "pre_execute" else task("b"),
    )

    ending = run(ended(processor.process_tasks(None)))

    assert failure_of(ending) == ("a", phase, 1, ERROR)
    assert journal.timed == [(0, "a"), (0, "a cancelled"), (0, "clean up")]


@pytest.mark.guarantee("44.1")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_nothing_more_is_started_though_nothing_has_to_be_cancelled(
    run: Run, journal: Journal, phase: str
) -> None:
    async def fail() -> None:
        current_run().fail("a", ERROR)

    functions: dict[str, Any] = {phase: journal.does("a", fail)}
    following: dict[str, Any] = {phase: journal.quick("b")}
    processor = processor_of(
        task("a", **functions),
        (task("b", **following), "a"),
        (task("c", execute=journal.quick("c")), "b"),
        execute_order="dependencies",
    )

    ending = run(ended(processor.process_tasks(None)))

    assert failure_of(ending) == ("a", phase, 1, ERROR)
    assert journal.events == ["a", "a ended"]


@pytest.mark.guarantee("44.1", "44.6")
def test_cleanup_sees_it(run: Run) -> None:
    seen: list[Any] = []
    log = EventLog()

    async def look(_: object) -> None:
        handle = current_run()
        seen.append((handle.outcome, [failure.exception for failure in handle.failures]))
        seen.append(handle.exception())

    async def wait(_: object) -> None:
        await asyncio.sleep(60)

    processor = processor_of(
        task("held", pre_execute=Holder(5), post_execute=look), task("a", execute=wait)
    )
    ending = run(ended(processor.process_tasks(None, observers=[log])))

    assert seen[0] == ("failed", [ERROR])
    assert isinstance(seen[1], SdaxExecutionError)
    assert isinstance(ending, SdaxExecutionError)
    assert seen[1].failures == ending.failures
    cause = log.call("a").cancel_cause
    assert cause is not None
    assert (cause.kind, cause.task, cause.error) == ("resource", "held", ERROR)


@pytest.mark.guarantee("44.2")
def test_during_cleanup_it_is_one_more_failure_and_disturbs_nothing(
    run: Run, journal: Journal
) -> None:
    processor = processor_of(
        task("held", pre_execute=Holder(5), post_execute=journal.takes("~held", 9)),
        (task("a", post_execute=journal.takes("~a", 9)), "held"),
    )

    ending = run(ended(processor.process_tasks(None)))

    assert failure_of(ending) == ("held", PhaseId.POST_EXEC, 1, ERROR)
    assert journal.timed == [(0, "~a"), (9, "~a ended"), (9, "~held"), (18, "~held ended")]


@pytest.mark.guarantee("44.2", "44.4")
def test_during_cleanup_it_is_raised_though_the_task_is_optional(
    run: Run, journal: Journal
) -> None:
    processor = processor_of(
        task("held", pre_execute=Holder(5), post_execute=journal.takes("~held", 9), optional=True)
    )

    ending = run(ended(processor.process_tasks(None)))

    assert failure_of(ending) == ("held", PhaseId.POST_EXEC, 1, ERROR)
    assert journal.timed == [(0, "~held"), (9, "~held ended")]


Between = Callable[[AsyncPhaseRunner[Any, Any]], Awaitable[Any]]


def open_block(journal: Journal, holder: Holder, phases: int, body: Between) -> Any:
    async def main() -> None:
        processor = processor_of(
            task(
                "held",
                pre_execute=holder,
                execute=journal.quick("work"),
                post_execute=journal.takes("clean up", 2),
            )
        )
        async with processor.open(None) as runner:
            for _ in range(phases):
                await runner.run_next()
            await body(runner)

    return main()


async def cancel_count() -> int:
    """The cancel count of this Task, which must not have a cancel pending either."""
    current = asyncio.current_task()
    assert current is not None
    await asyncio.sleep(0)
    return current.cancelling()


@pytest.mark.guarantee("44.3")
@pytest.mark.parametrize("phases", [1, 2])
def test_between_two_phases_the_body_of_the_block_is_cancelled_and_the_failure_raised(
    run: Run, journal: Journal, phases: int
) -> None:
    messages: list[Any] = []

    async def body(_: object) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            messages.append(error.args)
            raise

    async def main() -> None:
        ending = await ended(open_block(journal, Holder(5), phases, body))
        last = [PhaseId.PRE_EXEC, PhaseId.EXECUTE][phases - 1]
        assert failure_of(ending) == ("held", last, 1, ERROR)
        assert await cancel_count() == 0

    run(main())

    assert messages == [("sdax: the resource 'held' died",)]
    assert journal.timed[-2:] == [(5, "clean up"), (7, "clean up ended")]
    assert journal.events.count("work") == phases - 1


@pytest.mark.guarantee("44.3")
@pytest.mark.parametrize("leaves", ["at once", "after giving way"])
@pytest.mark.parametrize("phases", [1, 2])
def test_so_it_is_if_the_body_itself_finds_it_dead(
    run: Run, journal: Journal, phases: int, leaves: str
) -> None:
    holder = Holder()

    async def body(_: object) -> None:
        holder.die()
        if leaves == "after giving way":
            await asyncio.sleep(0)
            journal.write("went on")

    async def main() -> None:
        failure_of(await ended(open_block(journal, holder, phases, body)))
        assert await cancel_count() == 0

    run(main())

    assert "went on" not in journal.events
    assert journal.events[-2:] == ["clean up", "clean up ended"]


@pytest.mark.guarantee("44.3")
def test_a_body_that_raises_something_else_lets_that_out(run: Run, journal: Journal) -> None:
    other = ValueError("body")

    async def body(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise other

    async def main() -> None:
        ending = await ended(open_block(journal, Holder(5), 1, body))
        assert ending is other
        assert "OSError: the connection is gone" in notes(ending)
        assert await cancel_count() == 0

    run(main())

    assert journal.events[-2:] == ["clean up", "clean up ended"]


@pytest.mark.guarantee("44.3")
def test_a_body_that_swallows_its_cancel_cannot_begin_execute(run: Run, journal: Journal) -> None:
    async def body(runner: AsyncPhaseRunner[Any, Any]) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await runner.run_next()

    async def main() -> None:
        failure_of(await ended(open_block(journal, Holder(5), 1, body)))
        assert await cancel_count() == 0

    run(main())

    assert journal.events == ["clean up", "clean up ended"]


@pytest.mark.guarantee("44.3")
def test_if_the_caller_cancels_the_body_as_well_it_is_cancelled(run: Run, journal: Journal) -> None:
    async def body(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(4)

    ending = run(ended_after_cancels(open_block(journal, Holder(5), 1, body), 7))

    assert isinstance(ending, asyncio.CancelledError)
    assert "OSError: the connection is gone" in notes(ending)
    assert journal.timed[-2:] == [(7, "clean up"), (9, "clean up ended")]


@pytest.mark.guarantee("44.3")
@pytest.mark.parametrize("phase", ["execute", "pre_execute"])
def test_during_a_phase_the_body_is_not_cancelled(run: Run, journal: Journal, phase: str) -> None:
    async def main() -> None:
        functions: dict[str, Any] = {phase: journal.takes("a", 60)}
        processor = processor_of(task("held", pre_execute=Holder(5)), task("a", **functions))
        async with processor.open(None) as runner:
            while await runner.run_next():
                pass
            journal.write("the body goes on")
            await asyncio.sleep(1)
        journal.write("never")

    assert failure_of(run(ended(main())))[0] == "held"
    assert journal.timed[-2:] == [(5, "a cancelled"), (5, "the body goes on")]


@pytest.mark.guarantee("44.3")
def test_in_the_body_after_cleanup_there_is_no_run_to_fail(run: Run, journal: Journal) -> None:
    holder = Holder()

    async def body(_: object) -> None:
        with pytest.raises(RuntimeError, match="the run has ended already"):
            holder.die()

    run(open_block(journal, holder, 3, body))

    assert journal.events[-1] == "clean up ended"


@pytest.mark.guarantee("44.4")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_what_an_optional_task_holds_stops_nothing(run: Run, journal: Journal, phase: str) -> None:
    functions: dict[str, Any] = {phase: journal.takes("a", 9)}
    log = EventLog()

    async def main() -> None:
        processor = processor_of(
            task("held", pre_execute=Holder(5), optional=True), task("a", **functions)
        )
        async with processor.open(None, observers=[log]) as runner:
            while await runner.run_next():
                pass
            assert runner.failures() == [ERROR]

    run(main())

    assert journal.timed == [(0, "a"), (9, "a ended")]
    assert log.runs[0].cancel_cause is None


@pytest.mark.guarantee("44.4")
def test_nor_does_it_cancel_the_body_of_a_block(run: Run, journal: Journal) -> None:
    async def main() -> None:
        processor = processor_of(
            task("held", pre_execute=Holder(5), execute=journal.quick("work"), optional=True)
        )
        async with processor.open(None) as runner:
            await runner.run_next()
            await asyncio.sleep(9)
            await runner.run_next()

    run(main())

    assert journal.timed == [(9, "work")]


@pytest.mark.guarantee("44.5")
def test_several_deaths_are_several_failures_and_one_cancel(run: Run, journal: Journal) -> None:
    second = ValueError("second")
    cancels: list[float] = []

    async def stop_slowly(_: object) -> None:
        for _ in range(3):
            try:
                await asyncio.sleep(60 if not cancels else 4)
                break
            except asyncio.CancelledError:
                cancels.append(running_loop().time())

    processor = processor_of(
        task("held", pre_execute=Holder(5), post_execute=journal.quick("clean up")),
        task("too", pre_execute=Holder(6, second)),
        task("a", execute=stop_slowly),
    )
    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (ERROR, second)
    assert cancels == [5]
    assert journal.timed == [(9, "clean up")]


@pytest.mark.guarantee("44.5")
@pytest.mark.parametrize("by", ["caller", "deadline"])
def test_after_a_cancel_it_rides_along_as_a_note(run: Run, journal: Journal, by: str) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(4)

    processor = processor_of(
        task("held", pre_execute=Holder(5)),
        task("a", execute=journal.does("a", stop_slowly)),
    )
    if by == "caller":
        ending = run(ended_after_cancels(processor.process_tasks(None), 3))
        assert isinstance(ending, asyncio.CancelledError)
    else:
        ending = run(ended(processor.process_tasks(None, timeout=3)))
        assert isinstance(ending, TimeoutError)

    assert notes(ending) == (
        "sdax: task 'held', execute, attempt 1: OSError: the connection is gone"
    )
    assert journal.timed == [(0, "a"), (7, "a cancelled")]


@pytest.mark.guarantee("44.1")
def test_a_function_that_waits_to_be_retried_is_not_tried_again(run: Run, journal: Journal) -> None:
    flaky = journal.fails("flaky", TimeoutError("flaky"), retries=3, initial_delay=60.0)
    processor = processor_of(task("held", pre_execute=Holder(5)), task("a", execute=flaky))

    ending = run(ended(processor.process_tasks(None)))

    assert failure_of(ending) == ("held", PhaseId.EXECUTE, 1, ERROR)
    assert journal.events == ["flaky"]
    assert "attempt 1 had failed with TimeoutError: flaky" in notes(ending)


@pytest.mark.guarantee("44.7")
def test_when_the_run_has_ended_it_is_a_runtime_error(run_anywhere: Run) -> None:
    handles: list[RunHandle] = []

    async def keep(_: object) -> None:
        handles.append(current_run())

    async def main() -> None:
        await processor_of(task("a", pre_execute=keep)).process_tasks(None)
        await settled()
        with pytest.raises(RuntimeError, match="the run has ended already"):
            handles[0].fail("a", ERROR)
        assert handles[0].outcome == "succeeded"

    run_anywhere(main())


@pytest.mark.guarantee("44.8")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_a_keyboard_interrupt_ends_the_run_as_out_of_a_function(
    run: Run, journal: Journal, phase: str
) -> None:
    error = KeyboardInterrupt()

    async def die(_: object) -> None:
        handle = current_run()
        running_loop().call_at(5, lambda: handle.fail("held", error))

    functions: dict[str, Any] = {phase: journal.takes("a", 60)}
    processor = processor_of(
        task("held", pre_execute=die, post_execute=journal.quick("clean up")),
        task("a", **functions),
    )

    assert run(ended(processor.process_tasks(None))) is error
    assert journal.timed == [(0, "a"), (5, "a cancelled"), (5, "clean up")]


@pytest.mark.guarantee("44.9")
@pytest.mark.parametrize("dies", ["in a phase", "between two phases"])
def test_inside_a_nested_run_it_comes_out_with_its_path(
    run: Run, journal: Journal, dies: str
) -> None:
    runners: list[AsyncPhaseRunner[Any, Any]] = []
    inner = processor_of(
        task(
            "held",
            pre_execute=Holder(5),
            execute=journal.takes("inner work", 60 if dies == "in a phase" else 0),
            post_execute=journal.quick("~held"),
        )
    )

    async def begin(_: object) -> None:
        runners.append(current_run().nest("outer", inner, None))
        await runners[0].run_next()

    async def go_on(_: object) -> None:
        await runners[0].run_next()
        runners[0].raise_new_failures()

    async def finish(_: object) -> None:
        await runners[0].aclose()
        runners[0].raise_new_failures()

    processor = processor_of(
        task("outer", pre_execute=begin, execute=go_on, post_execute=finish),
        task("beside", execute=journal.takes("beside", 9)),
        on_execute_error="cancel",
    )
    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    assert failure.path == ("outer", "held")
    assert failure.exception is ERROR
    assert journal.timed[-2:] == [(5, "beside cancelled"), (5, "~held")]
