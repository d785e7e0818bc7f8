"""Successes and failures of the last seconds."""

from __future__ import annotations

from collections import deque

_BUCKETS = 10


class OutcomeWindow:
    """Counts of a sliding window, kept in buckets of a tenth of it.

    Args:
        seconds: The length of the window.
    """

    __slots__ = ("_buckets", "_width", "calls", "failures")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / _BUCKETS
        self._buckets: deque[list[float]] = deque()  # number, calls, failures of each
        self.calls = 0
        """Calls that ended in the window."""
        self.failures = 0
        """Those of them that failed."""

    def add(self, now: float, *, failed: bool) -> None:
        """Count a call that ended `now`, and forget what has left the window."""
        number = now // self._width
        buckets = self._buckets
        if not buckets or buckets[-1][0] != number:
            while buckets and buckets[0][0] <= number - _BUCKETS:
                _, calls, failures = buckets.popleft()
                self.calls -= int(calls)
                self.failures -= int(failures)
            buckets.append([number, 0, 0])
        buckets[-1][1] += 1
        buckets[-1][2] += failed
        self.calls += 1
        self.failures += failed

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()
        self.calls = self.failures = 0
