"""Guarantee 30: leaving the block of `open()`."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError

PHASES = ("pre_execute", "execute", "post_execute")
ERROR = OSError("no such host")


def three_phases(journal: Journal, **failing: BaseException) -> AsyncDagTaskProcessor[None]:
    """One task whose functions take a second each; those named in `failing` fail."""
    functions: dict[str, Any] = {
        phase: journal.takes(phase, 1, failing.get(phase)) for phase in PHASES
    }
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", **functions)).build()


def begun(journal: Journal) -> list[str]:
    return [event for event in journal.events if event in PHASES]


LEFT_AFTER = pytest.mark.parametrize(
    ("phases", "ran"),
    [
        (0, []),
        (1, ["pre_execute", "post_execute"]),
        (2, ["pre_execute", "execute", "post_execute"]),
        (3, ["pre_execute", "execute", "post_execute"]),
    ],
)


async def block(
    processor: AsyncDagTaskProcessor[None], phases: int, error: BaseException | None = None
) -> None:
    """Run so many phases, then leave the block, with `error` if there is one."""
    async with processor.open(None) as runner:
        for _ in range(phases):
            await runner.run_next()
        if error is not None:
            raise error


@pytest.mark.guarantee("30.1", "30.2", "30.3", "30.4")
@LEFT_AFTER
def test_leaving_the_block_runs_what_is_needed(
    run: Run, journal: Journal, phases: int, ran: list[str]
) -> None:
    run(block(three_phases(journal), phases))

    assert begun(journal) == ran


@pytest.mark.guarantee("30.1", "30.2", "30.3", "30.4", "30.5")
@pytest.mark.parametrize(
    "error", [ValueError("of the body"), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr
)
@LEFT_AFTER
def test_a_body_that_raises_runs_what_is_needed_and_its_exception_comes_out(
    run: Run, journal: Journal, phases: int, ran: list[str], error: BaseException
) -> None:
    assert run(ended(block(three_phases(journal), phases, error))) is error

    assert begun(journal) == ran
    assert notes(error) == ""


@pytest.mark.guarantee("30.1", "30.2", "30.3", "30.4", "19.3")
@LEFT_AFTER
def test_a_body_that_is_cancelled_runs_what_is_needed(
    run: Run, journal: Journal, phases: int, ran: list[str]
) -> None:
    async def body() -> None:
        async with three_phases(journal).open(None) as runner:
            for _ in range(phases):
                await runner.run_next()
            await asyncio.sleep(60)

    ending = run(ended_after_cancels(body(), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert begun(journal) == ran
    assert not any(event.endswith("cancelled") for event in journal.events)


@pytest.mark.guarantee("30.4")
@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_that_was_interrupted_is_not_begun_again(
    run: Run, journal: Journal, phase: str
) -> None:
    async def body() -> None:
        async with three_phases(journal).open(None) as runner:
            while True:
                try:
                    if not await runner.run_next():
                        break
                except asyncio.CancelledError:
                    journal.write("cancelled")

    cancel_at = PHASES.index(phase) + 0.5
    run(ended_after_cancels(body(), cancel_at))

    begun_phases = begun(journal)
    assert begun_phases == sorted(set(begun_phases), key=PHASES.index)
    assert begun_phases[-1] == "post_execute"


@pytest.mark.guarantee("30.4")
def test_a_cleanup_that_was_interrupted_is_finished_when_the_block_is_left(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", post_execute=journal.takes("a", 2)))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 2)), depends_on=("a",))
        .build()
    )

    ending = run(ended_after_cancels(block(processor, 3), 1))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(0, "b"), (1, "b cancelled"), (1, "a"), (3, "a ended")]


@pytest.mark.guarantee("30.5")
@pytest.mark.parametrize(
    "error", [ValueError("of the body"), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr
)
def test_the_failures_of_the_run_are_attached_to_the_exception_of_the_body(
    run: Run, journal: Journal, error: BaseException
) -> None:
    processor = three_phases(journal, execute=ERROR, post_execute=KeyError("cleanup"))

    assert run(ended(block(processor, 2, error))) is error

    assert notes(error).splitlines()[-2:] == [
        "sdax: task 'a', execute, attempt 1: OSError: no such host",
        "sdax: task 'a', post_execute, attempt 1: KeyError: 'cleanup'",
    ]


@pytest.mark.guarantee("30.6")
@pytest.mark.parametrize("phases", [1, 2, 3])
@pytest.mark.parametrize("failing", PHASES)
def test_the_failures_of_the_run_are_raised_if_the_body_did_not_raise(
    run: Run, journal: Journal, phases: int, failing: str
) -> None:
    ending = run(ended(block(three_phases(journal, **{failing: ERROR}), phases)))

    if failing in begun(journal):
        assert isinstance(ending, SdaxExecutionError)
        assert ending.exceptions == (ERROR,)
    else:
        assert (phases, failing, ending) == (1, "execute", None)


@pytest.mark.guarantee("30.6")
def test_failures_that_were_looked_at_in_the_body_are_raised_all_the_same(
    run: Run, journal: Journal
) -> None:
    async def body() -> None:
        async with three_phases(journal, execute=ERROR).open(None) as runner:
            while await runner.run_next():
                pass
            with pytest.raises(SdaxExecutionError):
                runner.raise_failures()

    assert isinstance(run(ended(body())), SdaxExecutionError)


@pytest.mark.guarantee("30.5", "16.3")
@pytest.mark.parametrize("phase", PHASES)
def test_an_interrupt_in_a_phase_comes_out_of_run_next_and_cleanup_runs(
    run: Run, journal: Journal, phase: str
) -> None:
    interrupt = KeyboardInterrupt()

    async def body() -> None:
        async with three_phases(journal, **{phase: interrupt}).open(None) as runner:
            for _ in range(PHASES.index(phase)):
                await runner.run_next()
            with pytest.raises(KeyboardInterrupt) as caught:
                await runner.run_next()
            assert caught.value is interrupt
            raise interrupt

    assert run(ended(body())) is interrupt
    assert begun(journal)[-1] == "post_execute"
    assert begun(journal).count("post_execute") == 1


@pytest.mark.guarantee("16.3")
@pytest.mark.parametrize("phase", PHASES)
def test_an_interrupt_that_the_body_swallows_is_raised_by_leaving_the_block(
    run: Run, journal: Journal, phase: str
) -> None:
    interrupt = KeyboardInterrupt()

    async def body() -> None:
        async with three_phases(journal, **{phase: interrupt}).open(None) as runner:
            for _ in range(3):
                await ended(runner.run_next())

    assert run(ended(body())) is interrupt
    assert begun(journal).count("post_execute") == 1
