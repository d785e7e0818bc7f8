"""Guarantee 31: how the run is going, as its functions see it."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Run, ended, ended_after_cancels, settled
from guarantee_support.graphs import processor_of, task
from sdax_core import PhaseId, RunHandle, SdaxExecutionError, current_run

ERROR = OSError("no")


class Cleanup:
    """A function for cleanup that writes down what the handle says there."""

    def __init__(self) -> None:
        self.outcome: str | None = None
        self.failures: list[BaseException] = []
        self.exception: BaseException | None = None
        self.run: RunHandle | None = None

    async def __call__(self, _: object) -> None:
        run = self.run = current_run()
        self.outcome = run.outcome
        self.failures = [failure.exception for failure in run.failures]
        self.exception = run.exception()


async def fail(_: object) -> None:
    raise ERROR


async def succeed(_: object) -> None: ...


async def wait(_: object) -> None:
    await asyncio.sleep(60)


async def interrupt(_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.guarantee("31.7")
def test_it_is_running_until_cleanup_and_succeeded_there(run_anywhere: Run) -> None:
    seen: list[str] = []

    async def look(_: object) -> None:
        seen.append(current_run().outcome)
        assert current_run().exception() is None
        assert current_run().failures == ()

    everywhere = task("a", pre_execute=look, execute=look, post_execute=look)
    run_anywhere(processor_of(everywhere).process_tasks(None))

    assert seen == ["running", "running", "succeeded"]


@pytest.mark.guarantee("31.7", "31.9", "31.10")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_it_is_failed_as_soon_as_a_function_has_failed(run_anywhere: Run, phase: str) -> None:
    cleanup = Cleanup()
    seen: list[str] = []
    failed = asyncio.Event()

    async def fail_first(_: object) -> None:
        failed.set()
        raise ERROR

    async def look(_: object) -> None:
        seen.append(current_run().outcome)
        try:
            await failed.wait()
            await settled()
        finally:
            seen.append(current_run().outcome)

    first: dict[str, Any] = {phase: look}
    second: dict[str, Any] = {phase: fail_first}
    processor = processor_of(
        task("a", **first), task("b", **second), task("c", post_execute=cleanup)
    )
    ending = run_anywhere(ended(processor.process_tasks(None)))

    assert seen == ["running", "failed"]
    assert cleanup.outcome == "failed"
    assert cleanup.failures == [ERROR]
    assert isinstance(cleanup.exception, SdaxExecutionError)
    assert isinstance(ending, SdaxExecutionError)
    assert cleanup.exception.failures == ending.failures


@pytest.mark.guarantee("31.7", "31.9", "31.10")
def test_a_failed_cleanup_is_seen_by_the_cleanups_after_it(run_anywhere: Run) -> None:
    first, last = Cleanup(), Cleanup()
    processor = processor_of(
        task("root", post_execute=last),
        (task("middle", post_execute=fail), "root"),
        (task("leaf", post_execute=first), "middle"),
    )

    run_anywhere(ended(processor.process_tasks(None)))

    assert (first.outcome, first.failures, first.exception) == ("succeeded", [], None)
    assert (last.outcome, last.failures) == ("failed", [ERROR])
    assert isinstance(last.exception, SdaxExecutionError)
    assert last.exception.exceptions == (ERROR,)


@pytest.mark.guarantee("31.7", "31.10")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_it_is_cancelled_if_the_caller_is(run: Run, phase: str) -> None:
    cleanup = Cleanup()
    functions: dict[str, Any] = {phase: wait}
    processor = processor_of(task("a", **functions), task("b", post_execute=cleanup))

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert cleanup.outcome == "cancelled"
    assert isinstance(ending, asyncio.CancelledError)
    assert cleanup.exception is ending


@pytest.mark.guarantee("31.7", "31.10")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_it_is_cancelled_past_the_deadline(run: Run, phase: str) -> None:
    cleanup = Cleanup()
    functions: dict[str, Any] = {phase: wait}
    processor = processor_of(task("a", **functions), task("b", post_execute=cleanup))

    ending = run(ended(processor.process_tasks(None, timeout=5)))

    assert cleanup.outcome == "cancelled"
    assert isinstance(ending, TimeoutError)
    assert cleanup.exception is ending


@pytest.mark.guarantee("31.7", "31.9", "31.10")
@pytest.mark.parametrize("cancelled_at", [5, None])
def test_a_cancel_outranks_failures(run: Run, cancelled_at: int | None) -> None:
    cleanup = Cleanup()
    processor = processor_of(
        task("a", execute=fail), task("b", execute=wait), task("c", post_execute=cleanup)
    )

    if cancelled_at is None:
        ending = run(ended(processor.process_tasks(None, timeout=5)))
    else:
        ending = run(ended_after_cancels(processor.process_tasks(None), cancelled_at))

    assert cleanup.outcome == "cancelled"
    assert cleanup.failures == [ERROR]
    assert cleanup.exception is ending is not None


@pytest.mark.guarantee("31.7", "31.10")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_it_is_failed_after_a_keyboard_interrupt(run_anywhere: Run, phase: str) -> None:
    cleanup = Cleanup()
    functions: dict[str, Any] = {phase: interrupt}
    processor = processor_of(task("a", **functions), task("b", post_execute=cleanup))

    ending = run_anywhere(ended(processor.process_tasks(None)))

    assert cleanup.outcome == "failed"
    assert isinstance(ending, KeyboardInterrupt)
    assert cleanup.exception is ending


@pytest.mark.guarantee("31.7")
def test_cancelled_during_cleanup_what_was_not_yet_begun_sees_it(run: Run) -> None:
    last = Cleanup()
    processor = processor_of(
        task("root", post_execute=last), (task("leaf", post_execute=wait), "root")
    )

    ending = run(ended_after_cancels(processor.process_tasks(None), 5))

    assert last.outcome == "cancelled"
    assert last.exception is ending is not None


@pytest.mark.guarantee("31.8")
@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ValueError("body"), "failed"), (KeyboardInterrupt("body"), "failed")],
    ids=repr,
)
@pytest.mark.parametrize("phases", [1, 2])
def test_an_exception_out_of_the_body_of_an_open_block_makes_it_failed(
    run_anywhere: Run, error: BaseException, outcome: str, phases: int
) -> None:
    cleanup = Cleanup()

    async def main() -> None:
        everything = task("a", pre_execute=succeed, execute=succeed, post_execute=cleanup)
        async with processor_of(everything).open(None) as runner:
            for _ in range(phases):
                await runner.run_next()
            raise error

    ending = run_anywhere(ended(main()))

    assert ending is error
    assert cleanup.outcome == outcome
    assert cleanup.exception is error
    assert cleanup.failures == []


@pytest.mark.guarantee("31.8")
def test_a_cancel_of_the_body_of_an_open_block_makes_it_cancelled(run: Run) -> None:
    cleanup = Cleanup()

    async def main() -> None:
        one = task("a", pre_execute=succeed, execute=succeed, post_execute=cleanup)
        async with processor_of(one).open(None) as runner:
            await runner.run_next()
            await asyncio.sleep(60)

    ending = run(ended_after_cancels(main(), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert cleanup.outcome == "cancelled"
    assert cleanup.exception is ending


@pytest.mark.guarantee("31.8")
def test_the_error_of_raise_failures_that_leaves_the_body_stays_the_runs_own(
    run_anywhere: Run,
) -> None:
    cleanup = Cleanup()

    async def main() -> None:
        async with processor_of(task("a", execute=fail), task("b", post_execute=cleanup)).open(
            None
        ) as runner:
            await runner.run_next()
            await runner.run_next()
            runner.raise_failures()

    ending = run_anywhere(ended(main()))

    assert cleanup.outcome == "failed"
    assert isinstance(cleanup.exception, SdaxExecutionError)
    assert isinstance(ending, SdaxExecutionError)
    assert cleanup.exception.failures == ending.failures


@pytest.mark.guarantee("31.8", "31.10")
def test_the_bodys_exception_comes_before_the_failures_of_the_run(run_anywhere: Run) -> None:
    cleanup = Cleanup()
    error = ValueError("body")

    async def main() -> None:
        async with processor_of(task("a", execute=fail), task("b", post_execute=cleanup)).open(
            None
        ) as runner:
            await runner.run_next()
            await runner.run_next()
            raise error

    ending = run_anywhere(ended(main()))

    assert ending is error
    assert cleanup.outcome == "failed"
    assert cleanup.failures == [ERROR]
    assert cleanup.exception is error


@pytest.mark.guarantee("31.9")
def test_failures_are_values_in_order_of_failure(run: Run) -> None:
    seen: list[tuple[tuple[Any, ...], ...]] = []

    async def fail_later(_: object) -> None:
        await asyncio.sleep(2)
        raise ERROR

    async def look(_: object) -> None:
        for _ in range(3):
            seen.append(
                tuple((f.task, f.phase, f.attempts, f.exception) for f in current_run().failures)
            )
            await asyncio.sleep(1.5)

    other = ValueError("other")

    async def fail_otherwise(_: object) -> None:
        await asyncio.sleep(1)
        raise other

    processor = processor_of(
        task("late", execute=fail_later),
        task("early", execute=fail_otherwise, optional=True),
        task("look", execute=look),
    )
    run(ended(processor.process_tasks(None)))

    early = ("early", PhaseId.EXECUTE, 1, other)
    late = ("late", PhaseId.EXECUTE, 1, ERROR)
    assert seen == [(), (early,), (early, late)]


@pytest.mark.guarantee("31.7", "31.10")
def test_the_failure_of_an_optional_task_does_not_count(run_anywhere: Run) -> None:
    cleanup = Cleanup()
    processor = processor_of(
        task("a", pre_execute=fail, optional=True), task("b", post_execute=cleanup)
    )

    run_anywhere(processor.process_tasks(None))

    assert cleanup.outcome == "succeeded"
    assert cleanup.failures == [ERROR]
    assert cleanup.exception is None
