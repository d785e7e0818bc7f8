"""Guarantee 16: KeyboardInterrupt, SystemExit and their like."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from sdax_core import AsyncDagTaskProcessor, AsyncTask

PHASES = ("pre_execute", "execute", "post_execute")


class Unusual(BaseException):
    """Neither an `Exception` nor a `CancelledError`."""


INTERRUPTS: dict[str, Callable[[], BaseException]] = {
    "KeyboardInterrupt": KeyboardInterrupt,
    "SystemExit": lambda: SystemExit(3),
    "GeneratorExit": GeneratorExit,
    "of its own kind": Unusual,
    "in a group": lambda: BaseExceptionGroup("many", [OSError("no"), KeyboardInterrupt()]),
    "deep in a group": lambda: BaseExceptionGroup(
        "deep", [BaseExceptionGroup("in", [Unusual()]), asyncio.CancelledError()]
    ),
}


def interrupted_in(
    phase: str, interrupt: BaseException, seconds: float, journal: Journal
) -> AsyncDagTaskProcessor[None]:
    """Beside the interrupted function runs a slow one; `root` has more to do afterwards."""
    function = (
        journal.takes("interrupted", seconds, interrupt)
        if seconds
        else journal.fails("interrupted", interrupt)
    )
    interrupted: dict[str, Any] = {phase: function}
    slow: dict[str, Any] = {phase: journal.takes("slow", 9)}
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("root", post_execute=journal.takes("clean up", 1)))
        .add_task(AsyncTask("slow", **slow), depends_on=("root",))
        .add_task(AsyncTask("interrupted", **interrupted), depends_on=("root",))
        .build()
    )


@pytest.mark.guarantee("16.1", "16.2", "16.3", "16.5")
@pytest.mark.parametrize("kind_of_interrupt", INTERRUPTS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("seconds", [0, 2])
def test_an_interrupt_cancels_what_runs_and_comes_out_itself_after_cleanup(
    run: Run, journal: Journal, phase: str, kind_of_interrupt: str, seconds: int
) -> None:
    interrupt = INTERRUPTS[kind_of_interrupt]()
    processor = interrupted_in(phase, interrupt, seconds, journal)

    assert run(ended(processor.process_tasks(None))) is interrupt

    assert journal.timed == [
        (0, "slow"),
        (0, "interrupted"),
        *([(seconds, f"interrupted raised {type(interrupt).__name__}")] if seconds else []),
        (seconds, "slow cancelled"),
        (seconds, "clean up"),
        (seconds + 1, "clean up ended"),
    ]


@pytest.mark.guarantee("16.1")
@pytest.mark.parametrize("phase", PHASES)
def test_an_interrupt_lets_nothing_but_cleanup_start(
    run: Run, journal: Journal, phase: str
) -> None:
    """Only pre_execute and execute: a cleanup that has not started still runs."""
    builder = AsyncDagTaskProcessor[None].builder()
    interrupted: dict[str, Any] = {phase: journal.fails("interrupted", KeyboardInterrupt())}
    later: dict[str, Any] = {phase: journal.quick("later")}
    builder.add_task(AsyncTask("interrupted", **interrupted))
    builder.add_task(AsyncTask("later", **later))

    assert isinstance(run(ended(builder.build().process_tasks(None))), KeyboardInterrupt)

    runs_all_the_same = phase == "post_execute"
    assert journal.events == ["interrupted", *(["later"] if runs_all_the_same else [])]


@pytest.mark.guarantee("16.4")
def test_other_failures_ride_along_as_notes(run: Run, journal: Journal) -> None:
    interrupt = KeyboardInterrupt()
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", execute=journal.takes("bad", 1, OSError("no such host"))))
        .add_task(AsyncTask("interrupted", execute=journal.takes("interrupted", 2, interrupt)))
        .add_task(AsyncTask("messy", post_execute=journal.fails("messy", ValueError("messy"))))
        .build()
    )

    assert run(ended(processor.process_tasks(None))) is interrupt

    written = notes(interrupt)
    assert "'bad'" in written
    assert "no such host" in written
    assert "'messy'" in written
    assert "ValueError" in written


@pytest.mark.guarantee("16.3")
@pytest.mark.parametrize("settings", [{"timeout": 5}, {"retries": 3}])
def test_an_interrupt_is_never_retried_or_wrapped(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    interrupt = KeyboardInterrupt()
    settings = {"retryable_exceptions": (BaseException,), **settings}
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.fails("a", interrupt, **settings)))

    assert run(ended(builder.build().process_tasks(None))) is interrupt

    assert journal.events == ["a"]


@pytest.mark.guarantee("16.3", "16.4")
def test_the_first_of_two_interrupts_is_raised(run: Run, journal: Journal) -> None:
    first, second = KeyboardInterrupt(), SystemExit(3)
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "a",
                execute=journal.fails("execute", first),
                post_execute=journal.fails("post", second),
            )
        )
        .build()
    )

    assert run(ended(processor.process_tasks(None))) is first
    assert notes(first).splitlines() == [
        "sdax: task 'a', execute, attempt 1",
        "sdax: task 'a', post_execute, attempt 1: SystemExit: 3",
    ]
    assert journal.events == ["execute", "post"]


@pytest.mark.guarantee("16.3")
def test_an_interrupt_out_of_a_function_that_is_being_cancelled_is_raised(
    run: Run, journal: Journal
) -> None:
    interrupt = KeyboardInterrupt()

    async def interrupt_when_cancelled() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise interrupt from None

    function = journal.does("a", interrupt_when_cancelled)
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", pre_execute=function)).build()

    async def first_phase() -> None:
        async with processor.open(None) as runner:
            assert await ended(runner.run_next()) is interrupt
            raise interrupt

    async def main() -> None:
        assert await ended_after_cancels(processor.process_tasks(None), 5) is interrupt
        assert await ended_after_cancels(first_phase(), 10) is interrupt

    run(main())

    assert journal.events == ["a", "a raised KeyboardInterrupt"] * 2


@pytest.mark.guarantee("16.2", "16.3")
def test_an_interrupt_ends_asyncio_run_with_itself(journal: Journal) -> None:
    interrupt = SystemExit(3)
    execute, clean_up = journal.fails("execute", interrupt), journal.quick("clean up")
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=execute, post_execute=clean_up))

    with pytest.raises(SystemExit) as caught:
        asyncio.run(builder.build().process_tasks(None))

    assert caught.value is interrupt
    assert journal.events == ["execute", "clean up"]
