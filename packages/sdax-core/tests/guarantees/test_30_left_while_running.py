"""Guarantee 30: leaving the block of `open()` while another asyncio Task is running a phase."""

import asyncio

import pytest
from guarantee_support import Journal, Run, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncTask


@pytest.mark.guarantee("30.2", "30.4", "30.5")
@pytest.mark.parametrize("cancels", [(), (2,), (2, 3, 6)])
def test_the_phase_ends_and_cleanup_runs_before_the_exception_of_the_body_comes_out(
    run: Run, journal: Journal, cancels: tuple[float, ...]
) -> None:
    error = ValueError("of the body")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "a", pre_execute=journal.takes("a", 5), post_execute=journal.takes("clean up", 3)
            )
        )
        .build()
    )

    async def block() -> None:
        async with processor.open(None) as runner:
            phase = asyncio.create_task(runner.run_next())
            await asyncio.sleep(1)
            assert not phase.done()
            raise error

    ending = run(ended_after_cancels(block(), *cancels))

    assert isinstance(ending, asyncio.CancelledError if cancels else ValueError)
    assert journal.timed[-2:] == [
        (journal.timed[1][0], "clean up"),
        (journal.timed[1][0] + 3, "clean up ended"),
    ]
    assert journal.events[0] == "a"
