"""Guarantee 29: running a graph phase by phase."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended_after_cancels
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncPhaseRunner,
    AsyncTask,
    PhaseId,
    SdaxExecutionError,
)

PRE, EXECUTE, POST = PhaseId.PRE_EXEC, PhaseId.EXECUTE, PhaseId.POST_EXEC
ERROR = OSError("no such host")


def three_phases(journal: Journal, **failing: Exception) -> AsyncDagTaskProcessor[None]:
    """One task with a function for each phase, those named in `failing` fail."""
    functions: dict[str, Any] = {
        phase: journal.fails(phase, failing[phase]) if phase in failing else journal.quick(phase)
        for phase in ("pre_execute", "execute", "post_execute")
    }
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", **functions)).build()


def position(runner: AsyncPhaseRunner[None]) -> tuple[PhaseId | None, PhaseId | None]:
    return runner.last_phase_id(), runner.next_phase_id()


@pytest.mark.guarantee("29.1", "29.2", "29.3")
def test_each_call_runs_one_phase_and_says_whether_another_remains(
    run_anywhere: Run, journal: Journal
) -> None:
    async def main() -> None:
        async with three_phases(journal).open(None) as runner:
            assert position(runner) == (None, PRE)
            assert await runner.run_next() is True
            assert position(runner) == (PRE, EXECUTE)
            assert journal.events == ["pre_execute"]
            assert await runner.run_next() is True
            assert position(runner) == (EXECUTE, POST)
            assert journal.events == ["pre_execute", "execute"]
            assert await runner.run_next() is False
            assert position(runner) == (POST, None)
        assert position(runner) == (POST, None)

    run_anywhere(main())

    assert journal.events == ["pre_execute", "execute", "post_execute"]


@pytest.mark.guarantee("29.1", "29.3")
def test_after_a_failed_pre_execute_cleanup_comes_next(run: Run, journal: Journal) -> None:
    async def main() -> None:
        async with three_phases(journal, pre_execute=ERROR).open(None) as runner:
            assert await runner.run_next() is True
            assert position(runner) == (PRE, POST)
            assert await runner.run_next() is False
            assert position(runner) == (POST, None)

    with pytest.raises(SdaxExecutionError):
        run(main())

    assert journal.events == ["pre_execute", "post_execute"]


@pytest.mark.guarantee("29.1", "29.2", "29.3")
def test_phases_without_functions_are_phases_all_the_same(run: Run) -> None:
    processor = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("join")).build()

    async def main() -> list[bool]:
        async with processor.open(None) as runner:
            return [await runner.run_next() for _ in range(3)]

    assert run(main()) == [True, True, False]


@pytest.mark.guarantee("29.4")
def test_the_runner_tells_what_has_failed_so_far(run: Run, journal: Journal) -> None:
    cleanup_error = ValueError("cannot delete")
    processor = three_phases(journal, execute=ERROR, post_execute=cleanup_error)

    async def main() -> None:
        async with processor.open(None) as runner:
            await runner.run_next()
            assert not runner.has_failures()
            assert runner.failures() == []
            runner.raise_failures()
            await runner.run_next()
            assert runner.has_failures()
            assert runner.failures() == [ERROR]
            with pytest.raises(SdaxExecutionError) as early:
                runner.raise_failures()
            assert early.value.exceptions == (ERROR,)
            await runner.run_next()
            assert runner.failures() == [ERROR, cleanup_error]

    with pytest.raises(SdaxExecutionError) as caught:
        run(main())

    assert caught.value.exceptions == (ERROR, cleanup_error)


@pytest.mark.guarantee("29.4")
def test_failures_that_leave_the_block_are_completed_by_those_of_the_cleanup(
    run: Run, journal: Journal
) -> None:
    cleanup_error = ValueError("cannot delete")
    processor = three_phases(journal, execute=ERROR, post_execute=cleanup_error)

    async def main() -> None:
        async with processor.open(None) as runner:
            await runner.run_next()
            await runner.run_next()
            runner.raise_failures()

    with pytest.raises(SdaxExecutionError) as caught:
        run(main())

    assert caught.value.exceptions == (ERROR, cleanup_error)


@pytest.mark.guarantee("29.6")
@pytest.mark.parametrize("phase", [PRE, EXECUTE])
def test_a_cancelled_run_next_raises_when_its_phase_has_ended(
    run: Run, journal: Journal, phase: PhaseId
) -> None:
    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(3)

    functions: dict[str, Any] = {
        "execute": journal.quick("execute"),
        "post_execute": journal.takes("clean", 2),
        phase: journal.does("slow", stop_slowly),
    }
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", **functions)).build()

    async def phases() -> None:
        async with processor.open(None) as runner:
            try:
                while await runner.run_next():
                    pass
            except asyncio.CancelledError:
                journal.write("run_next raised")
                assert position(runner) == (phase, POST)
                raise

    ending = run(ended_after_cancels(phases(), 5, 6, 9))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [
        (0, "slow"),
        (8, "slow cancelled"),
        (8, "run_next raised"),
        (8, "clean"),
        (10, "clean ended"),
    ]
