"""What is measured about graphs of many sizes: `python -m benchmarks.scale_jobs JOB SHAPE SIZE`, one process each."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable

from benchmarks import by_hand, floor, with_sdax
from benchmarks.cases import one_phase, random_graph
from benchmarks.functions import returns_at_once, suspends_once
from benchmarks.measure import clock, seconds
from benchmarks.work import Run, Work

LEVEL = 1_000

Shape = Callable[[int], Work]
Numbers = dict[str, float]


def chain(size: int) -> Work:
    """Each task depends on the one before."""
    graph = {f"task_{number}": (f"task_{number - 1}",) if number else () for number in range(size)}
    return Work(dependencies=graph, pre_execute=returns_at_once)


def wide(size: int) -> Work:
    """No task depends on another."""
    return one_phase(returns_at_once, size)


def wide_suspending(size: int) -> Work:
    """The same, and each function suspends once."""
    return one_phase(suspends_once, size)


def random_dependencies(size: int) -> Work:
    """Each task depends on three others."""
    return Work(dependencies=random_graph(size), pre_execute=returns_at_once)


def joined_levels(size: int) -> Work:
    """Levels of 1,000, or two if there are not more: each waits for a join of the level before."""
    width = min(LEVEL, size // 2)
    return one_phase(returns_at_once, *(width,) * (size // width))


SHAPES: dict[str, Shape] = {
    "chain": chain,
    "one level": wide,
    "one level, each suspends once": wide_suspending,
    "random, 3 dependencies each": random_dependencies,
    "levels of 1,000 that meet in joins": joined_levels,
}


def times(work: Work) -> Numbers:
    """Nanoseconds for each task: building and running, by sdax, by hand, and where Tasks are needed with bare ones.

    The last two tell how much of what a task costs more in a large graph is the price of the memory it is in.
    """
    size = work.size
    # What is timed shall not depend on what else is in memory: not the names, and not the graphs.
    builds = {"build": with_sdax.prepare_build(work)}
    if (
        len(work.levels) <= 1
    ):  # graphlib has no joins: between levels it would need n * m dependencies
        builds["build by hand"] = by_hand.prepare_build(work)
    runs = {"run by hand": by_hand.prepare_run(work)}
    if work.suspends:
        runs["bare Tasks"] = floor.prepare_run(work)
    gc.collect()
    gc.freeze()
    taken = {name: best_of(build, size) for name, build in builds.items()}
    runs = {"run": with_sdax.prepare_run(work), **runs}
    gc.collect()
    gc.freeze()
    taken |= {name: asyncio.run(best_run(run, size)) for name, run in runs.items()}
    return {name: seconds / size * 1e9 for name, seconds in taken.items()}


def repeats(size: int) -> int:
    """As many as make the best of them worth something, and no more than time allows."""
    return max(2, 200_000 // size)


def best_of(build: Callable[[], object], size: int) -> float:
    """The shortest of several."""
    best = float("inf")
    for _ in range(repeats(size)):
        start = clock()
        built = build()
        best = min(best, clock() - start)
        del built  # it is thrown away outside of the time
    return best


async def best_run(run: Run, size: int) -> float:
    """The shortest of several."""
    return min([await seconds(run, 1) for _ in range(repeats(size))])


def memory(work: Work) -> Numbers:
    """Bytes for each task: the tasks and their graph, and the peaks above that."""
    tracemalloc.start()
    before = traced()
    run = with_sdax.prepare_run(work)
    built, peak = traced(), tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    asyncio.run(run())
    run_peak = tracemalloc.get_traced_memory()[1]
    size = work.size
    return {
        "built": (built - before) / size,
        "peak of building": (peak - before) / size,
        "peak of a run": (run_peak - built) / size,
    }


def traced() -> int:
    """Bytes that are in use."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def in_flight(work: Work) -> Numbers:
    """Bytes for each task of a run in which every function is suspended, and of the same by hand."""
    return {
        "in flight": asyncio.run(bytes_in_flight(with_sdax.prepare_run, work.size)),
        "in flight by hand": asyncio.run(bytes_in_flight(by_hand.prepare_run, work.size)),
    }


async def bytes_in_flight(prepare: Callable[[Work], Run], size: int) -> float:
    """Start a run, wait until all of its functions wait, and count."""
    loop = asyncio.get_running_loop()
    gate, all_wait = loop.create_future(), loop.create_future()
    waiting = 0

    async def wait(_ctx: object) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == size:
            all_wait.set_result(None)
        await gate

    run = prepare(one_phase(wait, size))
    tracemalloc.start()
    before = traced()
    task = loop.create_task(run())
    await all_wait
    used = traced() - before
    tracemalloc.stop()
    gate.set_result(None)
    await task
    return used / size


JOBS: dict[str, Callable[[Work], Numbers]] = {
    "times": times,
    "memory": memory,
    "in flight": in_flight,
}


def main() -> None:
    """Do one job and print what was found, for one task, as JSON."""
    job, shape, size = sys.argv[1:]
    json.dump(JOBS[job](SHAPES[shape](int(size))), sys.stdout)


if __name__ == "__main__":
    main()
