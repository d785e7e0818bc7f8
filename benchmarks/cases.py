"""The cases: the rows of the table."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from benchmarks import functions
from benchmarks.functions import returns_at_once, suspends_once
from benchmarks.work import AsyncFunction, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row."""

    name: str
    work: Work
    building: bool = False
    """Whether it is building that is measured, and not running."""
    full_only: bool = False
    """Whether the short form leaves it out, because it takes long."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the cases are. Tests make them small; the names tell the sizes that are measured."""

    tasks: int = 1_000
    levels: int = 100
    width: int = 10
    built: int = 10_000
    at_once: tuple[int, ...] = (10, 100, 1_000, 10_000)


ENDPOINT = (3, 3, 2)
"""An endpoint as in a web service: 8 tasks in 3 levels."""


def all_cases(size: Size | None = None) -> list[Case]:
    """All cases, in the order of the table."""
    groups = (one_level, many_levels, meshes, endpoints, settings, at_once, building)
    return list(chain.from_iterable(group(size or Size()) for group in groups))


def one_phase(function: AsyncFunction, *levels: int) -> Work:
    """Levels of tasks that have `pre_execute` alone."""
    return Work(levels=levels, pre_execute=function, suspends=function is not returns_at_once)


def three_phases(function: AsyncFunction, *levels: int) -> Work:
    """Levels of tasks that have all three functions."""
    return replace(one_phase(function, *levels), execute=function, post_execute=function)


def mesh(levels: int, width: int) -> dict[str, tuple[str, ...]]:
    """Each task depends on two of the level before, so that no level is a barrier."""
    graph: dict[str, tuple[str, ...]] = {}
    for level in range(levels):
        for place in range(width):
            pair = (place, (place + 1) % width)
            needed = tuple(f"task_{level - 1}_{other}" for other in pair) if level else ()
            graph[f"task_{level}_{place}"] = needed
    return graph


def random_graph(size: int) -> dict[str, tuple[str, ...]]:
    """Each task depends on up to three that were added before it; the same graph every time."""
    choose = random.Random(3)
    names = [f"task_{number}" for number in range(size)]
    return {
        name: tuple(names[chosen] for chosen in choose.sample(range(number), min(number, 3)))
        for number, name in enumerate(names)
    }


def one_level(size: Size) -> Iterator[Case]:
    """A thousand tasks that depend on nothing."""
    name = "1,000 tasks, one level"
    yield Case(name=f"{name}, no suspension", work=one_phase(returns_at_once, size.tasks))
    yield Case(
        name=f"{name}, three phases, no suspension", work=three_phases(returns_at_once, size.tasks)
    )
    yield Case(name=f"{name}, each suspends once", work=one_phase(suspends_once, size.tasks))
    yield Case(
        name=f"{name}, three phases, each suspends once",
        work=three_phases(suspends_once, size.tasks),
    )


def many_levels(size: Size) -> Iterator[Case]:
    """As many tasks in many levels."""
    name, levels = "100 levels of 10", (size.width,) * size.levels
    yield Case(
        name=f"{name}, three phases, no suspension", work=three_phases(returns_at_once, *levels)
    )
    yield Case(name=f"{name}, each suspends once", work=one_phase(suspends_once, *levels))
    yield Case(
        name=f"{name}, three phases, each suspends once", work=three_phases(suspends_once, *levels)
    )


def meshes(size: Size) -> Iterator[Case]:
    """As many tasks in a graph that has no levels."""
    name, graph = "mesh of 100 x 10", mesh(size.levels, size.width)
    quick = Work(dependencies=graph, pre_execute=returns_at_once)
    slow = Work(dependencies=graph, pre_execute=suspends_once, suspends=True)
    yield Case(name=f"{name}, no suspension", work=quick)
    yield Case(name=f"{name}, each suspends once", work=slow)
    yield Case(
        name=f"{name}, three phases, each suspends once",
        work=replace(slow, execute=suspends_once, post_execute=suspends_once),
    )
    yield Case(
        name=f"{name}, execute in dependency order, each suspends once",
        work=replace(slow, pre_execute=None, execute=suspends_once, execute_in_order=True),
    )


def endpoints(_size: Size) -> Iterator[Case]:
    """One run at a time of a small graph."""
    for function, what in (
        (returns_at_once, "no suspension"),
        (suspends_once, "each suspends once"),
    ):
        yield Case(name=f"one task, three phases, {what}", work=three_phases(function, 1))
    for function, what in (
        (returns_at_once, "no suspension"),
        (suspends_once, "each suspends once"),
    ):
        yield Case(
            name=f"endpoint of 8 tasks in 3 levels, {what}", work=one_phase(function, *ENDPOINT)
        )
        yield Case(
            name=f"endpoint of 8 tasks in 3 levels, three phases, {what}",
            work=three_phases(function, *ENDPOINT),
        )


def settings(size: Size) -> Iterator[Case]:
    """A thousand functions with something around each."""
    quick, slow = one_phase(returns_at_once, size.tasks), one_phase(suspends_once, size.tasks)
    yield Case(name="1,000 tasks with timeout=30, no suspension", work=replace(quick, timeout=30))
    yield Case(
        name="1,000 tasks with timeout=30, each suspends once", work=replace(slow, timeout=30)
    )
    yield Case(name="1,000 tasks with retries=2 that succeed", work=replace(quick, retries=2))
    yield Case(
        name="1,000 tasks that are retried once",
        work=replace(slow, pre_execute=functions.fails_first, retries=2),
    )
    yield Case(
        name="100 task groups of 10 subtasks that suspend once",
        work=replace(one_phase(suspends_once, size.tasks // 10), subtasks=10),
    )
    yield Case(
        name="1,000 tasks, three phases, with context variables of their own",
        work=Work(
            levels=(size.tasks,),
            pre_execute=functions.sets_variable,
            execute=functions.reads_variable,
            post_execute=functions.resets_variable,
            own_context=True,
        ),
    )
    yield Case(
        name="1,000 tasks, max_concurrency=10, each suspends once",
        work=replace(slow, max_concurrency=10),
    )
    name = "1,000 tasks with an observer"
    yield Case(name=f"{name}, no suspension", work=replace(quick, observed=True))
    yield Case(name=f"{name}, each suspends once", work=replace(slow, observed=True))
    for function, what in (
        (returns_at_once, "no suspension"),
        (suspends_once, "each suspends once"),
    ):
        yield Case(
            name=f"endpoint of 8 tasks in 3 levels with an observer, {what}",
            work=replace(one_phase(function, *ENDPOINT), observed=True),
        )


def at_once(size: Size) -> Iterator[Case]:
    """Many runs of the endpoint at the same time."""
    endpoint = one_phase(suspends_once, *ENDPOINT)
    count = size.at_once[2]
    yield Case(
        name="1,000 endpoints at once, each task suspends once",
        work=replace(endpoint, at_once=count),
    )
    yield Case(
        name="1,000 endpoints at once, three phases, each task suspends once",
        work=replace(three_phases(suspends_once, *ENDPOINT), at_once=count),
    )
    for number, count in zip((10, 100, 1_000, 10_000), size.at_once, strict=True):
        yield Case(
            name=f"{number:,} endpoints at once, each task waits for a timer",
            work=replace(one_phase(functions.waits, *ENDPOINT), at_once=count),
            full_only=number > 1_000,
        )


def building(size: Size) -> Iterator[Case]:
    """Making a graph and checking it."""
    work = Work(dependencies=random_graph(size.built), pre_execute=returns_at_once)
    name = "building 10,000 tasks with 3 dependencies each"
    yield Case(name=name, work=work, building=True)
    yield Case(
        name=f"{name}, and making the tasks", work=replace(work, makes_tasks=True), building=True
    )
