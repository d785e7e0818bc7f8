"""What type checkers know of errors. Checked, never run."""

from collections.abc import Hashable
from typing import assert_type

import sdax
from sdax import (
    GraphError,
    PhaseId,
    SdaxError,
    SdaxExecutionError,
    TaskFailure,
    flatten_exceptions,
)

# An execution error is an exception group of exceptions, and one of sdax's errors.


def look_into(error: SdaxExecutionError) -> None:
    group: ExceptionGroup[Exception] = error
    own: SdaxError = error
    assert_type(error.leaf_exceptions(), list[BaseException])
    assert_type(error.failures, tuple[TaskFailure, ...])
    assert_type(error.skipped, tuple[Hashable, ...])
    assert_type(flatten_exceptions(group), list[BaseException])
    assert_type(flatten_exceptions(own), list[BaseException])


def look_into_failure(failure: TaskFailure) -> None:
    assert_type(failure.task, Hashable)
    assert_type(failure.phase, PhaseId)
    assert_type(failure.attempts, int)
    assert_type(failure.exception, BaseException)


def take_errors(value_error: ValueError, own: SdaxError) -> None: ...


def look_into_graph_error(error: GraphError) -> None:
    take_errors(error, error)
    assert_type(error.cycle, tuple[Hashable, ...])
    assert_type(error.missing, tuple[tuple[Hashable, Hashable], ...])


# As in code written for sdax 0.7.

made_by_hand = SdaxExecutionError("two failed", [ValueError("one"), OSError("two")])
assert_type(made_by_hand, SdaxExecutionError)

# The version is text.

assert_type(sdax.__version__, str)
