"""Guarantee 32: the deadline of a run that goes phase by phase."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, notes
from guarantee_support.graphs import processor_of, task
from sdax_core import PhaseId, SdaxExecutionError
from sdax_proof import running_loop


def lasting(journal: Journal, pre: float, work: float) -> Any:
    return processor_of(
        task(
            "a",
            pre_execute=journal.takes("pre", pre),
            execute=journal.takes("work", work),
            post_execute=journal.takes("clean up", 2),
        )
    )


@pytest.mark.guarantee("32.11")
def test_it_counts_from_the_beginning_of_the_first_phase(run: Run, journal: Journal) -> None:
    async def main() -> None:
        async with lasting(journal, 4, 0).open(None, timeout=5) as runner:
            await asyncio.sleep(60)
            while await runner.run_next():
                pass

    run(main())

    assert journal.timed[1] == (64, "pre ended")


@pytest.mark.guarantee("32.11")
@pytest.mark.parametrize(("pre", "work"), [(60, 0), (3, 60)])
def test_the_call_whose_phase_was_cut_raises_when_the_phase_has_ended(
    run: Run, journal: Journal, pre: float, work: float
) -> None:
    async def main() -> None:
        async with lasting(journal, pre, work).open(None, timeout=5) as runner:
            error = None
            while error is None:
                error = await ended(runner.run_next())
            assert type(error) is TimeoutError
            assert running_loop().time() == 5
            assert runner.next_phase_id() is PhaseId.POST_EXEC
            journal.write("raised")
            raise error

    ending = run(ended(main()))

    assert type(ending) is TimeoutError
    assert "the run was not done within its timeout of 5 seconds" in str(ending)
    assert journal.timed[-3:] == [(5, "raised"), (5, "clean up"), (7, "clean up ended")]


@pytest.mark.guarantee("32.11", "32.4")
def test_met_between_two_phases_it_is_raised_by_the_call_that_would_run_execute(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        async with lasting(journal, 3, 0).open(None, timeout=5) as runner:
            await runner.run_next()
            await asyncio.sleep(60)
            journal.write("undisturbed")
            await runner.run_next()

    ending = run(ended(main()))

    assert type(ending) is TimeoutError
    assert journal.timed == [
        (0, "pre"),
        (3, "pre ended"),
        (63, "undisturbed"),
        (63, "clean up"),
        (65, "clean up ended"),
    ]


@pytest.mark.guarantee("32.11")
def test_met_in_a_body_that_then_leaves_it_is_not_raised(run: Run, journal: Journal) -> None:
    async def main() -> None:
        async with lasting(journal, 3, 0).open(None, timeout=5) as runner:
            await runner.run_next()
            await asyncio.sleep(60)

    run(main())

    assert journal.events[-1] == "clean up ended"


@pytest.mark.guarantee("32.5", "32.11")
def test_it_does_not_touch_cleanup_that_the_body_runs(run: Run, journal: Journal) -> None:
    async def main() -> None:
        async with lasting(journal, 2, 2).open(None, timeout=5) as runner:
            await runner.run_next()
            await runner.run_next()
            await runner.run_next()

    run(main())

    assert journal.timed[-2:] == [(4, "clean up"), (6, "clean up ended")]


@pytest.mark.guarantee("32.7", "32.11")
def test_failures_are_notes_on_it_or_are_raised_if_the_body_swallowed_it(
    run: Run, journal: Journal
) -> None:
    async def main(swallow: bool) -> None:
        processor = processor_of(
            task("a", execute=journal.takes("a", 60)),
            task("b", execute=journal.takes("b", 1, OSError("no"))),
        )
        async with processor.open(None, timeout=5) as runner:
            await runner.run_next()
            try:
                await runner.run_next()
            except TimeoutError:
                if not swallow:
                    raise

    ending = run(ended(main(swallow=False)))
    assert type(ending) is TimeoutError
    assert notes(ending) == "sdax: task 'b', execute, attempt 1: OSError: no"

    ending = run(ended(main(swallow=True)))
    assert isinstance(ending, SdaxExecutionError)
    assert [str(error) for error in ending.exceptions] == ["no"]


@pytest.mark.guarantee("32.11")
def test_a_block_that_is_left_before_any_phase_sets_no_timer(run: Run) -> None:
    async def main() -> None:
        async with processor_of(task("a")).open(None, timeout=5):
            pass
        assert running_loop().pending_timers() == []

    run(main())


@pytest.mark.guarantee("32.13")
@pytest.mark.parametrize("phases", [0, 1, 2, 3])
def test_no_timer_is_left(run: Run, journal: Journal, phases: int) -> None:
    async def main() -> None:
        async with lasting(journal, 1, 1).open(None, timeout=5) as runner:
            for _ in range(phases):
                await runner.run_next()
        assert running_loop().pending_timers() == []
        await lasting(journal, 1, 1).process_tasks(None, timeout=60)
        await ended(lasting(journal, 9, 1).process_tasks(None, timeout=5))
        assert running_loop().pending_timers() == []

    run(main())


@pytest.mark.guarantee("32.13")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_no_timer_is_left_by_a_run_that_failed_or_was_interrupted(
    run: Run, journal: Journal, phase: str
) -> None:
    async def main() -> None:
        for error in (OSError("no"), KeyboardInterrupt()):
            functions: dict[str, Any] = {phase: journal.fails("a", error)}
            await ended(processor_of(task("a", **functions)).process_tasks(None, timeout=60))
            assert running_loop().pending_timers() == []

    run(main())
