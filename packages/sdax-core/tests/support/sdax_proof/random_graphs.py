"""Random graphs of one to twelve tasks that do all that functions can do."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from hypothesis import strategies

from sdax_proof.choices import Choices, DrawnChoices, SeededChoices
from sdax_proof.graph_spec import (
    Behaviour,
    Ending,
    FunctionSpec,
    GraphSpec,
    OnCancel,
    Step,
    StepKind,
    TaskSpec,
)


@dataclass(frozen=True)
class Wildness:
    """How much may go wrong; chances are per function, in per cent."""

    fails: int = 0
    stubborn: int = 0
    interrupts: int = 0
    strays: int = 0
    cancels_run: int = 0
    options: bool = False
    timeouts: bool = False


CALM = Wildness()
"""Nothing fails: every start time follows from the graph alone."""
WILD = Wildness(
    fails=9, stubborn=25, interrupts=1, strays=2, cancels_run=1, options=True, timeouts=True
)
"""Anything may happen."""
HARDY = Wildness(stubborn=20, options=True, timeouts=True)
"""Little fails by itself, so that a cancel is the first thing that goes wrong."""


_SLEEPS: tuple[StepKind, ...] = ("sleep",) * 8
_USUAL_STEPS: tuple[StepKind, ...] = (
    *_SLEEPS,
    "set variable",
    "set variable",
    "reset variable",
    "caught group",
    "caught timeout",
)
_SUBTASKS: tuple[StepKind, ...] = ("subtask",) * 6


def random_graph(choices: Choices, wildness: Wildness, *, max_tasks: int = 12) -> GraphSpec:
    """A graph made of these choices."""
    count = choices.integer(1, max_tasks)
    # The order of adding is independent of the order of the graph.
    ranks = list(range(count))
    if choices.chance(60):
        ranks = [ranks.pop(choices.integer(0, len(ranks) - 1)) for _ in range(count)]
    density = choices.one_of([30, 15, 60])
    levels = choices.chance(15)
    tasks = tuple(_task(choices, wildness, place, ranks, density) for place in range(count))
    if not wildness.options:
        return GraphSpec(tasks, levels=levels)
    return GraphSpec(
        tasks,
        execute_order=choices.one_of(["together", "together", "dependencies"]),
        on_execute_error=choices.one_of(["continue", "continue", "cancel"]),
        max_concurrency=choices.one_of([None, None, None, 1, 2, 3]),
        cleanup_timeout=choices.one_of([None, None, None, None, None, 1.5]),
        levels=levels,
    )


def seeded_graph(seed: str, wildness: Wildness, *, max_tasks: int = 12) -> GraphSpec:
    """The graph of that seed."""
    return random_graph(SeededChoices(seed), wildness, max_tasks=max_tasks)


@strategies.composite
def graphs(draw: strategies.DrawFn, wildness: Wildness, max_tasks: int = 12) -> GraphSpec:
    """Graphs that hypothesis can shrink."""
    return random_graph(DrawnChoices(draw), wildness, max_tasks=max_tasks)


def _task(
    choices: Choices, wildness: Wildness, place: int, ranks: list[int], density: int
) -> TaskSpec:
    before = [other for other, rank in enumerate(ranks) if rank < ranks[place]]
    return TaskSpec(
        _key(choices, place),
        tuple(other for other in before if choices.chance(density)),
        _function(choices, wildness) if choices.chance(70) else None,
        _function(choices, wildness) if choices.chance(60) else None,
        _function(choices, wildness) if choices.chance(75) else None,
        level=choices.integer(0, 3) - 1,
    )


def _key(choices: Choices, place: int) -> Hashable:
    kinds: list[Hashable] = [f"t{place}", place, ("t", place), frozenset({place}), place + 0.5]
    return choices.one_of(kinds)


def _function(choices: Choices, wildness: Wildness) -> FunctionSpec:
    task_group = choices.chance(15)
    retries = choices.integer(0, 2) if choices.chance(20) else 0
    timeout = choices.integer(0, 24) / 8 if wildness.timeouts and choices.chance(20) else None
    # The attempts before the last one fail in a way that is retried.
    early = tuple(
        Behaviour(
            _steps(choices, wildness, task_group), "fail retryable", _stubborn(choices, wildness)
        )
        for _ in range(choices.integer(0, retries))
    )
    last = Behaviour(
        _steps(choices, wildness, task_group),
        _ending(choices, wildness),
        _stubborn(choices, wildness),
    )
    return FunctionSpec(
        (*early, last),
        timeout=timeout,
        retries=retries,
        initial_delay=choices.one_of([0.25, 0.0, 1.0]),
        backoff_factor=choices.one_of([2.0, 1.0, 0.5]),
        task_group=task_group,
    )


def _steps(choices: Choices, wildness: Wildness, task_group: bool) -> tuple[Step, ...]:
    kinds: list[StepKind] = [*_USUAL_STEPS]
    if task_group:
        kinds += _SUBTASKS
        if wildness.fails:
            kinds.append("failing subtask")
    steps = [Step(kind, _seconds(choices)) for kind in _several(choices, kinds)]
    if choices.chance(wildness.cancels_run):
        steps.append(Step("cancel run"))
    return tuple(steps)


def _several(choices: Choices, kinds: list[StepKind]) -> list[StepKind]:
    return [choices.one_of(kinds) for _ in range(choices.one_of([0, 1, 1, 2, 3]))]


def _seconds(choices: Choices) -> float:
    """Mostly a turn of the loop; else sixteenths of a second, whose sums are exact."""
    return choices.integer(0, 48) / 16 if choices.chance(50) else 0.0


def _ending(choices: Choices, wildness: Wildness) -> Ending:
    if choices.chance(wildness.fails):
        return choices.one_of(["fail", "fail retryable", "fail group"])
    if choices.chance(wildness.strays):
        return "stray cancel"
    if choices.chance(wildness.interrupts):
        return choices.one_of(["keyboard interrupt", "keyboard interrupt group", "halt"])
    return "return"


def _stubborn(choices: Choices, wildness: Wildness) -> OnCancel:
    if choices.chance(wildness.stubborn):
        return choices.one_of(["linger", "fail", "swallow", "outlast"])
    return "obey"
