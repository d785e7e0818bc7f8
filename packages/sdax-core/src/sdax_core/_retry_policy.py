"""Retry policies: whether a failed attempt is followed by another, and after how long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from sdax_core._errors import RetryableException, flatten_exceptions
from sdax_core._setting_checks import (
    check_count,
    check_exception_types,
    check_factor,
    check_seconds,
)

if TYPE_CHECKING:
    from random import Random

    from sdax_core._task_function import TaskFunction

RETRYABLE_BY_DEFAULT = (TimeoutError, ConnectionError, RetryableException)
"""What is tried again unless a function says otherwise."""


class RetryPolicy(Protocol):
    """Decides about retries; given to a function as `TaskFunction(..., retry=policy)` (guarantee 33).

    A policy is a value: any number of functions and runs may share it, and what it decides depends on its
    arguments alone. Only an `Exception` is ever shown to it, never a cancellation.

    A policy that counts calls, as a budget does, may also have a method `on_success(attempt: int) -> None`. It is
    called each time that a function with the policy has succeeded, with the number of the attempt that did; the
    first is 1. What it raises is the failure of the function.
    """

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: Random,
        /,
    ) -> float | None:
        """Say how many seconds to wait before the next attempt, or `None` to give up.

        Args:
            attempt: The attempt that failed; the first is 1.
            error: What it raised.
            elapsed: Seconds since the first attempt began.
            previous_delay: Seconds that were waited before this attempt; `None` for the first one.
            rng: Where to take random numbers from.
        """
        ...


class ExponentialBackoff:
    """The policy that the plain settings of a `TaskFunction` stand for (guarantee 23).

    Raises:
        ValueError: A number is negative, NaN or infinite (a `backoff_factor` also if it is 0), or
            `retryable_exceptions` is empty.
        TypeError: A setting is of the wrong type.
    """

    __slots__ = ("backoff_factor", "initial_delay", "retries", "retryable_exceptions")

    def __init__(
        self,
        retries: int,
        initial_delay: float = 1.0,
        backoff_factor: float = 2.0,
        retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE_BY_DEFAULT,
    ) -> None:
        check_count("retries", retries)
        check_seconds("initial_delay", initial_delay)
        check_factor("backoff_factor", backoff_factor)
        check_exception_types("retryable_exceptions", retryable_exceptions)
        if not retryable_exceptions:
            raise ValueError("retryable_exceptions must name at least one exception class; got ()")
        self.retries: int = retries
        self.initial_delay: float = initial_delay
        self.backoff_factor: float = backoff_factor
        self.retryable_exceptions: tuple[type[BaseException], ...] = retryable_exceptions

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: Random,
        /,
    ) -> float | None:
        """Give `initial_delay * backoff_factor**k` times a random number from 0.5 to 1, *k* from 0."""
        if attempt > self.retries or not self._is_retryable(error):
            return None
        try:
            delay = self.initial_delay * float(self.backoff_factor) ** (attempt - 1)
        except OverflowError:
            delay = sys.float_info.max if self.initial_delay else 0.0
        return min(delay, sys.float_info.max) * rng.uniform(0.5, 1.0)

    def _is_retryable(self, error: Exception) -> bool:
        retryable = self.retryable_exceptions
        if not isinstance(error, BaseExceptionGroup):  # nearly always: the quick way
            return isinstance(error, retryable)
        return all(isinstance(leaf, retryable) for leaf in flatten_exceptions(error))

    def __repr__(self) -> str:
        names = ", ".join(kind.__name__ for kind in self.retryable_exceptions)
        return f"ExponentialBackoff({self.retries}, {self.initial_delay}, {self.backoff_factor}, ({names}))"


def policy_of(settings: TaskFunction[Any]) -> RetryPolicy | None:
    """Give the policy of a function, `None` if it is never tried again."""
    if settings.retry is not None:
        return settings.retry
    if not settings.retries:
        return None
    return ExponentialBackoff(
        settings.retries,
        settings.initial_delay,
        settings.backoff_factor,
        settings.retryable_exceptions,
    )
