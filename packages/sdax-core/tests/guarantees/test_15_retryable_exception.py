"""Guarantee 15: RetryableException is an ordinary exception."""

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import AsyncDagTaskProcessor, AsyncTask, RetryableException, SdaxExecutionError


@pytest.mark.guarantee("15.1")
def test_except_exception_catches_a_retryable_exception() -> None:
    try:
        raise RetryableException("try me again")
    except Exception as error:
        caught = error

    assert isinstance(caught, RetryableException)


@pytest.mark.guarantee("15.1")
def test_a_retryable_exception_that_is_not_retried_is_a_leaf_like_any_other(
    run: Run, journal: Journal
) -> None:
    error = RetryableException("try me again")
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.fails("a", error)))

    ending = run(ended(builder.build().process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
