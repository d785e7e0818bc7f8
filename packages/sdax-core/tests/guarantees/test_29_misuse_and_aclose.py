"""Guarantee 29: closing a run by hand, and calls at the wrong time."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncPhaseRunner,
    AsyncTask,
)

ERROR = OSError("no such host")


def three_phases(journal: Journal, **failing: Exception) -> AsyncDagTaskProcessor[None]:
    """One task with a function for each phase, those named in `failing` fail."""
    functions: dict[str, Any] = {
        phase: journal.fails(phase, failing[phase]) if phase in failing else journal.quick(phase)
        for phase in ("pre_execute", "execute", "post_execute")
    }
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", **functions)).build()


@pytest.mark.guarantee("29.5")
@pytest.mark.parametrize(
    ("phases", "ran"),
    [
        (0, []),
        (1, ["pre_execute", "post_execute"]),
        (2, ["pre_execute", "execute", "post_execute"]),
        (3, ["pre_execute", "execute", "post_execute"]),
    ],
)
def test_aclose_runs_what_leaving_the_block_would_run(
    run: Run, journal: Journal, phases: int, ran: list[str]
) -> None:
    async def main() -> None:
        runner = three_phases(journal).open(None)
        async with runner:
            for _ in range(phases):
                await runner.run_next()
            await runner.aclose()
            assert journal.events == ran
            await runner.aclose()
        await runner.aclose()

    run(main())

    assert journal.events == ran


@pytest.mark.guarantee("29.5")
def test_aclose_raises_no_failures(run: Run, journal: Journal) -> None:
    async def main() -> None:
        runner = three_phases(journal, execute=ERROR).open(None)
        await runner.run_next()
        await runner.run_next()
        await runner.aclose()
        assert runner.failures() == [ERROR]

    run(main())


@pytest.mark.guarantee("29.7")
def test_run_next_while_it_runs_is_an_error(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", pre_execute=journal.takes("a", 2))).build()

    async def main() -> None:
        async with processor.open(None) as runner:
            first = asyncio.create_task(runner.run_next())
            await asyncio.sleep(1)
            with pytest.raises(RuntimeError, match="running already"):
                await runner.run_next()
            assert await first is True

    run(main())

    assert journal.events == ["a", "a ended"]


@pytest.mark.guarantee("29.7")
def test_run_next_from_within_a_function_is_an_error(run: Run, journal: Journal) -> None:
    runners: list[AsyncPhaseRunner[None]] = []

    async def run_next_from_inside() -> None:
        with pytest.raises(RuntimeError, match="running already"):
            await runners[0].run_next()

    function = journal.does("a", run_next_from_inside)
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", execute=function)).build()

    async def main() -> None:
        async with processor.open(None) as runner:
            runners.append(runner)
            while await runner.run_next():
                pass

    run(main())

    assert journal.events == ["a", "a ended"]


@pytest.mark.guarantee("29.7")
@pytest.mark.parametrize("phases", range(4))
def test_run_next_after_the_block_is_an_error(run: Run, journal: Journal, phases: int) -> None:
    async def main() -> None:
        async with three_phases(journal).open(None) as runner:
            for _ in range(phases):
                await runner.run_next()
        events = list(journal.events)
        with pytest.raises(RuntimeError, match="after the block"):
            await runner.run_next()
        assert journal.events == events

    run(main())
