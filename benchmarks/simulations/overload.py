"""An overloaded backend: a limit that was set once, and one that adapts.

Up to so many calls at once, the backend answers quickly; with more, each takes longer and all of them
together get less done. For a while it loses half of its machines. Clients give up after a second.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.limited import limited
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction

from benchmarks.simulations.virtual_time import run_virtually

ARRIVALS = 300
"""Calls per second that the clients make."""
AT_ONCE = 20
"""Calls at once that the backend answers quickly."""
QUICKLY = 0.05
"""Seconds that a call takes then."""
HALVED = (10.0, 25.0)
"""From when to when it has half of its machines."""
END = 37.0
DEADLINE = 1.0
MAX_WAITING = 60


class Backend:
    """Answers the slower, the more calls it is given at once."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._now = 0

    async def call(self, _: object) -> None:
        """Wait for the answer to one request."""
        halved = HALVED[0] <= asyncio.get_running_loop().time() < HALVED[1]
        self._now += 1
        crowding = max(1.0, self._now / (AT_ONCE / 2 if halved else AT_ONCE))
        try:
            await asyncio.sleep(QUICKLY * crowding**1.5 * self._rng.uniform(0.8, 1.2))
        finally:
            self._now -= 1


@dataclass
class Outcome:
    """What one limit came to."""

    limit: str
    answered: list[tuple[float, float]]
    """Calls that were answered within the deadline, per second."""
    heights: list[tuple[float, float]]
    """The height of the limit, each second."""
    latencies: list[tuple[float, float]]
    """For each answered call, when it was begun and what it took, waiting included."""

    def goodput(self, begin: float, end: float) -> float:
        """Calls per second that were answered in that time."""
        return sum(count for second, count in self.answered if begin <= second < end) / (
            end - begin
        )

    def percentile_99(self, begin: float, end: float) -> float:
        """The 99th percentile of the seconds that answered calls took that were begun in that time."""
        taken = sorted(seconds for begun, seconds in self.latencies if begin <= begun < end)
        return taken[int(0.99 * len(taken))]


def _fixed(height: int) -> AdaptiveLimit:
    """The same queue and the same bound, so that the height is all that differs."""
    return AdaptiveLimit(
        target_latency=1, initial=height, minimum=height, maximum=height, max_waiting=MAX_WAITING
    )


LIMITS: dict[str, Callable[[], AdaptiveLimit]] = {
    "fixed, 20": lambda: _fixed(20),
    "fixed, 60": lambda: _fixed(60),
    "adaptive": lambda: AdaptiveLimit(target_latency=1.5 * QUICKLY, max_waiting=MAX_WAITING),
}


async def _simulate(name: str) -> Outcome:
    rng = Random(1)
    backend, limit = Backend(rng), LIMITS[name]()
    answered: Counter[int] = Counter()
    latencies: list[tuple[float, float]] = []
    function = TaskFunction(backend.call, interceptors=(limited(limit),))
    builder = AsyncDagTaskProcessor[None, str].builder()
    processor = builder.add_task(AsyncTask("call", execute=function), depends_on=()).build()
    loop = asyncio.get_running_loop()

    async def client(begun: float) -> None:
        with suppress(SdaxExecutionError, TimeoutError):
            await processor.process_tasks(None, timeout=DEADLINE)
            answered[int(loop.time())] += 1
            latencies.append((begun, loop.time() - begun))

    heights: list[tuple[float, float]] = []
    async with asyncio.TaskGroup() as group:
        while (now := loop.time()) < END:
            if int(now) == len(heights):
                heights.append((int(now), limit.limit))
            group.create_task(client(now))
            await asyncio.sleep(rng.expovariate(ARRIVALS))
    seconds = range(int(END))
    return Outcome(name, [(second, answered[second]) for second in seconds], heights, latencies)


def simulated(name: str) -> Outcome:
    """One limit in front of the backend."""
    return run_virtually(_simulate(name))


def simulate_overload() -> list[Outcome]:
    """Each limit in front of the same backend."""
    return [simulated(name) for name in LIMITS]
