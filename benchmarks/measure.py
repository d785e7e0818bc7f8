"""How long contestants take, relative to the work by hand, in one process and in alternating rounds."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.contestants import BY_HAND
from benchmarks.work import Run

SHORTEST_STRETCH = 0.005
"""Seconds that one stretch by hand lasts at least: what is shorter is run several times."""
FEWEST_ROUNDS = 3
"""Unless they take more than ten times as long as they may."""
MOST_ROUNDS = 200

# Time that this process computes, so that other processes disturb it least. Nothing that is measured
# waits for anything but the timers of its functions, which are not its cost. Windows counts too coarsely.
clock: Callable[[], float] = time.perf_counter if sys.platform == "win32" else time.process_time


@dataclass(frozen=True, slots=True)
class Ratio:
    """Time of a contestant over the time by hand."""

    best: float
    """Its shortest stretch over the shortest stretch by hand: noise only ever adds."""
    median: float
    """The median over the rounds of the ratio within the round."""
    microseconds: float
    """Its shortest time for one run."""


async def measure(runs: Mapping[str, Run], *, budget: float) -> dict[str, Ratio]:
    """Measure `runs`, one of which is by hand, in alternating rounds for about `budget` seconds.

    Garbage is collected before each stretch, what is older than the measurement is left out of it,
    and the collector stays on: whoever makes garbage pays for it.
    """
    gc.collect()
    gc.freeze()
    try:
        repeat = await enough_runs(runs[BY_HAND])
        stretches = await alternate(runs, repeat, budget)
    finally:
        gc.unfreeze()
    return {name: ratio(taken, stretches[BY_HAND]) for name, taken in stretches.items()}


async def alternate(runs: Mapping[str, Run], repeat: int, budget: float) -> dict[str, list[float]]:
    """Give each its turn, round after round; seconds for one run in each stretch."""
    stretches: dict[str, list[float]] = {name: [] for name in runs}
    start = time.monotonic()
    for done in range(1, MOST_ROUNDS + 1):
        for name, run in runs.items():
            gc.collect()
            stretches[name].append(await seconds(run, repeat) / repeat)
        if time.monotonic() - start >= (budget if done >= FEWEST_ROUNDS else 10 * budget):
            break
    return stretches


async def enough_runs(run: Run) -> int:
    """How many runs make a stretch that is long enough to be measured."""
    repeat = 1
    while await seconds(run, repeat) < SHORTEST_STRETCH:
        repeat *= 2
    return repeat


async def seconds(run: Run, repeat: int) -> float:
    """How long `repeat` runs take, one after another."""
    start = clock()
    for _ in range(repeat):
        await run()
    return clock() - start


def ratio(taken: list[float], by_hand: list[float]) -> Ratio:
    """Compare the stretches of a contestant with those by hand in the same rounds."""
    return Ratio(
        best=min(taken) / min(by_hand),
        median=statistics.median(mine / hand for mine, hand in zip(taken, by_hand, strict=True)),
        microseconds=min(taken) * 1e6,
    )
