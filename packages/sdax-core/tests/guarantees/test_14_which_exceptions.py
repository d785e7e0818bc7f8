"""Guarantee 14: exceptions that are failures, whatever they are like."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
)


def error_of(run: Run, processor: AsyncDagTaskProcessor[None]) -> SdaxExecutionError:
    error = run(ended(processor.process_tasks(None)))
    assert isinstance(error, SdaxExecutionError)
    return error


@pytest.mark.guarantee("14.7")
def test_an_exception_raised_while_being_cancelled_is_a_failure_too(
    run: Run, journal: Journal
) -> None:
    async def break_down_when_cancelled() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise ValueError("could not stop") from None

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.does("a", break_down_when_cancelled)))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1, OSError("no such host"))))
        .build()
    )

    error = error_of(run, processor)

    assert [(failure.task, repr(failure.exception)) for failure in error.failures] == [
        ("b", "OSError('no such host')"),
        ("a", "ValueError('could not stop')"),
    ]


@pytest.mark.guarantee("14.8")
def test_the_same_exception_object_met_again_gets_no_second_note(
    run: Run, journal: Journal
) -> None:
    error = OSError("shared")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", execute=journal.fails("a", error)))
        .add_task(AsyncTask("b", execute=journal.fails("b", error)))
        .build()
    )

    group = error_of(run, processor)

    assert group.exceptions == (error, error)
    assert [failure.task for failure in group.failures] == ["a", "b"]
    assert error.__notes__ == ["sdax: task 'a', execute, attempt 1"]


@pytest.mark.guarantee("14.8")
def test_an_exception_raised_again_in_the_next_run_gets_no_second_note(
    run: Run, journal: Journal
) -> None:
    error = OSError("made once")
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", execute=journal.fails("a", error))).build()

    async def main() -> None:
        await ended(processor.process_tasks(None))
        await ended(processor.process_tasks(None))

    run(main())

    assert error.__notes__ == ["sdax: task 'a', execute, attempt 1"]


@dataclass(frozen=True)
class RefusesNotes(Exception):
    """An exception that cannot be changed and cannot be shown."""

    code: int

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.guarantee("14.1", "14.5")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_an_exception_that_refuses_notes_is_a_failure_like_any_other(
    run: Run, journal: Journal, phase: str
) -> None:
    failing: dict[str, Any] = {phase: journal.fails("a", RefusesNotes(7))}
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", **failing))
    builder.add_task(AsyncTask("b", post_execute=journal.quick("clean up")))

    error = error_of(run, builder.build())

    assert error.exceptions == (RefusesNotes(7),)
    assert error.failures[0].task == "a"
    assert journal.events == ["a", "clean up"]
