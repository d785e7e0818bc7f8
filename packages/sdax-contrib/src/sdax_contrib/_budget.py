"""Budgets: how many retries a backend is sent on top of its calls, whoever calls it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Lock

from sdax_contrib._retry_setting_checks import check_at_least, check_callable
from sdax_contrib._setting_checks import check_number

_SLICES = 10


class Budget(ABC):
    """What `Retry(budget=...)` asks before it tries again.

    A budget is the one part of a policy that is no value: it counts. Make one for each backend and share
    that very object among all policies whose functions call it. It may be shared by any number of runs,
    event loops and threads.

    **How it is counted.** `Retry` tells it of each attempt that succeeds or fails; it needs no place among the
    interceptors, and is none. What is cancelled counts as nothing. A retry counts when it is allowed, even if it is
    then cancelled while it waits. Functions that call the backend and are not to be tried again are counted with
    `Retry(1, budget=budget)`.

    For a way of counting of your own, write the three methods. They have to be quick, and safe in threads if several
    share the budget.
    """

    @abstractmethod
    def record_success(self, attempt: int) -> None:
        """Count that this attempt of a call, from 1, has succeeded."""

    @abstractmethod
    def record_failure(self, attempt: int, *, transient: bool) -> None:
        """Count that this attempt of a call, from 1, has failed; by an error that is worth another or not."""

    @abstractmethod
    def try_retry(self) -> bool:
        """Say whether one more retry is allowed, and if so, count it."""


class RetryBudget(Budget):
    """Allows retries up to a share of the calls, as Finagle does.

    At any moment, the retries of the last `window` seconds are at most `ratio` times the calls of
    the last `window` seconds, plus `min_per_second * window`. So however many functions call a backend
    that is down, and however often each would like to try again, the backend gets little more than its usual
    load: with 0.2, at most a fifth more. A call counts once, when its first attempt has ended.

    Args:
        ratio: Retries for each call, 0 or more.
        min_per_second: Retries per second that are allowed whatever the number of calls, so that a caller
            with few calls can try again, too.
        window: Over how many seconds both are counted.
        clock: A function that gives the time in seconds and never goes back.

    Raises:
        ValueError: A number is out of its range.
        TypeError: A setting is of the wrong type.
    """

    def __init__(
        self,
        ratio: float = 0.2,
        min_per_second: float = 10.0,
        window: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_at_least("ratio", ratio, 0)
        check_at_least("min_per_second", min_per_second, 0)
        check_number("window", window, above=0)
        check_callable("clock", clock, "a function that gives the time in seconds")
        self._ratio = ratio
        self._reserve = min_per_second * window
        self._settings = f"ratio={ratio}, min_per_second={min_per_second}, window={window}"
        self._clock = clock
        self._slice = window / _SLICES
        self._now = 0
        # Retries are remembered for one slice more than the window has, and calls for no more than it
        # has with the slice that has just begun: so rounding to slices never allows too much.
        self._calls = [0] * _SLICES
        self._retries = [0] * (_SLICES + 1)
        self._lock = Lock()

    def record_success(self, attempt: int) -> None:
        """Count a call, if this was its first attempt."""
        self._record_call(attempt)

    def record_failure(self, attempt: int, *, transient: bool) -> None:
        """Count a call, if this was its first attempt."""
        self._record_call(attempt)

    def try_retry(self) -> bool:
        """Say whether one more retry stays within the budget, and if so, count it."""
        with self._lock:
            self._advance()
            if sum(self._retries) + 1 > self._ratio * sum(self._calls) + self._reserve:
                return False
            self._retries[self._now % len(self._retries)] += 1
            return True

    def _record_call(self, attempt: int) -> None:
        if attempt == 1:
            with self._lock:
                self._advance()
                self._calls[self._now % len(self._calls)] += 1

    def _advance(self) -> None:
        """Forget what has left the window."""
        now = int(self._clock() // self._slice)
        if now <= self._now:
            return
        for counts in (self._calls, self._retries):
            for passed in range(self._now + 1, min(now, self._now + len(counts)) + 1):
                counts[passed % len(counts)] = 0
        self._now = now

    def __repr__(self) -> str:
        return f"RetryBudget({self._settings})"


class RetryThrottle(Budget):
    """Allows retries while most attempts succeed, as gRPC's retry throttling does.

    It starts with `max_tokens`. An attempt that fails by a transient error costs one token, one that succeeds
    gives back `token_ratio` of one. Retries are allowed while there is more than half of `max_tokens`. There is no
    clock in it: a backend that nobody calls does not recover in its eyes. Other errors count as nothing.

    Args:
        max_tokens: The tokens at the start, and the most there can be.
        token_ratio: What a success gives back, above 0.

    Raises:
        ValueError: A number is out of its range.
        TypeError: A setting is no number.
    """

    def __init__(self, max_tokens: float = 100.0, token_ratio: float = 0.1) -> None:
        check_number("max_tokens", max_tokens, above=0)
        check_number("token_ratio", token_ratio, above=0)
        self._max_tokens = max_tokens
        self._token_ratio = token_ratio
        self._tokens = max_tokens
        self._lock = Lock()

    @property
    def tokens(self) -> float:
        """The tokens that are left."""
        return self._tokens

    def record_success(self, attempt: int) -> None:
        """Give back a part of a token."""
        with self._lock:
            self._tokens = min(self._max_tokens, self._tokens + self._token_ratio)

    def record_failure(self, attempt: int, *, transient: bool) -> None:
        """Take a token, if the error was transient."""
        if transient:
            with self._lock:
                self._tokens = max(0.0, self._tokens - 1)

    def try_retry(self) -> bool:
        """Say whether there is more than half of the tokens."""
        return self._tokens > self._max_tokens / 2

    def __repr__(self) -> str:
        return f"RetryThrottle(max_tokens={self._max_tokens}, token_ratio={self._token_ratio})"
