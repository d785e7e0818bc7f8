"""`Retry`: a retry policy as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdax_core import RetryableException, flatten_exceptions

from sdax_contrib._backoff import Backoff, Exponential
from sdax_contrib._budget import Budget
from sdax_contrib._classifier import On, check_on, classifier_of
from sdax_contrib._retry_after import retry_after
from sdax_contrib._retry_setting_checks import check_seconds
from sdax_contrib._setting_checks import check_count, given

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


_BACKOFF = Exponential()


@dataclass(frozen=True, slots=True)
class Retry:
    """Decides whether and when a failed function is tried again: `TaskFunction(call, retry=Retry(...))`.

    A value, shared by any number of functions and runs. It never sees a cancellation, only an `Exception`
    (guarantee 33).

    How long it waits: exactly as long as `on` says, if that names a time; else as long as the error asks for
    (see `retry_after`: the `Retry-After` header, an open circuit breaker), if that is more than 0; else what
    `backoff` says.

    Args:
        attempts: How many attempts there may be in all, the first included; `None` for no limit.
        backoff: How long to wait before the next one; by default `Exponential()`.
        max_elapsed: Seconds since the first attempt began, after which no attempt may begin. Checked before
            waiting: nothing is waited for that comes too late. `None` for no limit.
        on: What is tried again: an exception class, a tuple of them, or a function that takes the error and
            answers with True or False, or with the exact time to wait (seconds or a timedelta). The
            classifiers of `sdax_contrib.transient` are such functions. An `ExceptionGroup` is tried again
            only if each error in it is, after the longest wait among them. By default, what `TaskFunction`
            tries again (guarantee 23).
        budget: Bounds the retries of all who share it (see `Budget`).

    Raises:
        ValueError: A number is out of its range.
        TypeError: A setting is of the wrong type.
    """

    attempts: int | None = 3
    backoff: Backoff = _BACKOFF
    max_elapsed: float | None = None
    on: On = (TimeoutError, ConnectionError, RetryableException)
    budget: Budget | None = None

    def __post_init__(self) -> None:
        if self.attempts is not None:
            check_count("attempts", self.attempts, least=1)
        _check_backoff(self.backoff)
        if self.max_elapsed is not None:
            check_seconds("max_elapsed", self.max_elapsed)
        check_on("on", self.on)
        _check_budget(self.budget)

    @property
    def on_success(self) -> Callable[[int], None] | None:
        """Counts an attempt that has succeeded; the first is 1. `None` without a budget: nobody is called in vain."""
        return None if self.budget is None else self.budget.record_success

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: Random,
        /,
    ) -> float | None:
        """Give the seconds to wait before the next attempt, or `None` to give up.

        Args:
            attempt: The attempt that failed; the first is 1.
            error: What it raised.
            elapsed: Seconds since the first attempt began.
            previous_delay: Seconds that were waited before this attempt; `None` for the first one.
            rng: Where to take random numbers from.

        Raises:
            TypeError: A function given as `on` answered with something that is no answer.
            ValueError: It named a negative, NaN or infinite number of seconds.
        """
        answer = classifier_of(self.on)(error)
        if self.budget is not None:
            self.budget.record_failure(attempt, transient=answer is not False)
        if answer is False or (self.attempts is not None and attempt >= self.attempts):
            return None
        if answer is True:
            delay = _asked_by(error, rng) or self.backoff.seconds(attempt, previous_delay, rng)
        else:
            delay = answer
        if self.max_elapsed is not None and elapsed + delay > self.max_elapsed:
            return None
        if self.budget is not None and not self.budget.try_retry():
            return None
        return delay


def _asked_by(error: Exception, rng: Random) -> float | None:
    """The longest wait that an error asks for; a group is opened."""
    waits = [retry_after(leaf, rng=rng) for leaf in flatten_exceptions(error)]
    return max((wait for wait in waits if wait is not None), default=None)


def _check_backoff(backoff: object) -> None:
    if isinstance(backoff, type) or not isinstance(backoff, Backoff):
        right = "a backoff, such as Constant(1.0) or Exponential()"
        raise TypeError(f"backoff must be {right}; {given(backoff)}")


def _check_budget(budget: object) -> None:
    if budget is not None and not isinstance(budget, Budget):
        raise TypeError(f"budget must be a budget, such as RetryBudget(), or None; {given(budget)}")
