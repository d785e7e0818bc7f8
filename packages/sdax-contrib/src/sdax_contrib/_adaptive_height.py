"""How high an `AdaptiveLimit` is: additive increase, multiplicative decrease, by how long calls take."""

from __future__ import annotations

import math

_FEWEST_SAMPLES = 10


class AdaptiveHeight:
    """The height, and what it is learnt from. It moves once a round, when there are samples enough.

    Args:
        target_latency: Seconds that a call may take on average.
        initial: The height to begin with.
        minimum: The lowest it goes.
        maximum: The highest.
        decrease: What it is multiplied by when calls take too long.
    """

    __slots__ = (
        "_decrease",
        "_exact",
        "_initial",
        "_maximum",
        "_minimum",
        "_round_began",
        "_samples",
        "_target_latency",
        "_total",
        "latency",
    )

    def __init__(
        self,
        *,
        target_latency: float,
        initial: int,
        minimum: int,
        maximum: int,
        decrease: float,
    ) -> None:
        self._target_latency = target_latency
        self._initial = initial
        self._minimum = minimum
        self._maximum = maximum
        self._decrease = decrease
        self._exact = float(initial)
        self.latency: float | None = None
        """Seconds that the calls of the last full round took on average, `None` before it."""
        self._start_round(-math.inf)

    @property
    def calls(self) -> int:
        """Calls that may be under way at once."""
        return int(self._exact)

    def learn(self, begun: float, now: float) -> None:
        """Take in that a call took from `begun` to `now`."""
        if begun < self._round_began:
            return  # what it took is the work of an earlier height
        self._samples += 1
        self._total += now - begun
        if self._samples < max(_FEWEST_SAMPLES, self.calls):
            return
        self.latency = self._total / self._samples
        if self.latency > self._target_latency:
            self._exact = max(float(self._minimum), self._exact * self._decrease)
        else:
            self._exact = min(float(self._maximum), self.calls + 1.0)
        self._start_round(now)

    def start_afresh(self) -> None:
        """Forget everything."""
        self._exact = float(self._initial)
        self.latency = None
        self._start_round(-math.inf)

    def _start_round(self, now: float) -> None:
        self._round_began = now
        self._samples = 0
        self._total = 0.0
