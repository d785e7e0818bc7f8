"""Guarantee 23: retries."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    RetryableException,
    SdaxExecutionError,
    TaskFunction,
)


class TryAgain(RetryableException):
    """An error of the user's own."""


def one(function: TaskFunction[Any]) -> AsyncDagTaskProcessor[None]:
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", execute=function)).build()


def failing_in_turn(errors: Sequence[BaseException], **settings: Any) -> TaskFunction[Any]:
    """A function whose attempts raise these errors in turn, and that succeeds in the end."""
    left: Iterator[BaseException] = iter(errors)

    async def function(_: object) -> None:
        for error in left:
            raise error

    return TaskFunction(function, initial_delay=0, **settings)


@pytest.mark.guarantee("23.1")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_are_further_attempts(run: Run, journal: Journal, phase: str, retries: int) -> None:
    error = ConnectionError("down")
    functions: dict[str, Any] = {phase: journal.fails("f", error, retries=retries, initial_delay=0)}
    builder = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", **functions))

    ending = run(ended(builder.build().process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
    assert ending.failures[0].attempts == retries + 1
    assert journal.events == ["f"] * (retries + 1)


@pytest.mark.guarantee("23.1")
def test_an_attempt_that_succeeds_is_the_last(run: Run) -> None:
    errors = [ConnectionError("down"), TimeoutError("slow")]

    assert run(ended(one(failing_in_turn(errors, retries=2)).process_tasks(None))) is None
    assert run(ended(one(failing_in_turn(errors, retries=9)).process_tasks(None))) is None


@pytest.mark.guarantee("23.1")
def test_the_error_of_the_last_attempt_is_raised(run: Run) -> None:
    errors = [ConnectionError("first"), ConnectionError("second"), ConnectionError("third")]

    ending = run(ended(one(failing_in_turn(errors, retries=2)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (errors[-1],)


@pytest.mark.guarantee("23.4", "23.5")
@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (TimeoutError("slow"), True),
        (ConnectionError("down"), True),
        (ConnectionResetError("down"), True),
        (RetryableException("again"), True),
        (TryAgain("again"), True),
        (OSError("no such host"), False),
        (ValueError("bad"), False),
        (RuntimeError("bug"), False),
    ],
    ids=repr,
)
def test_by_default_timeouts_lost_connections_and_retryable_exceptions_are_retried(
    run: Run, error: Exception, is_retried: bool
) -> None:
    ending = run(ended(one(failing_in_turn([error], retries=1)).process_tasks(None)))

    assert (ending is None) is is_retried


@pytest.mark.guarantee("23.5")
def test_an_attempt_that_ran_into_its_timeout_is_retried(run: Run, journal: Journal) -> None:
    run(ended(one(journal.takes("f", 9, timeout=1, retries=1)).process_tasks(None)))

    assert journal.events == ["f", "f cancelled"] * 2


@pytest.mark.guarantee("23.4")
@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (LookupError("a"), True),
        (KeyError("a subclass"), True),
        (TryAgain("again"), True),
        (ConnectionError("down"), False),
        (RetryableException("again"), False),
    ],
    ids=repr,
)
def test_the_retryable_exceptions_can_be_named(
    run: Run, error: Exception, is_retried: bool
) -> None:
    classes = (LookupError, TryAgain)
    function = failing_in_turn([error], retries=1, retryable_exceptions=classes)

    ending = run(ended(one(function).process_tasks(None)))

    assert (ending is None) is is_retried


@pytest.mark.guarantee("23.4")
def test_an_error_that_is_not_retryable_ends_the_retries(run: Run) -> None:
    errors = [ConnectionError("down"), ValueError("bad"), ConnectionError("down")]

    ending = run(ended(one(failing_in_turn(errors, retries=9)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (errors[1],)
    assert ending.failures[0].attempts == 2


@pytest.mark.guarantee("23.6")
@pytest.mark.parametrize(
    ("leaves", "is_retried"),
    [
        ([ConnectionError("down"), TimeoutError("slow")], True),
        ([ConnectionError("down"), ExceptionGroup("in", [TryAgain("again")])], True),
        ([ConnectionError("down"), ValueError("bad")], False),
        ([ConnectionError("down"), ExceptionGroup("in", [ValueError("bad")])], False),
    ],
    ids=repr,
)
def test_a_group_is_retried_only_if_each_of_its_leaves_is_retryable(
    run: Run, leaves: list[Exception], is_retried: bool
) -> None:
    function = failing_in_turn([ExceptionGroup("mine", leaves)], retries=1)

    ending = run(ended(one(function).process_tasks(None)))

    assert (ending is None) is is_retried


@pytest.mark.guarantee("23.6")
def test_a_group_is_not_retried_for_what_it_is_itself(run: Run) -> None:
    """`retryable_exceptions=(ExceptionGroup,)` names no leaf."""
    group = ExceptionGroup("mine", [ValueError("bad")])
    function = failing_in_turn([group], retries=1, retryable_exceptions=(ExceptionGroup,))

    assert isinstance(run(ended(one(function).process_tasks(None))), SdaxExecutionError)
